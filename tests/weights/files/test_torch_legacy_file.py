import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files import read_tensors
from tests.weights.files.writers import Name, Persistent, pickled, tensor, torch_records, write_torch_legacy

ARRAYS = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.array(7), "c": np.array([0.5, 2], "f8")}
COUNTS = {"0": 6, "1": 1, "2": 2}


@pytest.fixture
def written(tmp_path):
    records, storages = torch_records(ARRAYS, legacy=True)
    return write_torch_legacy(tmp_path / "x.pth", records, storages, COUNTS)


def test_torch_legacy_arrays_come_back(written):
    with read_tensors(written) as file:
        assert file.kind == "torch_legacy"
        assert file.shapes == {"a": (2, 3), "b": (), "c": (2,)}
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(file[name], array)
            assert file[name].dtype == array.dtype


def test_torch_legacy_storage_within_another(tmp_path):
    # Files before PyTorch 0.4: numbers 2, 3, 4 of the storage, named "part"; the tensor starts at the second of them.
    part = Persistent(("storage", Name("torch", "FloatStorage"), "0", "cpu", 6, ("part", 2, 3)))
    numbers = {"0": ARRAYS["a"].tobytes()}
    with read_tensors(
        write_torch_legacy(tmp_path / "x.pth", {"w": tensor(part, (2,), (1,), 1)}, numbers, {"0": 6})
    ) as f:
        assert f["w"].tolist() == [3, 4]
    path = write_torch_legacy(tmp_path / "y.pth", {"w": tensor(part, (3,), (1,), 1)}, numbers, {"0": 6})
    with pytest.raises(UserError, match="beyond its numbers"):
        read_tensors(path)


def test_torch_legacy_accounts_for_all_bytes(written):
    data = written.read_bytes()
    for damaged in (data[:-1], data + b"\0", data[: len(data) // 2]):
        written.write_bytes(damaged)
        with pytest.raises(UserError):
            read_tensors(written)


@pytest.mark.parametrize(
    ("counts", "keys", "message"),
    [
        ({**COUNTS, "0": 5}, None, "storage '0' of another size"),
        (COUNTS, ["0", "1"], "lists other storages"),
        (COUNTS, ["0", "1", "2", "2"], "lists other storages"),
    ],
)
def test_torch_legacy_refuses_storages_that_do_not_fit(tmp_path, counts, keys, message):
    records, storages = torch_records(ARRAYS, legacy=True)
    path = write_torch_legacy(tmp_path / "x.pth", records, storages, counts)
    if keys:
        path.write_bytes(path.read_bytes().replace(pickled(list(storages)), pickled(keys)))
    with pytest.raises(UserError, match=message):
        read_tensors(path)


@pytest.mark.parametrize(("strides", "fits"), [((3, 1), True), ((0, 1), False), ((1, 1), False)])
def test_torch_legacy_refuses_a_damaged_stride(tmp_path, strides, fits):
    place = Persistent(("storage", Name("torch", "FloatStorage"), "0", "cpu", 6, None))
    content = {"w": tensor(place, (2, 3), strides)}
    path = write_torch_legacy(tmp_path / "x.pth", content, {"0": ARRAYS["a"].tobytes()}, {"0": 6})
    if fits:
        with read_tensors(path) as file:
            np.testing.assert_array_equal(file["w"], ARRAYS["a"])
    else:
        with pytest.raises(UserError, match=r"shape \(2, 3\) that uses numbers twice and others never"):
            read_tensors(path)


def test_torch_legacy_reads_an_expanded_tensor(tmp_path):
    place = Persistent(("storage", Name("torch", "FloatStorage"), "0", "cpu", 6, None))
    content = {"w": tensor(place, (2, 6), (0, 1))}
    path = write_torch_legacy(tmp_path / "x.pth", content, {"0": ARRAYS["a"].tobytes()}, {"0": 6})
    with read_tensors(path) as file:
        assert file["w"].tolist() == [[0, 1, 2, 3, 4, 5]] * 2
