"""Mask R-CNN for Keras 3 and TensorFlow 2.

Letters in shapes: B images in a batch, G ground-truth slots, A anchors, R RoIs, N detections, C classes with the
background 0, H W image, h w feature map or mask. Boxes are (y1, x1, y2, x2) in pixels; pixel i spans [i, i + 1).
"""

from mrcnn_keras.backend import require_tensorflow

require_tensorflow()

from mrcnn_keras import export, visualize  # noqa: E402
from mrcnn_keras.config import Config  # noqa: E402
from mrcnn_keras.data.dataset import Dataset  # noqa: E402
from mrcnn_keras.data.loading import find_subsets, load_dataset  # noqa: E402
from mrcnn_keras.data.pipeline import make_pipeline  # noqa: E402
from mrcnn_keras.data.shapes import ShapesDataset  # noqa: E402
from mrcnn_keras.detections import Detections  # noqa: E402
from mrcnn_keras.errors import UserError  # noqa: E402
from mrcnn_keras.evaluation import evaluate  # noqa: E402
from mrcnn_keras.model import MaskRCNN  # noqa: E402
from mrcnn_keras.resize import Resize, resize_image  # noqa: E402
from mrcnn_keras.training import train  # noqa: E402

__version__ = "0.1.0"

__all__ = [
    "Config",
    "Dataset",
    "Detections",
    "MaskRCNN",
    "Resize",
    "ShapesDataset",
    "UserError",
    "evaluate",
    "export",
    "find_subsets",
    "load_dataset",
    "make_pipeline",
    "resize_image",
    "train",
    "visualize",
]
