"""A tensor as PyTorch's files describe it: some numbers of a storage, with strides."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from mrcnn_keras.weights.bad_file import BadFile
from mrcnn_keras.weights.elements import stored_dtype, to_numbers
from mrcnn_keras.weights.stored_tensor import StoredTensor, checked_shape, is_count

MOST_REPEATED = 2**26  # bytes of a tensor that is larger than the numbers it is made of


class Storage(NamedTuple):
    """Numbers in a row. `key` names them in the file; `start` and `count` in elements, as far as this one reaches."""

    key: str
    element: str
    count: int
    start: int = 0

    @property
    def itemsize(self):
        return stored_dtype(self.element).itemsize


class TorchTensor(NamedTuple):
    """A tensor's place in its storage: `offset` and `strides` in elements of the type `element`."""

    storage: Storage
    offset: int
    shape: tuple
    strides: tuple
    element: str

    @property
    def span(self):
        """How many elements of the storage lie from the tensor's first to its last."""
        if 0 in self.shape:
            return 0
        return 1 + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))

    def tensor(self, read_bytes: Callable[[str, int, int], bytes], byte_order="<"):
        """-> StoredTensor. `read_bytes` takes the storage's key, an offset in bytes and a size.

        Raises BadFile where a number would lie outside of the storage.
        """
        stored = stored_dtype(self.element, byte_order)
        shape, size = checked_shape(self.shape, stored.itemsize)
        if len(self.strides) != len(shape) or not all(is_count(n) for n in (self.offset, *self.strides)):
            raise BadFile("has a tensor whose place is damaged")
        first = self.storage.start * self.storage.itemsize + self.offset * stored.itemsize
        needed = self.span * stored.itemsize
        if first + needed > (self.storage.start + self.storage.count) * self.storage.itemsize:
            raise BadFile(f"has a tensor of shape {shape} that reaches beyond its numbers: it is damaged")
        if size > max(needed, MOST_REPEATED):
            raise BadFile(f"has a tensor of shape {shape} made of {self.span} numbers only", "save it with clone()")

        def read():
            if not size:
                return to_numbers(np.zeros(shape, stored), self.element)
            values = np.frombuffer(read_bytes(self.storage.key, first, needed), stored)
            strides = [stride * stored.itemsize for stride in self.strides]
            return to_numbers(as_strided(values, shape, strides, writeable=False), self.element)

        return StoredTensor(shape, read)
