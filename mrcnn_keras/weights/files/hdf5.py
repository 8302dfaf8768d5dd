"""What an HDF5 object holds: attributes of text and datasets of numbers. See hdf5_layout for why and how far."""

import math
import struct
import zlib
from typing import NamedTuple

import numpy as np

from mrcnn_keras.weights.files.stored_tensor import BadFile, FileBytes, StoredTensor, checked_shape

UNDEFINED = 2**64 - 1
SUPERBLOCK_SIZES = {0: 24, 1: 28}  # bytes before the addresses
LINK_INFO, LINK, CONTINUATION, SYMBOL_TABLE = 0x02, 0x06, 0x10, 0x11
SHARED = 0x02  # flag of a message that stands elsewhere
MOST_LEAVES = 100_000  # of one index
MOST_BYTES = 2**24  # of one object's messages, and of the names in one group
SOFT_LINK = 2
RESAVE = "write it again with h5py's default settings, or as .safetensors"


class Message(NamedTuple):
    kind: int
    flags: int
    data: bytes


def root_address(file):
    """FileBytes -> the address of the root group. Raises BadFile."""
    version, offset_size, length_size = file.read(8, 1)[0], *file.read(13, 2)
    if version not in SUPERBLOCK_SIZES or (offset_size, length_size) != (8, 8):
        raise BadFile(f"has version {version} of HDF5's layout, which Keras does not write (or is damaged)", RESAVE)
    base, _, end, _, _, root = struct.unpack("<6Q", file.read(SUPERBLOCK_SIZES[version], 48))
    if base:
        raise BadFile("has something in front of its HDF5 content", RESAVE)
    if end != file.size:
        raise BadFile(f"has {file.size} bytes where it should have {end}: it is cut short or damaged")
    return root


def messages_of(file: FileBytes, address):
    """-> the Messages of the object at `address`. Raises BadFile where it is none."""
    version, _, count, _, size = struct.unpack("<BBHII", file.read(address, 12))
    if version != 1:
        raise BadFile("has a damaged object, or one of a newer HDF5 layout", RESAVE)
    blocks, found, total = [(address + 16, size)], [], 0
    while blocks:
        start, size = blocks.pop(0)
        total += size
        if total > MOST_BYTES:
            raise BadFile("has a damaged object")
        block, place = file.read(start, size), 0
        while place + 8 <= size and len(found) < count:
            kind, length, flags = struct.unpack_from("<HHB", block, place)
            data = block[place + 8 : place + 8 + length]
            if len(data) != length:
                raise BadFile("has a damaged object")
            found.append(Message(kind, flags, data))
            if kind == CONTINUATION:
                blocks.append(struct.unpack("<QQ", data[:16]))
            place += 8 + length
    if len(found) != count:
        raise BadFile("has a damaged object")
    return found


def only(messages, kind, default=None):
    """The data of the one message of a kind. Raises BadFile where there are several or it stands elsewhere."""
    found = [message for message in messages if message.kind == kind]
    if len(found) > 1 or any(message.flags & SHARED for message in found):
        raise BadFile("has a damaged object, or one of a newer HDF5 layout", RESAVE)
    return found[0].data if found else default


def members_of(file, messages):
    """The Messages of a group -> {name: address of the member's header}. Raises BadFile for links to elsewhere."""
    if (table := only(messages, SYMBOL_TABLE)) is not None:
        tree, heap = struct.unpack("<QQ", table[:16])
        return _symbols(file, tree, _heap(file, heap))
    if (links := only(messages, LINK_INFO)) is None:
        raise BadFile("has a dataset where a group of weights should be")
    heap = struct.unpack_from("<Q", links, 10 if links[1] & 1 else 2)[0]  # where many links are; few are messages
    if heap != UNDEFINED:
        raise BadFile("has groups of a newer HDF5 layout", RESAVE)
    return dict(_link(message.data) for message in messages if message.kind == LINK)


def tree_leaves(file, address, kind, key_size):
    """-> [(key, address)] of all leaves of a B-tree (version 1) in its order; kind 0 has groups, 1 chunks."""
    if address == UNDEFINED:
        return []
    leaves, waiting, seen = [], [(address, None)], set()
    while waiting:
        address, level = waiting.pop()
        signature, found_kind, found_level, count = struct.unpack("<4sBBH", file.read(address, 8))
        if signature != b"TREE" or found_kind != kind or address in seen or level not in (None, found_level):
            raise BadFile("has a damaged index")
        seen.add(address)
        step = key_size + 8
        node = file.read(address + 24, count * step + key_size)
        keys = [node[i * step : i * step + key_size] for i in range(count)]
        children = [struct.unpack_from("<Q", node, i * step + key_size)[0] for i in range(count)]
        if found_level:
            waiting += [(child, found_level - 1) for child in reversed(children)]
        else:
            leaves += zip(keys, children, strict=True)
        if len(leaves) > MOST_LEAVES or len(seen) > MOST_LEAVES:
            raise BadFile("has an index that is too long")
    return leaves


def _heap(file, address):
    signature, size, _, data = struct.unpack("<4s4xQQQ", file.read(address, 32))
    if signature != b"HEAP" or size > MOST_BYTES:
        raise BadFile("has a damaged group")
    return file.read(data, size)


def _symbols(file, tree, names):
    members = {}
    for _, address in tree_leaves(file, tree, kind=0, key_size=8):
        signature, count = struct.unpack("<4s2xH", file.read(address, 8))
        if signature != b"SNOD":
            raise BadFile("has a damaged group")
        for entry in struct.iter_unpack("<QQI20x", file.read(address + 8, 40 * count)):
            start, header, cache = entry
            end = names.find(b"\0", start)
            name = names[start:end].decode("utf-8")
            if end < 0 or not name or name in members:
                raise BadFile("has a damaged group")
            if cache == SOFT_LINK:
                raise BadFile(f"has a link to elsewhere under the name {name!r}", RESAVE)
            members[name] = header
    return members


def _link(data):
    """A link message -> (name, address)."""
    flags, place = data[1], 2
    kind = data[place] if flags & 8 else 0
    place += (1 if flags & 8 else 0) + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(data[place : place + width], "little")
    name = data[place + width : place + width + size].decode("utf-8")
    if data[0] != 1 or kind:
        raise BadFile(f"has a link to elsewhere under the name {name!r}", RESAVE)
    return name, struct.unpack_from("<Q", data, place + width + size)[0]


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
