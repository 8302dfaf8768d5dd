"""What holds for all kinds of files: the mapping, the checks of the numbers, and files with random damage."""

import pickle
import random

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files import read_tensors
from tests.weights.files.saved_files import SAVE
from tests.weights.files.writers import write_safetensors

RANDOM = np.random.default_rng(0)
ARRAYS = {
    **{f"layer{i}/weight": RANDOM.normal(size=(3, 4, 2, i + 1)).astype("f4") for i in range(5)},
    "half/weight": RANDOM.normal(size=(40, 60)).astype("f2"),
    "bn/steps": np.array(7),
}


WRITERS = {**SAVE, "pickle of protocol 2": lambda path, arrays: path.write_bytes(pickle.dumps(arrays, 2)) and path}
KINDS = list(WRITERS)


@pytest.mark.parametrize("kind", KINDS)
def test_tensor_file_is_a_mapping_in_the_order_of_the_file(tmp_path, kind):
    with read_tensors(WRITERS[kind](tmp_path / "x", ARRAYS)) as file:
        assert file.kind == kind.partition(" ")[0]
        assert file.path == tmp_path / "x"
        assert list(file) == list(file.shapes) == list(ARRAYS)
        assert len(file) == len(ARRAYS)
        assert "bn/steps" in file
        assert "other" not in file
        with pytest.raises(KeyError):
            file["other"]
        for name, array in ARRAYS.items():
            assert file.shapes[name] == file[name].shape == array.shape
            assert file[name].dtype == array.dtype
            np.testing.assert_array_equal(file[name], array)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("bn/weight", np.nan, "infinite or undefined in 'bn/weight': it is damaged"),
        ("bn/weight", -np.inf, "infinite or undefined"),
        ("bn/weight", -3e10, "as large as 3e.10 in 'bn/weight'"),
        ("bn/running_var", -0.5, "a variance below 0 in 'bn/running_var'"),
    ],
)
def test_tensor_file_refuses_numbers_that_no_weight_has(tmp_path, kind, name, number, message):
    arrays = {name: np.array([0.5, number, 1], "f4"), "other/bias": np.array([-1, 2], "f4")}
    with read_tensors(WRITERS[kind](tmp_path / "x", arrays)) as file:
        with pytest.raises(UserError, match=message):
            file[name]
        assert file["other/bias"].tolist() == [-1, 2]


def damage(data, choice):
    """-> (damaged bytes, whether the length has changed)"""
    place, length = choice.randrange(len(data)), choice.choice([1, 8, 64, 512, 2048])
    changed = bytearray(data)
    match choice.randrange(6):
        case 0:
            del changed[place:]
        case 1:
            del changed[place : place + length]
        case 2:
            changed[place:place] = choice.randbytes(length)
        case 3:
            changed[place : place + length] = bytes(len(changed[place : place + length]))
        case 4:
            for _ in range(length % 100):
                changed[choice.randrange(len(data))] = choice.randrange(256)
        case 5:
            changed[choice.randrange(min(len(data), 600))] ^= 1 << choice.randrange(8)
    return bytes(changed), len(changed) != len(data)


@pytest.mark.parametrize("kind", KINDS)
def test_tensor_file_with_random_damage(tmp_path, kind):
    """A UserError, or the numbers of the whole file: always with PyTorch's checksums, else where the length changed.

    Without checksums, a reader cannot notice a number or a name that has changed to another possible one.
    """
    path = WRITERS[kind](tmp_path / "x", ARRAYS)
    data = path.read_bytes()
    errors = []
    seeds = 40 if kind == "h5" else 300  # a process for each
    for seed in range(seeds):
        damaged, longer_or_shorter = damage(data, random.Random(seed))
        path.write_bytes(damaged)
        try:
            with read_tensors(path) as file:
                assert not longer_or_shorter or kind == "pickle of protocol 2", seed
                assert kind != "torch" or list(file) == list(ARRAYS), seed
                for name in file:
                    array = file[name]
                    if kind == "torch":
                        np.testing.assert_array_equal(array, ARRAYS[name], err_msg=str(seed))
        except UserError as error:
            errors.append(str(error))
    assert len(errors) > seeds / 2
    assert all(sentence.startswith(f"{path} ") and "; " in sentence for sentence in errors)


def test_tensor_file_that_becomes_shorter_while_it_is_read(tmp_path):
    path = write_safetensors(tmp_path / "x", ARRAYS)
    with read_tensors(path) as file:
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(UserError, match="became shorter while it was read"):
            file["half/weight"]
