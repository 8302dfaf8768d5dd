"""Files of weights written byte by byte, so that the tests need no PyTorch and can write what nobody should."""

import json
import struct
import zipfile
from typing import NamedTuple

import h5py
import numpy as np

from mrcnn_keras.weights.files.torch_legacy_file import MAGIC

STORAGE_NAMES = {"f8": "DoubleStorage", "f4": "FloatStorage", "f2": "HalfStorage", "i8": "LongStorage"}


class Name(NamedTuple):
    """A name that the pickle asks for."""

    module: str
    name: str


class Call(NamedTuple):
    function: Name
    arguments: tuple
    state: object = None


class Persistent(NamedTuple):
    identity: tuple


def pickled(value):
    """A value -> its pickle of protocol 2. bytes are written as Python 2 wrote its str."""
    return b"\x80\x02" + _opcodes(value) + b"."


def _opcodes(value):
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        return b"\x8a" + bytes([16]) + value.to_bytes(16, "little", signed=True)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return b"T" + struct.pack("<i", len(value)) + value
    if isinstance(value, Name):
        return f"c{value.module}\n{value.name}\n".encode()
    if isinstance(value, Persistent):
        return _opcodes(value.identity) + b"Q"
    if isinstance(value, Call):
        state = b"" if value.state is None else _opcodes(value.state) + b"b"
        return _opcodes(value.function) + _opcodes(value.arguments) + b"R" + state
    if isinstance(value, dict):
        return b"}(" + b"".join(_opcodes(part) for pair in value.items() for part in pair) + b"u"
    start, end = {tuple: (b"(", b"t"), list: (b"](", b"e")}[type(value)]
    return start + b"".join(map(_opcodes, value)) + end


def storage(key, kind, count):
    """The persistent id of a storage of PyTorch's zip format."""
    return Persistent(("storage", Name("torch", kind), key, "cpu", count))


def tensor(place, shape, strides, offset=0):
    """A tensor over a storage, as torch.save writes it."""
    ordered = Call(Name("collections", "OrderedDict"), ())
    return Call(Name("torch._utils", "_rebuild_tensor_v2"), (place, offset, shape, strides, False, ordered))


def torch_records(arrays, legacy=False):
    """{name: array} -> ({name: tensor}, {key: bytes}), each array in a storage of its own."""
    records, storages = {}, {}
    for i, (name, array) in enumerate(arrays.items()):
        place = storage(str(i), STORAGE_NAMES[array.dtype.str[1:]], array.size)
        if legacy:
            place = Persistent((*place.identity, None))
        strides = tuple(step // array.itemsize for step in np.empty(array.shape, array.dtype).strides)
        records[name], storages[str(i)] = tensor(place, array.shape, strides), array.tobytes()
    return records, storages


def write_torch(path, content, storages, compression=zipfile.ZIP_STORED, extra=()):
    """A file of PyTorch since 1.6; `extra` are further (name, bytes)."""
    with zipfile.ZipFile(path, "w", compression) as file:
        parts = [("data.pkl", pickled(content)), ("byteorder", b"little"), ("version", b"3\n"), *extra]
        for name, data in [*parts, *((f"data/{key}", data) for key, data in storages.items())]:
            file.writestr(f"archive/{name}", data)
    return path


def write_torch_legacy(path, content, storages, counts):
    """A file of PyTorch before 1.6; counts: {key: number of elements}."""
    facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    magic = b"\x80\x02\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."
    pickles = magic + pickled(1001) + pickled(facts) + pickled(content) + pickled(list(storages))
    numbers = b"".join(struct.pack("<q", counts[key]) + data for key, data in storages.items())
    path.write_bytes(pickles + numbers)
    return path


def write_safetensors(path, arrays, header=None):
    """`header` replaces the one that belongs to the arrays."""
    entries, place = {"__metadata__": {"format": "pt"}}, 0
    for name, array in arrays.items():
        ends = [place, place + array.nbytes]
        kind = array.dtype.str[1:].upper().replace("F4", "F32").replace("F8", "F64").replace("F2", "F16")
        entries[name] = {"dtype": kind.replace("I8", "I64"), "shape": array.shape, "data_offsets": ends}
        place = ends[1]
    text = json.dumps(entries).encode() if header is None else header
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for array in arrays.values()))
    return path


def write_h5(path, layers, inside="/", **options):
    """{layer: {weight's name: array}} -> a file as Keras 2 writes it; `options` go to h5py's create_dataset."""
    with h5py.File(path, "w") as file:
        root = file.require_group(inside)
        root.attrs["layer_names"] = [layer.encode() for layer in layers]
        root.attrs["backend"] = b"tensorflow"
        for layer, weights in layers.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in weights]
            for name, array in weights.items():
                group.create_dataset(name, data=array, **(options if array.ndim else {}))
    return path
