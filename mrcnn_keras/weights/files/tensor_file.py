"""The front door to files of weights: any kind, recognised by its content, as a mapping from names to numpy arrays.

Nothing in a file is run, whatever it asks for, and no more memory is taken than the requested tensors need. Whatever
is wrong with a file becomes a UserError. Only PyTorch's zip format has checksums; in the other kinds damage inside the
numbers is found where it makes them infinite, undefined or absurdly large.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files.h5_file import open_h5
from mrcnn_keras.weights.files.kinds import kind_of
from mrcnn_keras.weights.files.pickle_file import open_pickle
from mrcnn_keras.weights.files.safetensors_file import open_safetensors
from mrcnn_keras.weights.files.stored_tensor import AGAIN, BadFile, FileBytes
from mrcnn_keras.weights.files.torch_file import open_torch
from mrcnn_keras.weights.files.torch_legacy_file import open_torch_legacy

OPEN = {
    "torch": open_torch,
    "torch_legacy": open_torch_legacy,
    "pickle": open_pickle,
    "h5": open_h5,
    "safetensors": open_safetensors,
}
LARGEST = 1e10  # no weight of a working network is near it
VARIANCES = ("running_var", "moving_variance")


class TensorFile(Mapping):
    """The tensors of one file: name -> numpy array, in the file's order, read on demand and not kept.

    `kind` is "torch", "torch_legacy", "pickle", "h5" or "safetensors"; `shapes` is {name: shape} and reads nothing.
    Arrays have the file's type (bfloat16 becomes float32) and may be read-only. Use it in a `with`, or close it.
    """

    def __init__(self, path, file, kind, tensors):
        self.path, self.kind = path, kind
        self.shapes = {name: tensor.shape for name, tensor in tensors.items()}
        self._file, self._tensors = file, tensors

    def __getitem__(self, name):
        tensor = self._tensors[name]
        with describe_error(self.path):
            return _checked(name, tensor.read())

    def __iter__(self):
        return iter(self._tensors)

    def __len__(self):
        return len(self._tensors)

    def __contains__(self, name):
        return name in self._tensors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()


def read_tensors(path):
    """Opens a file of weights -> TensorFile. Raises UserError: what the file is or lacks, and what to do."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder; give the file of weights in it")
    try:
        file = open(path, "rb")  # noqa: SIM115  the TensorFile closes it
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); give a file that is there and readable") from error
    source = FileBytes(file)
    try:
        with describe_error(path):
            kind = kind_of(source)
            return TensorFile(path, source, kind, OPEN[kind](source))
    except BaseException:
        source.close()
        raise


@contextmanager
def describe_error(path):
    """Makes a UserError that begins with the path of whatever goes wrong while a file is read.

    The readers check what they can think of; damaged files find the rest.
    """
    try:
        yield
    except UserError:
        raise
    except BadFile as error:
        raise UserError(f"{path} {error}") from error
    except MemoryError as error:
        raise UserError(f"{path} needs more memory than there is; close other programs") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise UserError(f"{path} is damaged or not what it seems ({reason}); {AGAIN}") from error


def _checked(name, array):
    if array.dtype.kind != "f" or not array.size:
        return array
    least, most = float(array.min()), float(array.max())  # one of them is nan if any number is
    if not np.isfinite(least) or not np.isfinite(most):
        raise BadFile(f"has numbers that are infinite or undefined in {name!r}: it is damaged")
    if max(-least, most) > LARGEST:
        raise BadFile(f"has numbers as large as {max(-least, most):.0e} in {name!r}: it is damaged")
    if least < 0 and name.endswith(VARIANCES):
        raise BadFile(f"has a variance below 0 in {name!r}: it is damaged")
    return array
