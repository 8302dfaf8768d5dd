import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files import read_tensors
from mrcnn_keras.weights.files.tensor_file import VARIANCES
from tests.weights.files.writers import write_safetensors

ARRAYS = {"b": np.arange(6, dtype="f4").reshape(2, 3), "a": np.array([7, 8])}
# Hypothesis also draws the words that the code has: a variance below 0 is refused, whatever the kind of file.
names = st.text(min_size=1).filter(lambda name: name != "__metadata__" and not name.endswith(VARIANCES))
numbers = st.sampled_from(["f2", "f4", "f8", "i8"]).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=0, min_side=0), elements=st.integers(-9, 9))
)


@settings(deadline=None)
@given(st.dictionaries(names, numbers, min_size=1))
def test_safetensors_arrays_come_back(tmp_path_factory, content):
    path = write_safetensors(tmp_path_factory.getbasetemp() / "x", content)
    with read_tensors(path) as file:
        assert file.kind == "safetensors"
        assert list(file) == list(content)
        for name, array in content.items():
            np.testing.assert_array_equal(file[name], array)
            assert file[name].dtype == array.dtype


def test_safetensors_bfloat16(tmp_path):
    header = {"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}
    text = json.dumps(header).encode()
    (tmp_path / "x").write_bytes(struct.pack("<Q", len(text)) + text + bytes.fromhex("803f20c1"))
    with read_tensors(tmp_path / "x") as file:
        assert file["w"].tolist() == [1.0, -10.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"b": {"data_offsets": [0, 23]}}, "wrong size at its tensor 'b'"),
        ({"b": {"data_offsets": [4, 28]}}, "a gap"),
        ({"a": {"data_offsets": [16, 32]}}, "an overlap"),
        ({"b": {"shape": [3, 3]}}, "wrong size"),
        ({"b": {"shape": [-2, -3]}}, "shape is damaged"),
        ({"b": {"shape": [2**39, 2**39]}}, "larger than any"),
        ({"b": {"shape": [2.0, 3]}}, "shape is damaged"),
        ({"b": {"dtype": "F8_E4M3"}}, "numbers of type 'F8_E4M3' in 'b'; save them as float32"),
        ({"b": {"dtype": "C64"}}, "numbers of type 'C64'"),
        ({"b": {"data_offsets": None}}, "damaged or not what it seems"),
    ],
)
def test_safetensors_refuses_entries_that_do_not_fit(tmp_path, changes, message):
    header = {
        "b": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "a": {"dtype": "I64", "shape": [2], "data_offsets": [24, 40]},
    }
    for name, change in changes.items():
        header[name].update(change)
    path = write_safetensors(tmp_path / "x", ARRAYS, json.dumps(header).encode())
    with pytest.raises(UserError, match=message):
        read_tensors(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b'{"a":1,"a":2}', "two entries with the same name"),
        (b"{}", "holds no tensors"),
        (b'{"a":' + b"[" * 100_000, "damaged or not what it seems"),
        (b'{"a":{}', "damaged or not what it seems"),
    ],
)
def test_safetensors_refuses_damaged_headers(tmp_path, header, message):
    with pytest.raises(UserError, match=message):
        read_tensors(write_safetensors(tmp_path / "x", {}, header))


def test_safetensors_refuses_a_long_header(tmp_path):
    with pytest.raises(UserError, match="has a header of 9000000 bytes"):
        read_tensors(write_safetensors(tmp_path / "x", {}, b"{" + b" " * 8_999_999))


def test_safetensors_accounts_for_all_bytes(tmp_path):
    path = write_safetensors(tmp_path / "x", ARRAYS)
    data = path.read_bytes()
    for damaged in (data[:-1], data + b"\0"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="cut short or damaged"):
            read_tensors(path)
