"""PyTorch's files since 1.6: a zip archive with NAME/data.pkl, NAME/data/KEY and little else.

Every part has a checksum, which is compared when the part is read: damage never gives wrong numbers. Own code, since
no library but PyTorch itself, of several hundred megabytes, reads these files.
"""

import io
import zipfile

from mrcnn_keras.weights.files.pickled_arrays import PickledArray
from mrcnn_keras.weights.files.pickled_tensors import find_name, storage_of
from mrcnn_keras.weights.files.restricted_pickle import PLAIN_CURE, load_pickle
from mrcnn_keras.weights.files.state_dict import find_state_dict
from mrcnn_keras.weights.files.stored_tensor import BadFile, FileBytes

MOST_PICKLE = 2**26  # bytes of data.pkl: it has places, not numbers
MOST_DIRECTORY = 2**24  # bytes of the zip's directory, 200,000 parts
MOST_SMALL = 2**24  # bytes of a compressed part however well it is compressed
MOST_RATIO = 20  # by which larger parts may shrink: weights hardly do


class _BoundedFile:
    """The file as zipfile reads it: never in larger pieces than a checked part has."""

    def __init__(self, file):
        self.file, self.size, self.bound = file.file, file.size, MOST_DIRECTORY
        self.seek, self.tell, self.seekable = self.file.seek, self.file.tell, self.file.seekable

    def read(self, size=-1):
        rest = self.size - self.tell()
        size = rest if size < 0 else min(size, rest)
        if size > self.bound:
            raise BadFile("has a damaged directory, or one that is too long")
        return self.file.read(size)


class TorchArchive:
    """The parts of a zip archive by name, without the folder that holds all of them."""

    def __init__(self, file):
        self.bounded = _BoundedFile(file)
        self.zip = zipfile.ZipFile(self.bounded)
        names = [info.filename for info in self.zip.infolist()]
        pickles = [name for name in names if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(set(names)) != len(names):
            raise BadFile("has two parts with the same name")
        if len(pickles) != 1:
            raise BadFile(*_other_kind(names))
        folder = pickles[0].removesuffix("data.pkl")
        if any(name.startswith((folder + "code/", folder + "constants.pkl")) for name in names):
            cure = "save its state_dict() with torch.save, in PyTorch"
            raise BadFile("is a TorchScript archive, which holds code; nothing of it was run", cure)
        self.parts = {info.filename.removeprefix(folder): info for info in self.zip.infolist()}
        self.last = (None, b"")  # a storage that was read in part: other tensors may need the rest

    def size_of(self, name):
        """The stated size of a part in bytes. Raises BadFile if that is impossible."""
        info = self.parts.get(name)
        if info is None:
            raise BadFile(f"lacks its part {name!r}")
        stored, size = info.compress_size, info.file_size
        possible = {
            zipfile.ZIP_STORED: size == stored,
            zipfile.ZIP_DEFLATED: size <= max(MOST_SMALL, MOST_RATIO * stored),
        }
        if info.header_offset + stored > self.bounded.size or not possible.get(info.compress_type):
            raise BadFile(f"has an impossible size or an unknown compression for its part {name!r}")
        return size

    def read(self, name):
        """All bytes of a part. zipfile raises an error if its checksum differs."""
        self.bounded.bound = max(self.size_of(name), MOST_DIRECTORY)
        return self.zip.read(self.parts[name])

    def read_bytes(self, key, first, size):
        """`size` bytes of storage `key` from `first`; the whole is read for its checksum."""
        data = self.last[1] if self.last[0] == key else self.read(f"data/{key}")
        if len(data) == size:
            return data
        self.last = (key, data)
        return bytes(memoryview(data)[first : first + size])


def open_torch(file):
    """FileBytes of a zip archive -> {name: StoredTensor}. Raises BadFile."""
    archive = TorchArchive(file)
    if archive.size_of("data.pkl") > MOST_PICKLE:
        raise BadFile("has a description of its tensors that is too long", PLAIN_CURE)
    description = FileBytes(io.BytesIO(archive.read("data.pkl")))
    byte_order = "<"
    if "byteorder" in archive.parts and archive.size_of("byteorder") < 100:
        byte_order = {b"little": "<", b"big": ">"}[archive.read("byteorder")]
    content, end = load_pickle(description, 0, find_name, storage_of)
    if end != description.size:
        raise BadFile("has bytes after the description of its tensors")

    def tensor(record):
        if isinstance(record, PickledArray):
            return record.tensor()
        key, said = record.storage.key, record.storage.count * record.storage.itemsize
        if said != (size := archive.size_of(f"data/{key}")):
            raise BadFile(f"has {size} bytes of numbers in its part {key!r} where its description has {said}")
        return record.tensor(archive.read_bytes, byte_order)

    return {name: tensor(record) for name, record in find_state_dict(content).items()}


def _other_kind(names):
    """What a zip archive without data.pkl is, and what to do."""
    if "model.weights.h5" in names:
        return "is a .keras model", "give it that ending"
    if names and all(name.endswith(".npy") for name in names):
        return "is an archive of numpy arrays (.npz)", "save them as .safetensors"
    return "is a zip archive, not a file of weights", "unpack it and give the file inside"
