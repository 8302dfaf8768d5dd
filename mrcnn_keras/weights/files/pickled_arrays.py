"""The names by which pickles of Python 2, numpy 1 and numpy 2 describe numpy arrays."""

import numpy as np

from mrcnn_keras.weights.files.restricted_pickle import Known, LongString
from mrcnn_keras.weights.files.stored_tensor import BadFile, StoredTensor, checked_shape, to_numbers

LETTERS = {
    "f8": "float64",
    "f4": "float32",
    "f2": "float16",
    "b1": "bool",
    **{
        f"{letter}{size}": f"{kind}{8 * size}"
        for letter, kind in (("i", "int"), ("u", "uint"))
        for size in (1, 2, 4, 8)
    },
}


class PickledType:
    """numpy.dtype: its letters, such as f4, and its byte order."""

    def __init__(self, letters, *_):
        self.letters, self.byte_order = letters.lstrip("<>|="), ">" if letters[:1] == ">" else "<"

    def set_state(self, state):
        _version, order, *structure = state
        if any(part is not None for part in structure[:3]):
            self.letters = "V"  # fields or sub-arrays
        self.byte_order = ">" if order == ">" else "<"

    @property
    def element(self):
        """The element's name, or None if weights do not consist of such values."""
        return LETTERS.get(self.letters)


class PickledArray:
    """numpy.ndarray or a numpy scalar, whose bytes are not read yet."""

    def __init__(self, shape=(), kind=None, fortran=False, data=b""):
        self.shape, self.kind, self.fortran, self.data = shape, kind, fortran, data

    def set_state(self, state):
        self.shape, self.kind, self.fortran, self.data = state[-4:]  # older states lack the version in front

    def tensor(self):
        """-> StoredTensor. Raises BadFile if it holds no numbers, or bytes and shape disagree."""
        if not isinstance(self.kind, PickledType):
            raise BadFile("has a damaged numpy array")
        element = self.kind.element
        if element is None:
            raise BadFile(f"holds a numpy array of type {self.kind.letters[:10]!r}", "save numbers only")
        stored = np.dtype(self.kind.byte_order + self.kind.letters)
        shape, size = checked_shape(self.shape, stored.itemsize)
        data = self.data.encode("latin-1") if isinstance(self.data, str) else self.data
        if not isinstance(data, bytes | LongString):
            raise BadFile("has a damaged numpy array")
        written = data.size if isinstance(data, LongString) else len(data)
        # UTF-8 takes one or two bytes per character of latin-1.
        fits = written / 2 <= size <= written if getattr(data, "latin1", False) else written == size
        if not fits:
            raise BadFile(f"has a numpy array of shape {shape} with {written} bytes instead of {size}: it is damaged")
        order = "F" if self.fortran else "C"

        def read():
            content = data.read() if isinstance(data, LongString) else data
            return to_numbers(np.frombuffer(content, stored).reshape(shape, order=order), element)

        return StoredTensor(shape, read)


def _from_buffer(data, kind, shape, order, *_axis_order):
    """An array as protocol 5 writes it."""
    if order not in ("C", "F") or _axis_order not in ((), (None,)):
        raise BadFile("has a numpy array whose axes are in an unusual order")
    return PickledArray(shape, kind, order == "F", data)


NAMES = {("numpy", "dtype"): Known("numpy.dtype", PickledType), ("numpy", "ndarray"): Known("numpy.ndarray")}
for _core in ("numpy.core", "numpy._core"):
    NAMES |= {
        (f"{_core}.multiarray", "_reconstruct"): Known("numpy array", lambda kind, shape, letter: PickledArray()),
        (f"{_core}.multiarray", "scalar"): Known(
            "numpy scalar", lambda kind, data: PickledArray((), kind, False, data)
        ),
        (f"{_core}.numeric", "_frombuffer"): Known("numpy array", _from_buffer),
    }
