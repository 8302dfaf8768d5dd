"""What an HDF5 object holds: attributes of text and datasets of numbers. See hdf5_layout for why and how far."""

import math
import struct
import zlib
from typing import NamedTuple

import numpy as np

from mrcnn_keras.weights.bad_file import BadFile
from mrcnn_keras.weights.file_bytes import FileBytes
from mrcnn_keras.weights.hdf5_layout import RESAVE, UNDEFINED, only, tree_leaves
from mrcnn_keras.weights.stored_tensor import StoredTensor, checked_shape

DATASPACE, DATATYPE, EXTERNAL_FILES, LAYOUT, FILTERS, ATTRIBUTE, ATTRIBUTE_INFO = (
    0x01,
    0x03,
    0x07,
    0x08,
    0x0B,
    0x0C,
    0x15,
)
COMPACT, CONTIGUOUS, CHUNKED = 0, 1, 2
DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3
INTEGER, FLOAT, STRING, VARIABLE = 0, 1, 3, 9  # classes of datatypes
# IEEE floats: size in bytes -> exponent place and size, mantissa place and size, bias.
FLOATS = {2: (10, 5, 0, 10, 15), 4: (23, 8, 0, 23, 127), 8: (52, 11, 0, 52, 1023)}
MOST_CHUNK = 2**28  # bytes
MOST_HEAP = 2**22  # bytes of a collection of texts; HDF5 begins a new one after 4,096
MOST_SMALL = 2**24  # bytes of a dataset however well it is compressed
MOST_RATIO = 20  # by which larger ones may shrink: weights hardly do


class Numbers(NamedTuple):
    """A dataset: its StoredTensor and the (start, end) of its bytes in the file."""

    tensor: StoredTensor
    extents: list


def texts_of(file: FileBytes, messages, name):
    """The attribute `name`, one text or an array of them -> list of str; None where there is none. Raises BadFile."""
    if (info := only(messages, ATTRIBUTE_INFO)) is not None:
        heap = struct.unpack_from("<Q", info, 4 if info[1] & 1 else 2)[0]
        if heap != UNDEFINED:
            raise BadFile("keeps its attributes in a newer HDF5 layout", RESAVE)
    for message in messages:
        if message.kind == ATTRIBUTE:
            found, datatype, dataspace, data = _attribute(message.data)
            if found == name.encode():
                return _texts(file, datatype, math.prod(_shape(dataspace)), data)
    return None


def numbers_of(file: FileBytes, messages):
    """The Messages of a dataset -> Numbers. Raises BadFile for what is in other files and for what is no number."""
    if only(messages, EXTERNAL_FILES) is not None:
        raise BadFile("keeps numbers in other files, which are not read", RESAVE)
    datatype, dataspace, layout = (only(messages, kind) for kind in (DATATYPE, DATASPACE, LAYOUT))
    if None in (datatype, dataspace, layout):
        raise BadFile("has a group where a dataset should be")
    stored = _number_type(datatype)
    shape, size = checked_shape(_shape(dataspace), stored.itemsize)
    if layout[0] != 3:
        raise BadFile("has a dataset of another HDF5 layout, or a damaged one", RESAVE)
    if layout[1] == CHUNKED:
        return _chunked(file, layout, only(messages, FILTERS, b""), stored, shape)
    if layout[1] == COMPACT:
        data = layout[4 : 4 + size]
        if len(data) != size or struct.unpack_from("<H", layout, 2)[0] != size:
            raise BadFile("has a dataset of a wrong size")
        return Numbers(StoredTensor(shape, lambda: _array(data, stored, shape)), [])
    address, stored_size = struct.unpack_from("<QQ", layout, 2)
    if layout[1] != CONTIGUOUS or stored_size != size or (size and address + size > file.size):
        raise BadFile(f"has a dataset of shape {shape} without its numbers: it is cut short or damaged")
    if size == 0:  # such a dataset has no address
        return Numbers(StoredTensor(shape, lambda: _array(b"", stored, shape)), [])
    tensor = StoredTensor(shape, lambda: _array(file.read(address, size), stored, shape))
    return Numbers(tensor, [(address, address + size)])


def _array(data, stored, shape):
    return np.frombuffer(data, stored).reshape(shape).astype(stored.newbyteorder("="), copy=False)


def _shape(data):
    """A dataspace message -> shape; () for a single value."""
    version, rank = data[0], data[1]
    if version not in (1, 2) or (version == 2 and data[3] == 2):
        raise BadFile("has a damaged or empty shape")
    return struct.unpack_from(f"<{rank}Q", data, 8 if version == 1 else 4)


def _number_type(data):
    """A datatype message of whole or floating point numbers -> numpy dtype."""
    kind, order, sign, sign_place = data[0] & 15, data[1] & 0x41, data[1] & 8, data[2]
    size, offset, precision = struct.unpack_from("<IHH", data, 4)
    whole = kind == INTEGER and size in (1, 2, 4, 8) and sign_place == 0
    floating = kind == FLOAT and sign_place == 8 * size - 1 and struct.unpack_from("<4BI", data, 12) == FLOATS.get(size)
    if not (whole or floating) or order > 1 or offset or precision != 8 * size:
        raise BadFile("has a dataset that holds no ordinary numbers, or a damaged one", RESAVE)
    letter = "f" if floating else "i" if sign else "u"
    return np.dtype(f"{'>' if order else '<'}{letter}{size}")


