"""Which reader runs which kind of written file."""

import importlib
from pathlib import Path

from mrcnn_keras.errors import UserError

# kind -> (module, function). The function takes the path and returns answer(image, proposals=None) -> Detections:
# image [H, W, 3] uint8 RGB, proposals [N, (y1, x1, y2, x2)], all in the picture's pixels. Modules are imported when
# they are used: each needs what runs its kind of file, and nothing else.
READERS = {
    "savedmodel": ("mrcnn_keras.export.saved_model_reader", "load_saved_model"),
    "tflite": ("mrcnn_keras.export.tflite_reader", "load_tflite"),
    "onnx": ("mrcnn_keras.export.onnx_reader", "load_onnx"),
}


def kind_of(path):
    """The kind of what was written: by the ending of a file; a folder is a SavedModel."""
    path = Path(path)
    suffix = path.suffix.lower().removeprefix(".")
    return suffix if suffix in READERS and not path.is_dir() else "savedmodel"


def load(path):
    """The function that runs the file or folder `path`, see READERS. Raises UserError for what cannot be read."""
    module, function = READERS[kind_of(path)]
    return getattr(importlib.import_module(module), function)(path)


def require(module, extra):
    """Imports what is optional. Raises UserError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(f'{error.name or module} is not installed; run `pip install "mrcnn_keras[{extra}]"`') from error
