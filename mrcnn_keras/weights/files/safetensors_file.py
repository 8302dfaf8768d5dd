"""safetensors: the length of a JSON header, the header, the numbers.

The format has no checksum: damage inside the numbers shows only where it makes them impossible. All bytes are
accounted for. Own code, since the format is trivial and the package `safetensors` would be one more requirement.
"""

import json

import numpy as np

from mrcnn_keras.weights.files.stored_tensor import (
    BadFile,
    StoredTensor,
    checked_shape,
    is_count,
    stored_dtype,
    to_numbers,
)

MOST_HEADER = 2**23  # bytes, about 80,000 tensors
ELEMENTS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "BOOL": "bool",
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}


def looks_like_safetensors(head, size):
    """Do the first bytes of a file of `size` bytes give the length of a JSON header that fits in it?"""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


def open_safetensors(file):
    """FileBytes -> {name: StoredTensor}. Raises BadFile."""
    length = int.from_bytes(file.read(0, 8), "little")
    if length > MOST_HEADER:
        raise BadFile(f"has a header of {length} bytes, too long for one")
    header = json.loads(file.read(8, length).decode("utf-8"), object_pairs_hook=_without_repeats)
    header.pop("__metadata__", None)
    if not header:
        raise BadFile("holds no tensors")
    tensors, end = {}, 8 + length
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        first, last = entry["data_offsets"]
        if entry["dtype"] not in ELEMENTS:
            raise BadFile(f"holds numbers of type {entry['dtype']!r} in {name!r}", "save them as float32 first")
        element = ELEMENTS[entry["dtype"]]
        shape, size = checked_shape(entry["shape"], stored_dtype(element).itemsize)
        if not is_count(first) or 8 + length + first != end or last - first != size:
            raise BadFile(f"has a gap, an overlap or a wrong size at its tensor {name!r}")
        tensors[name] = StoredTensor(shape, _reader(file, end, shape, element))
        end += size
    if end != file.size:
        raise BadFile(f"has {file.size} bytes where its tensors need {end}: it is cut short or damaged")
    return {name: tensors[name] for name in header}


def _reader(file, offset, shape, element):
    stored = stored_dtype(element)

    def read():
        size = stored.itemsize * int(np.prod(shape, dtype=np.int64))
        return to_numbers(np.frombuffer(file.read(offset, size), stored).reshape(shape), element)

    return read


def _without_repeats(pairs):
    names = dict(pairs)
    if len(names) != len(pairs):
        raise BadFile("has two entries with the same name in its header")
    return names
