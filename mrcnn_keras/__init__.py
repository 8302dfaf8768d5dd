"""Mask R-CNN for Keras 3 and TensorFlow 2.

Letters in shapes: B images in a batch, G ground-truth slots, A anchors, R RoIs, N detections, C classes with the
background 0, H W image, h w feature map or mask. Boxes are (y1, x1, y2, x2) in pixels; pixel i spans [i, i + 1).

The public names are imported when they are first used (PEP 562), since TensorFlow takes seconds to import.
"""

import importlib

from mrcnn_keras.backend import require_tensorflow
from mrcnn_keras.garbage import without_collecting
from mrcnn_keras.keras_registry import register_classes

require_tensorflow()
register_classes()

__version__ = "0.1.0"

# public name -> the module that it is in
_HOMES = {
    "CocoMetrics": "training",
    "Config": "config",
    "Dataset": "data",
    "Detections": "detections",
    "MaskRCNN": "model",
    "Resize": "resize",
    "ShapesDataset": "data",
    "StickFiguresDataset": "data",
    "Tiled": "model",
    "Tracker": "tracking",
    "UserError": "errors",
    "evaluate": "evaluation",
    "find_subsets": "data",
    "load_dataset": "data",
    "make_pipeline": "data",
    "read_proposals": "model",
    "resize_image": "resize",
    "train": "training",
}
_MODULES = ("evaluation", "export", "visualize")
__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with without_collecting():  # which would take a third of the time
        home = importlib.import_module(f"{__name__}.{_HOMES.get(name, name)}")
    globals()[name] = found = getattr(home, name) if name in _HOMES else home
    return found


def __dir__():
    return sorted({*globals(), *__all__})
