"""Generated pictures: shapes over photographs, and stick figures with keypoints."""

from mrcnn_keras.data.generated.shapes import ShapesDataset
from mrcnn_keras.data.generated.stick_figures import StickFiguresDataset

__all__ = ["ShapesDataset", "StickFiguresDataset"]
