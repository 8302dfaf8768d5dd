import io
import os
import pickle
import struct
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrcnn_keras.weights.files import BadFile, FileBytes, load_pickle
from mrcnn_keras.weights.files.restricted_pickle import CONTAINERS, LONG, LongString
from tests.weights.files.writers import Call, Name, pickled


def read(data):
    value, end = load_pickle(FileBytes(io.BytesIO(data)), 0, lambda module, name: CONTAINERS.get((module, name)))
    assert end == len(data)
    return value


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=60)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(values, st.integers(min_value=0, max_value=5))
def test_unpickling_plain_data(value, protocol):
    assert read(pickle.dumps(value, protocol)) == value


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_unpickling_any_bytes_gives_data_or_an_error(data):
    # What is not a BadFile here becomes a UserError at the door; nothing may run or hang.
    with suppress(BadFile, ValueError, OverflowError, struct.error):
        load_pickle(FileBytes(io.BytesIO(data)), 0, lambda module, name: None)


def test_unpickling_runs_no_command(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    for protocol in range(6):
        with pytest.raises(BadFile, match=r"asks for (posix|nt)\.system, which is not data; nothing of it was run"):
            read(pickle.dumps({"model": Evil()}, protocol))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name", ["builtins eval", "builtins getattr", "torch load", "torch.storage _load_from_bytes", "numpy fromfile"]
)
def test_unpickling_knows_no_other_name(name):
    with pytest.raises(BadFile, match="is not data"):
        read(pickled(Call(Name(*name.split()), ("1",))))


def test_unpickling_does_not_call_a_known_value():
    with pytest.raises(BadFile, match="asks to call int, which is not data"):
        read(pickled(Call(Name("builtins", "int"), ("1",))))


def test_unpickling_refuses_instances_of_classes():
    with pytest.raises(BadFile, match="opcode 0x69"):
        load_pickle(FileBytes(io.BytesIO(b"(S'ls'\nios\nsystem\n.")), 0, lambda module, name: None)


def test_unpickling_leaves_long_strings_in_the_file():
    found = read(pickle.dumps(b"x" * (LONG + 1), 4))
    assert isinstance(found, LongString)
    assert found.read() == b"x" * (LONG + 1)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04Nr\xff\xff\xff\xff.",  # the memo's place 2**32 - 1, for which Python's Unpickler takes 64 GB
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",  # a bytearray of 2**40 bytes
        b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b".",
        b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b".",  # a number of 2**31 bytes
        b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"N.",
    ],
)
def test_unpickling_checks_sizes_before_memory_is_taken(data):
    tracemalloc.start()
    with suppress(BadFile):
        load_pickle(FileBytes(io.BytesIO(data)), 0, lambda module, name: None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


def test_unpickling_refuses_a_key_whose_hash_takes_for_ever():
    doubling = b"\x80\x02}(N" + b"q\x00h\x00\x86" * 100 + b"Nu."  # 100 tuples, each twice in the next: 2**100 hashes
    with pytest.raises(BadFile, match="as the key of a dict"):
        read(doubling)


def test_unpickling_deep_nesting_without_recursion():
    value = read(b"\x80\x02" + b"](" * 100_000 + b"e" * 100_000 + b".")
    assert len(value) == 1
