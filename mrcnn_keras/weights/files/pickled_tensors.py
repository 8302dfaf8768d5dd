"""The names by which PyTorch's pickles describe tensors; they make records, for which PyTorch is not needed."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from mrcnn_keras.weights.files import pickled_arrays, restricted_pickle
from mrcnn_keras.weights.files.restricted_pickle import PLAIN_CURE, Known
from mrcnn_keras.weights.files.stored_tensor import (
    BadFile,
    StoredTensor,
    checked_shape,
    is_count,
    stored_dtype,
    to_numbers,
)

MOST_REPEATED = 2**26  # bytes of a tensor that is larger than the numbers it is made of


class Storage(NamedTuple):
    """A row of numbers. `key` is its name in the file; `start` and `count` (elements) say which part is meant."""

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
        """Elements of the storage from the tensor's first to its last."""
        if 0 in self.shape:
            return 0
        return 1 + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))

    def tensor(self, read_bytes: Callable[[str, int, int], bytes], byte_order="<"):
        """-> StoredTensor. `read_bytes` takes the storage's key, an offset in bytes and a size.

        Raises BadFile if a number would lie outside the storage.
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


STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",  # its count is in bytes
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
# Types that no weights have are refused by name when a tensor of a state dict has them.
TYPES = {*STORAGES.values(), "uint64", "uint32", "uint16", "float8_e4m3fn", "float8_e5m2"}
NOT_DENSE = {
    "_rebuild_qtensor": "a quantised tensor",
    "_rebuild_sparse_tensor": "a sparse tensor",
    "_rebuild_sparse_csr_tensor": "a sparse tensor",
    "_rebuild_nested_tensor": "a nested tensor",
    "_rebuild_meta_tensor_no_storage": "a tensor without numbers (of the device meta)",
    "_rebuild_wrapper_subclass": "a tensor of a special class",
    "_rebuild_device_tensor_from_numpy": "a tensor of a special device",
}


def storage_of(identity):
    """A persistent id of PyTorch -> Storage. Before 0.4 its last entry may say that it is a part of another."""
    kind, *rest = identity if isinstance(identity, tuple) and identity else (None,)
    if kind == "module":
        raise BadFile("holds a whole model with its code; nothing of it was run", PLAIN_CURE)
    if kind != "storage" or len(rest) not in (4, 5) or not isinstance(rest[0], Known) or rest[0].value is None:
        raise BadFile("has a damaged pickle")
    storage, key, _device, count, *part = rest
    start, (part,) = 0, part or [None]
    if part is not None:
        _name, start, count = part
    if not isinstance(key, str) or not is_count(count) or not is_count(start):
        raise BadFile("has a damaged pickle")
    return Storage(key, storage.value, count, start)


def _tensor(storage, offset, shape, strides, *rest):
    """_rebuild_tensor, and _rebuild_tensor_v2 with requires_grad, hooks and, in newer files, pending operations."""
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise BadFile("has a damaged tensor")
    pending = rest[2] if len(rest) > 2 else None
    if pending and (not isinstance(pending, dict) or any(pending.values())):
        raise BadFile("has a tensor that still has to be negated or conjugated", "save it with resolve_neg()")
    return TorchTensor(storage, offset, shape, strides, storage.element)


def _typed_tensor(storage, offset, shape, strides, requires_grad, hooks, element, *pending):
    """_rebuild_tensor_v3, for types that have no storage class of their own."""
    if not isinstance(element, Known) or element.value is None:
        raise BadFile("has a damaged tensor")
    tensor = _tensor(storage, offset, shape, strides, requires_grad, hooks, *pending)
    return tensor._replace(element=element.value)


def _tensor_with_attributes(function, _class, arguments, _attributes):
    if not isinstance(function, Known) or function.call is None:
        raise BadFile("has a damaged tensor")
    return function.call(*arguments)


def _parameter(tensor, *_):
    return tensor


NAMES = {
    **restricted_pickle.CONTAINERS,
    **pickled_arrays.NAMES,
    ("torch._utils", "_rebuild_tensor"): Known("torch tensor", _tensor),
    ("torch._utils", "_rebuild_tensor_v2"): Known("torch tensor", _tensor),
    ("torch._utils", "_rebuild_tensor_v3"): Known("torch tensor", _typed_tensor),
    ("torch._utils", "_rebuild_parameter"): Known("torch parameter", _parameter),
    ("torch._utils", "_rebuild_parameter_with_state"): Known("torch parameter", _parameter),
    ("torch._tensor", "_rebuild_from_type_v2"): Known("torch tensor", _tensor_with_attributes),
    ("torch._tensor", "Tensor"): Known("torch.Tensor"),
    ("torch", "Tensor"): Known("torch.Tensor"),
    ("torch.nn.parameter", "Parameter"): Known("torch.nn.Parameter"),
    ("torch", "Size"): Known("torch.Size", tuple),
    ("torch", "device"): Known("torch.device", lambda *parts: ":".join(map(str, parts))),
    ("torch.storage", "UntypedStorage"): Known("torch.UntypedStorage", value="uint8"),
    **{("torch", name): Known(f"torch.{name}", value=element) for name, element in STORAGES.items()},
    **{("torch.cuda", name): Known(f"torch.{name}", value=element) for name, element in STORAGES.items()},
    **{("torch", name): Known(f"torch.{name}", value=name) for name in TYPES},
}


def find_name(module, name):
    """What a name in PyTorch's files stands for, or None. Raises BadFile for tensors that are not plain numbers."""
    if module == "torch._utils" and name in NOT_DENSE:
        raise BadFile(f"holds {NOT_DENSE[name]}", "save the weights as plain float tensors")
    return NAMES.get((module, name))
