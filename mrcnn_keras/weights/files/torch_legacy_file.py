"""PyTorch's files before 1.6: five pickles in a row, then the numbers; own code for the reason that torch_file gives.

A magic number, a version, facts about the machine, the object, the keys of its storages, and for each key a count and
its numbers. The format has no checksum: damage inside the numbers shows only where it makes them impossible. All
bytes are accounted for.
"""

import math

from mrcnn_keras.weights.files.pickled_arrays import PickledArray
from mrcnn_keras.weights.files.pickled_tensors import find_name, storage_of
from mrcnn_keras.weights.files.restricted_pickle import load_pickle
from mrcnn_keras.weights.files.state_dict import find_state_dict
from mrcnn_keras.weights.files.stored_tensor import BadFile, stored_dtype

MAGIC = 0x1950A86A20F9469CFC6C
START = b"\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."  # the first pickle, without its protocol
VERSION = 1001


def open_torch_legacy(file):
    """FileBytes -> {name: StoredTensor}. Raises BadFile."""
    storages = {}  # key -> (element, count), according to the pickle

    def persistent(identity):
        storage = storage_of(identity)
        # For a part of a storage, the id has the count of the whole in the fifth place.
        whole = (storage.element, identity[4])
        if storages.setdefault(storage.key, whole) != whole:
            raise BadFile(f"describes its storage {storage.key!r} in two ways")
        return storage

    magic, end = load_pickle(file, 0, find_name)
    version, end = load_pickle(file, end, find_name)
    _machine, end = load_pickle(file, end, find_name)
    if magic != MAGIC or version != VERSION:
        raise BadFile(
            f"is of version {version!r} of PyTorch's old format, not {VERSION}", "save it with torch.save again"
        )
    content, end = load_pickle(file, end, find_name, persistent)
    keys, end = load_pickle(file, end, find_name)
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages):
        raise BadFile("lists other storages than its tensors have")
    places = {}
    for key in keys:
        element, count = storages[key]
        if int.from_bytes(file.read(end, 8), "little") != count:
            raise BadFile(f"has a storage {key!r} of another size than its tensors have")
        places[key] = end + 8
        end += 8 + count * stored_dtype(element).itemsize
    if end != file.size:
        raise BadFile(f"has {file.size} bytes where its tensors need {end}: it is cut short or damaged")

    def read_bytes(key, first, size):
        return file.read(places[key] + first, size)

    def tensor(record):
        if isinstance(record, PickledArray):
            return record.tensor()
        found = record.tensor(read_bytes)
        # Without a checksum, a damaged stride looks like this; tensors that expand() makes use all numbers of theirs.
        if math.prod(record.shape) > record.span < record.storage.count:
            raise BadFile(f"has a tensor of shape {found.shape} that uses numbers twice and others never")
        return found

    return {name: tensor(record) for name, record in find_state_dict(content).items()}
