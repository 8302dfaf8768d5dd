import argparse
import collections
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files import read_tensors
from tests.weights.files.writers import Call, Name, storage, tensor, torch_records, write_torch

SIX = np.arange(6, dtype="f4")
NUMBERS = SIX.tobytes()
TYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def one(path, record, data=NUMBERS, **options):
    """The array of a file with one tensor over the storage "0"."""
    with read_tensors(write_torch(path / "one.pth", {"w": record}, {"0": data}, **options)) as file:
        return file["w"]


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "expected"),
    [
        ((2, 3), (3, 1), 0, [[0, 1, 2], [3, 4, 5]]),
        ((3, 2), (1, 3), 0, [[0, 3], [1, 4], [2, 5]]),  # transposed
        ((2, 2), (3, 1), 1, [[1, 2], [4, 5]]),  # columns 1 and 2
        ((3,), (2,), 1, [1, 3, 5]),
        ((2, 2), (0, 1), 4, [[4, 5], [4, 5]]),  # expanded
        ((), (), 5, 5),
        ((0, 4), (4, 1), 0, np.zeros((0, 4))),
    ],
)
def test_torch_strides_and_offsets(tmp_path, shape, strides, offset, expected):
    array = one(tmp_path, tensor(storage("0", "FloatStorage", 6), shape, strides, offset))
    np.testing.assert_array_equal(array, np.array(expected, "f4"))
    assert array.dtype == np.float32


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("DoubleStorage", np.array([1.5, -2], "f8")),
        ("HalfStorage", np.array([1.5, -2], "f2")),
        ("LongStorage", np.array([2**40, -2], "i8")),
        ("IntStorage", np.array([2**20, -2], "i4")),
        ("ShortStorage", np.array([200, -2], "i2")),
        ("CharStorage", np.array([100, -2], "i1")),
        ("ByteStorage", np.array([200, 2], "u1")),
        ("BoolStorage", np.array([True, False])),
    ],
)
def test_torch_types(tmp_path, kind, numbers):
    array = one(tmp_path, tensor(storage("0", kind, 2), (2,), (1,)), numbers.tobytes())
    assert array.dtype == numbers.dtype
    np.testing.assert_array_equal(array, numbers)


def test_torch_bfloat16_is_the_upper_half_of_a_float32(tmp_path):
    array = one(tmp_path, tensor(storage("0", "BFloat16Storage", 2), (2,), (1,)), bytes.fromhex("803f20c1"))
    assert array.dtype == np.float32
    assert array.tolist() == [1.0, -10.0]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (tensor(storage("0", "ComplexFloatStorage", 3), (3,), (1,)), "numbers of type complex64; save them as float32"),
        (Call(Name("torch._utils", "_rebuild_qtensor"), (1,)), "holds a quantised tensor; save"),
        (Call(Name("torch._utils", "_rebuild_sparse_tensor"), (1,)), "holds a sparse tensor; save"),
        (tensor(storage("0", "FloatStorage", 6), (7,), (1,)), r"shape \(7,\) that reaches beyond its numbers"),
        (tensor(storage("0", "FloatStorage", 6), (2,), (1,), 5), "reaches beyond its numbers"),
        (tensor(storage("0", "FloatStorage", 6), (2,), (-1,), 5), "place is damaged"),
        (tensor(storage("0", "FloatStorage", 6), (2, 3), (1,)), "place is damaged"),
        (
            tensor(storage("0", "FloatStorage", 5), (5,), (1,)),
            "has 24 bytes of numbers in its part '0' where its description has 20",
        ),
        (tensor(storage("1", "FloatStorage", 6), (6,), (1,)), "lacks its part 'data/1'"),
        (tensor(storage("0", "FloatStorage", 6), (2**10, 2**15), (0, 0)), "made of 1 numbers only; save it with clone"),
        (tensor(storage("0", "FloatStorage", 6), (2**39, 2**39), (0, 0)), "larger than any"),
        (Call(Name("torchvision.models.resnet", "ResNet"), ()), "asks for torchvision.models.resnet.ResNet"),
        (Call(Name("torch._utils", "_rebuild_tensor_v2"), (1,)), "describes a torch tensor in a way that is not known"),
    ],
)
def test_torch_refuses_impossible_tensors(tmp_path, record, message):
    with pytest.raises(UserError, match=message) as error:
        one(tmp_path, record)
    assert str(error.value).startswith(str(tmp_path / "one.pth"))