def _attribute(data):
    """An attribute message -> name, datatype, dataspace, data. Version 1 pads each part to 8 bytes."""
    version, flags, *sizes = struct.unpack_from("<BB3H", data)
    if version not in (1, 2, 3) or (version > 1 and flags):
        raise BadFile("has a damaged attribute")
    place, parts = 9 if version == 3 else 8, []
    for size in sizes:
        parts.append(data[place : place + size])
        place += -(-size // 8) * 8 if version == 1 else size
    return parts[0].rstrip(b"\0"), parts[1], parts[2], data[place:]


def _texts(file, datatype, count, data):
    kind, size = datatype[0] & 15, struct.unpack_from("<I", datatype, 4)[0]
    if not count:
        return []
    if not size or count * size > len(data):
        raise BadFile("has a damaged attribute")
    parts = [data[i * size : (i + 1) * size] for i in range(count)]
    if kind == VARIABLE and datatype[1] & 15 == 1 and size == 16:
        places = [struct.unpack("<IQI", part) for part in parts]
        heaps = {address: _heap_objects(file, address) for address in {address for _, address, _ in places}}
        if any(len(heaps[address].get(index, b"")) < length for length, address, index in places):
            raise BadFile("has a damaged attribute")
        parts = [heaps[address][index][:length] for length, address, index in places]
    elif kind != STRING:
        raise BadFile("has numbers where names should be")
    return [part.split(b"\0")[0].rstrip(b" ").decode("utf-8") for part in parts]


def _heap_objects(file, address):
    """The collection of texts at `address` -> {index: bytes}."""
    signature, size = struct.unpack("<4s4xQ", file.read(address, 16))
    if signature != b"GCOL" or size > MOST_HEAP:
        raise BadFile("has a damaged attribute")
    data, place, found = file.read(address, size), 16, {}
    while place + 16 <= size:
        index, length = struct.unpack_from("<H6xQ", data, place)
        if not index or place + 16 + length > size:  # index 0 is the free space at the end
            break
        found[index] = data[place + 16 : place + 16 + length]
        place += 16 + -(-length // 8) * 8
    return found


def _chunked(file, layout, filters, stored, shape):
    rank = len(shape)
    if layout[2] != rank + 1:
        raise BadFile("has a damaged dataset")
    address, *chunk, itemsize = struct.unpack_from(f"<Q{rank + 1}I", layout, 3)
    full = math.prod(chunk) * itemsize
    if itemsize != stored.itemsize or not 0 < full <= MOST_CHUNK:
        raise BadFile("has a damaged dataset")
    steps = _filters(filters)
    key_form = f"<II{rank + 1}Q"
    places = {}
    for key, start in tree_leaves(file, address, kind=1, key_size=struct.calcsize(key_form)):
        size, skipped, *corner, _ = struct.unpack(key_form, key)
        on_grid = all(c % n == 0 and c < length for c, n, length in zip(corner, chunk, shape, strict=True))
        if not on_grid or start + size > file.size or tuple(corner) in places:
            raise BadFile("has a damaged dataset")
        places[tuple(corner)] = (start, size, [step for i, step in enumerate(steps) if not skipped >> i & 1])
    if len(places) != math.prod(-(-length // n) for length, n in zip(shape, chunk, strict=True)):
        raise BadFile(f"has a dataset of shape {shape} without some of its numbers")
    extents = [(start, start + size) for start, size, _ in places.values()]
    if full * len(places) > max(MOST_SMALL, MOST_RATIO * sum(end - start for start, end in extents)):
        raise BadFile(f"has a dataset of shape {shape} that is compressed too well for weights", RESAVE)

    def read():
        array = np.empty(shape, stored)
        for corner, (start, size, kept) in places.items():
            data = _unfiltered(file.read(start, size), kept, full, itemsize)
            block = array[tuple(slice(c, c + n) for c, n in zip(corner, chunk, strict=True))]
            block[...] = np.frombuffer(data, stored).reshape(chunk)[tuple(map(slice, block.shape))]
        return array.astype(stored.newbyteorder("="), copy=False)

    return Numbers(StoredTensor(shape, read), extents)


def _filters(data):
    """A filter message -> the filters' numbers, in the order of writing."""
    if not data:
        return []
    version, count = data[0], data[1]
    place, found = 8 if version == 1 else 2, []
    for _ in range(count):
        number, name, _flags, values = struct.unpack_from("<4H", data, place)
        if version != 1 or number not in (DEFLATE, SHUFFLE, FLETCHER32):
            raise BadFile(f"has a dataset compressed in an unusual way (filter {number})", RESAVE)
        found.append(number)
        place += 8 + -(-name // 8) * 8 + 4 * (values + values % 2)
    return found


def _unfiltered(data, steps, size, itemsize):
    for step in reversed(steps):
        if step == FLETCHER32:
            data, check = data[:-4], struct.unpack("<HH", data[-4:])
            if any((said - sum_) % 65535 for said, sum_ in zip(check, _fletcher32(data), strict=True)):
                raise BadFile("has numbers whose checksum differs: it is damaged")
        elif step == DEFLATE:
            inflater = zlib.decompressobj()
            data = inflater.decompress(data, size + 4)
            if not inflater.eof:
                raise BadFile("has damaged compressed numbers")
        else:
            data = np.frombuffer(data, np.uint8).reshape(itemsize, -1).T.tobytes()
    if len(data) != size:
        raise BadFile("has damaged numbers")
    return data


def _fletcher32(data):
    """The two sums of Fletcher's checksum over big-endian 16-bit words, up to multiples of 65535."""
    words = np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").astype(np.uint64)
    return int(words.sum()), int((words * np.arange(len(words), 0, -1, dtype=np.uint64) % 65535).sum())
