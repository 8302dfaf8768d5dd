"""A tensor in a file, not read yet, and the bytes that it is read from."""

import io
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

AGAIN = "download or copy it again"


class BadFile(Exception):
    """What is wrong with a file, as the sentence after its path, and what to do about it.

    The readers do not know the path; `describe_error` adds it and makes a UserError of both.
    """

    def __init__(self, what, cure=AGAIN):
        super().__init__(f"{what}; {cure}")
        self.what = what


class FileBytes:
    """An open binary file that is read by offset; `size` is its length in bytes when it was opened."""

    def __init__(self, file):
        self.file, self._kept = file, [file]
        self.size = file.seek(0, io.SEEK_END)

    @property
    def path(self):
        """Where the file is."""
        return self.file.name

    def keep(self, thing):
        """-> the thing, which is closed together with the file."""
        self._kept.append(thing)
        return thing

    def close(self):
        """Closes the file and what was kept with it."""
        for thing in self._kept:
            thing.close()

    def read(self, offset, size):
        """-> `size` bytes from `offset`. Raises BadFile if the file does not have that many, before memory is taken."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise BadFile(f"has {self.size} bytes where {offset + size} are mentioned: it is cut short or damaged")
        self.file.seek(offset)
        data = self.file.read(size)
        if len(data) != size:
            raise BadFile("became shorter while it was read")
        return data

    def line(self, offset):
        """-> the bytes from `offset` up to the next newline, without it. Raises BadFile if there is none."""
        self.file.seek(offset)
        data = self.file.readline()
        if not data.endswith(b"\n"):
            raise BadFile("ends in the middle of a line of its pickle")
        return data[:-1]


# The type's usual name -> how numpy reads its bytes. numpy has no bfloat16: it is the upper half of a float32.
STORED_AS = {
    "float64": "f8",
    "float32": "f4",
    "float16": "f2",
    "bfloat16": "u2",
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint64": "u8",
    "uint32": "u4",
    "uint16": "u2",
    "uint8": "u1",
    "bool": "u1",
}


def stored_dtype(element, byte_order="<"):
    """-> the numpy dtype of the bytes. `element` is a name of STORED_AS, `byte_order` "<" or ">".

    Raises BadFile for other elements: complex, quantised and 8-bit floating point numbers are no weights here.
    """
    if element not in STORED_AS:
        raise BadFile(f"holds numbers of type {element}", "save them as float32 first")
    return np.dtype(byte_order + STORED_AS[element])


def to_numbers(stored, element):
    """An array of stored_dtype -> its numbers in this machine's byte order; bfloat16 becomes float32, exactly."""
    stored = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if element == "bfloat16":
        return (stored.astype(np.uint32) << 16).view(np.float32)
    return stored.astype(bool) if element == "bool" else stored


MOST_DIMENSIONS = 32
MOST_BYTES = 2**40  # of one tensor: beyond that its shape is damaged


class StoredTensor(NamedTuple):
    """A tensor in a file: its `shape`, and `read`, which returns the array of that shape, as a call does."""

    shape: tuple
    read: Callable[[], np.ndarray]

    def __call__(self):
        return self.read()


def is_count(value):
    """Is it a whole number, at least 0? (True is not, though Python counts it as one.)"""
    return type(value) is int and value >= 0


def checked_shape(shape, itemsize):
    """-> shape as a tuple, size in bytes. Raises BadFile if it is not the shape of a tensor of sane size."""
    shape = tuple(shape)
    if len(shape) > MOST_DIMENSIONS or not all(is_count(n) and n < MOST_BYTES for n in shape):
        raise BadFile("has a tensor whose shape is damaged")
    if (size := math.prod(shape) * itemsize) > MOST_BYTES:
        raise BadFile(f"has a tensor of shape {shape}, larger than any: it is damaged")
    return shape, size
