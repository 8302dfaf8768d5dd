"""The skeleton of an HDF5 file: its superblock, object headers, and the groups with their members.

The package reads HDF5 by itself since the HDF5 library, given damaged files, runs for ever or ends the process: of
6,000 small files with random damage 16 and 2 did so (HDF5 1.14.6). What is read here is the layout that Keras 2 and
tf.keras write, h5py's default: version 0 or 1 of the superblock, version 1 of the object headers. Addresses and sizes
are 64-bit little-endian, counted from the start of the file. After the HDF5 File Format Specification, version 3.0.
"""

import struct
from typing import NamedTuple

from mrcnn_keras.weights.bad_file import BadFile
from mrcnn_keras.weights.file_bytes import FileBytes

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
