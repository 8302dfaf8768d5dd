import pickle

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files import read_tensors
from tests.weights.files.writers import Call, Name, pickled

ARRAYS = {
    "matrix": np.arange(6, dtype="f4").reshape(2, 3),
    "large": np.random.default_rng(0).normal(size=(60, 70)).astype("f4"),
    "columns first": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "big-endian": np.arange(3, dtype=">i4"),
    "empty": np.zeros((0, 2), "f2"),
    "zero-dimensional": np.array(3, "i8"),
    "scalar": np.float32(2.5),
    "truth": np.array([True, False]),
}


@pytest.mark.parametrize("protocol", range(6))
def test_pickle_of_each_protocol(tmp_path, protocol):
    content = {"model": ARRAYS, "__author__": "Detectron2 Model Zoo", "matching_heuristics": True}
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(content, protocol))
    with read_tensors(tmp_path / "x.pkl") as file:
        assert file.kind == "pickle"
        assert list(file) == list(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(file[name], array)
            assert file[name].dtype == array.dtype.newbyteorder("=")
            assert file.shapes[name] == array.shape


def python_2_array(array, core="numpy.core"):
    kind = Call(Name("numpy", "dtype"), (array.dtype.str[1:].encode(), 0, 1), (3, b"<", None, None, None, -1, -1, 0))
    state = (1, array.shape, kind, False, array.tobytes())
    return Call(Name(f"{core}.multiarray", "_reconstruct"), (Name("numpy", "ndarray"), (0,), b"b"), state)


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
@pytest.mark.parametrize("size", [3, 5000])
def test_pickle_of_python_2_with_bytes_as_text(tmp_path, size, core):
    array = np.random.default_rng(0).normal(size=size).astype("f4")
    (tmp_path / "x.pkl").write_bytes(pickled({b"model": {b"w": python_2_array(array, core)}, b"iter": 3}))
    with read_tensors(tmp_path / "x.pkl") as file:
        np.testing.assert_array_equal(file["w"], array)


def test_pickle_whose_bytes_and_shape_disagree(tmp_path):
    array = python_2_array(np.zeros(3, "f4"))
    state = (1, (4,), *array.state[2:])
    (tmp_path / "x.pkl").write_bytes(pickled({"w": array._replace(state=state)}))
    with pytest.raises(UserError, match=r"shape \(4,\) with 12 bytes instead of 16"):
        read_tensors(tmp_path / "x.pkl")


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([{}]), np.zeros(2, "f4,i4"), np.zeros(2, complex)])
def test_pickle_of_other_things_than_numbers_is_refused(tmp_path, array):
    (tmp_path / "x.pkl").write_bytes(pickle.dumps({"w": array}))
    with pytest.raises(UserError, match="numpy array of type"):
        read_tensors(tmp_path / "x.pkl")


def test_pickle_with_bytes_after_its_end(tmp_path):
    (tmp_path / "x.pkl").write_bytes(pickle.dumps({"model": ARRAYS}) + b"..")
    with pytest.raises(UserError, match="has 2 bytes after its pickle"):
        read_tensors(tmp_path / "x.pkl")
