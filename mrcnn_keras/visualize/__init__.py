"""Pictures of instances, and of what is inside the network.

`draw_...` draws into a picture or on one `Axes`, `display_...` and `plot_...` make a matplotlib figure. The functions
of Matterport's package are here under their names, with their arguments in the same order; they return what they draw.
"""

from mrcnn_keras.visualize.boxes import draw_box, draw_boxes
from mrcnn_keras.visualize.class_masks import display_top_masks
from mrcnn_keras.visualize.colors import random_colors
from mrcnn_keras.visualize.comparison import draw_comparison
from mrcnn_keras.visualize.curves import plot_overlaps, plot_precision_recall
from mrcnn_keras.visualize.drawing import draw_detections
from mrcnn_keras.visualize.feature_maps import display_activations, display_feature_maps
from mrcnn_keras.visualize.figures import display_differences, display_images, display_instances
from mrcnn_keras.visualize.masks import apply_mask
from mrcnn_keras.visualize.proposals import draw_anchors, draw_proposals, draw_rois
from mrcnn_keras.visualize.roi_crops import display_mask_targets, display_roi_crops
from mrcnn_keras.visualize.splash import color_splash
from mrcnn_keras.visualize.stages import network_stages
from mrcnn_keras.visualize.tables import display_table, display_weight_stats
from mrcnn_keras.visualize.tracks import draw_tracks
from mrcnn_keras.visualize.video import Frames, open_video

__all__ = [
    "Frames",
    "apply_mask",
    "color_splash",
    "display_activations",
    "display_differences",
    "display_feature_maps",
    "display_images",
    "display_instances",
    "display_mask_targets",
    "display_roi_crops",
    "display_table",
    "display_top_masks",
    "display_weight_stats",
    "draw_anchors",
    "draw_box",
    "draw_boxes",
    "draw_comparison",
    "draw_detections",
    "draw_proposals",
    "draw_rois",
    "draw_tracks",
    "network_stages",
    "open_video",
    "plot_overlaps",
    "plot_precision_recall",
    "random_colors",
]
