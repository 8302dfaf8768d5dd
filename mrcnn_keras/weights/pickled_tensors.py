"""The names by which PyTorch's pickles describe tensors. What they make are records; nothing is of torch."""

from mrcnn_keras.weights import pickled_arrays, pickled_containers
from mrcnn_keras.weights.bad_file import BadFile
from mrcnn_keras.weights.pickle_values import Known
from mrcnn_keras.weights.restricted_pickle import PLAIN_CURE
from mrcnn_keras.weights.stored_tensor import is_count
from mrcnn_keras.weights.torch_tensor import Storage, TorchTensor

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
# Those that no weights have are refused by name where a tensor of a state dict has them.
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
    """A persistent id of PyTorch -> Storage. In files before 0.4 a storage may be a part of another, its last entry."""
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
    """_rebuild_tensor, and _rebuild_tensor_v2 with requires_grad, hooks and, in newer files, what is to be done yet."""
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise BadFile("has a damaged tensor")
    to_do = rest[2] if len(rest) > 2 else None
    if to_do and (not isinstance(to_do, dict) or any(to_do.values())):
        raise BadFile("has a tensor that is to be negated or conjugated yet", "save it with resolve_neg()")
    return TorchTensor(storage, offset, shape, strides, storage.element)


def _typed_tensor(storage, offset, shape, strides, requires_grad, hooks, element, *to_do):
    """_rebuild_tensor_v3, for types that have no storage class of their own."""
    if not isinstance(element, Known) or element.value is None:
        raise BadFile("has a damaged tensor")
    tensor = _tensor(storage, offset, shape, strides, requires_grad, hooks, *to_do)
    return tensor._replace(element=element.value)


def _tensor_with_attributes(function, _class, arguments, _attributes):
    if not isinstance(function, Known) or function.call is None:
        raise BadFile("has a damaged tensor")
    return function.call(*arguments)


def _parameter(tensor, *_):
    return tensor


NAMES = {
    **pickled_containers.NAMES,
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
    """What a name of PyTorch's files stands for, or None. Raises BadFile for tensors that are not plain numbers."""
    if module == "torch._utils" and name in NOT_DENSE:
        raise BadFile(f"holds {NOT_DENSE[name]}", "save the weights as plain float tensors")
    return NAMES.get((module, name))
