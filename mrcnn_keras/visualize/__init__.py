"""Pictures of instances: `draw_...` returns an image, `display_...` a matplotlib figure."""

from mrcnn_keras.visualize.colors import random_colors
from mrcnn_keras.visualize.drawing import draw_comparison, draw_detections
from mrcnn_keras.visualize.figures import display_differences, display_images, display_instances

__all__ = [
    "display_differences",
    "display_images",
    "display_instances",
    "draw_comparison",
    "draw_detections",
    "random_colors",
]