def test_torch_file_with_the_other_byte_order(tmp_path):
    records, _ = torch_records({"w": SIX})
    path = write_torch(tmp_path / "big.pth", records, {"0": SIX.astype(">f4").tobytes()})
    data = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        parts = {info.filename: file.read(info) for info in file.infolist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part.replace(b"little", b"big"))
    assert path.read_bytes() != data
    with read_tensors(path) as file:
        np.testing.assert_array_equal(file["w"], SIX)
        assert file["w"].dtype.isnative


def test_torch_tensors_that_share_a_storage(tmp_path):
    place = storage("0", "FloatStorage", 6)
    content = {"a": tensor(place, (2,), (1,)), "b": tensor(place, (3,), (1,), 3), "all": tensor(place, (6,), (1,))}
    with read_tensors(write_torch(tmp_path / "x.pth", content, {"0": SIX.tobytes()})) as file:
        assert [file[name].tolist() for name in file] == [[0, 1], [3, 4, 5], [0, 1, 2, 3, 4, 5]]


def test_torch_compressed_archive(tmp_path):
    record = tensor(storage("0", "FloatStorage", 6), (6,), (1,))
    np.testing.assert_array_equal(one(tmp_path, record, compression=zipfile.ZIP_DEFLATED), SIX)


def test_torch_zip_bomb_is_refused_before_memory_is_taken(tmp_path):
    count = 2**24
    record = tensor(storage("0", "FloatStorage", count), (count,), (1,))
    path = write_torch(tmp_path / "x.pth", {"w": record}, {"0": bytes(4 * count)}, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    with pytest.raises(UserError, match="impossible size"):
        read_tensors(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


def test_torch_damage_is_found_by_the_checksum(tmp_path):
    records, storages = torch_records({"w": SIX, "v": SIX + 1})
    path = write_torch(tmp_path / "x.pth", records, storages)
    data = path.read_bytes()
    path.write_bytes(data.replace(SIX.tobytes(), SIX[::-1].tobytes()))
    with read_tensors(path) as file:
        np.testing.assert_array_equal(file["v"], SIX + 1)
        with pytest.raises(UserError, match="CRC"):
            file["w"]


def test_torchscript_is_refused_as_code(tmp_path):
    path = write_torch(tmp_path / "x.pt", {}, {}, extra=[("code/__torch__.py", b"import os"), ("constants.pkl", b"")])
    with pytest.raises(UserError, match="TorchScript archive, which holds code; nothing of it was run; save its state"):
        read_tensors(path)


@settings(deadline=None)  # the first example imports torch
@given(st.lists(st.integers(0, 4), max_size=4), st.sampled_from(TYPES), st.booleans(), st.randoms())
def test_torch_files_written_by_pytorch(tmp_path_factory, shape, kind, zipped, random):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    base = (torch.rand([n + 2 for n in shape]) * 100).to(getattr(torch, kind))
    order = random.sample(range(len(shape)), len(shape))
    view = base.permute(order)[tuple(slice(random.randrange(2), None, random.choice([1, 2])) for _ in shape)]
    path = tmp_path_factory.getbasetemp() / "torch.pth"
    torch.save({"w": view, "base": base}, path, _use_new_zipfile_serialization=zipped)
    with read_tensors(path) as file:
        assert file.kind == ("torch" if zipped else "torch_legacy")
        for name, expected in {"w": view, "base": base}.items():
            expected = (expected.float() if kind == "bfloat16" else expected).numpy()
            assert file.shapes[name] == file[name].shape
            assert file[name].dtype == expected.dtype
            np.testing.assert_array_equal(file[name], expected)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_torch_checkpoint_of_a_training_script(tmp_path, zipped, protocol):
    torch = pytest.importorskip("torch")
    model = torch.nn.DataParallel(torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.rand(1, 2, 5, 5)).sum().backward()
    optimizer.step()
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.note = "kept by _rebuild_parameter_with_state"
    state = collections.OrderedDict(model.state_dict(), **{"module.parameter": parameter})
    content = {
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": {"milestones": collections.Counter([3, 5]), "last_epoch": 2},
        "model": state,
        "epoch": 3,
        "args": argparse.Namespace(lr=0.1, device=torch.device("cuda", 0)),
        "shape": torch.Size([1, 2]),
        "dtype": torch.float32,
        "best": np.float64(0.5),
    }
    torch.save(content, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    with read_tensors(tmp_path / "x.pth") as file:
        assert [f"module.{name}" for name in file] == list(state)
        for name, array in file.items():
            np.testing.assert_array_equal(array, state[f"module.{name}"].detach().numpy())


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_whole_model_is_refused(tmp_path, zipped):
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.Linear(2, 3), tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(UserError, match=r"(asks for torch\.nn|with its code).*torch\.save\(model\.state_dict"):
        read_tensors(tmp_path / "x.pth")
