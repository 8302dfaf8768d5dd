"""Measures of a model on annotated pictures: `collect` detects once, and each measure is a function of what it found.

`evaluate` does both for COCO's average precision.
"""

from mrcnn_keras.evaluation.breakdown import crowding_table, size_table
from mrcnn_keras.evaluation.coco_ap import boundary_scores, class_keys, coco_scores, evaluate
from mrcnn_keras.evaluation.confusion import confused_with, confusion_matrix
from mrcnn_keras.evaluation.counting import Counts, counting_scores, picture_counts, worst_pictures
from mrcnn_keras.evaluation.curves import (
    ALL_CLASSES,
    Calibration,
    ScoreCurve,
    calibration,
    precision_recall,
    score_curves,
)
from mrcnn_keras.evaluation.dataset_detection import classes_by_name, detect_in, renamed
from mrcnn_keras.evaluation.matterport import (
    compute_ap,
    compute_ap_range,
    compute_iou,
    compute_matches,
    compute_overlaps,
    compute_overlaps_masks,
    compute_recall,
)
from mrcnn_keras.evaluation.packed_detections import PackedDetections
from mrcnn_keras.evaluation.per_class import class_table
from mrcnn_keras.evaluation.predictions import Predictions, collect
from mrcnn_keras.evaluation.thresholds import best_thresholds
from mrcnn_keras.evaluation.tide import ErrorTypes, error_types

__all__ = [
    "ALL_CLASSES",
    "Calibration",
    "Counts",
    "ErrorTypes",
    "PackedDetections",
    "Predictions",
    "ScoreCurve",
    "best_thresholds",
    "boundary_scores",
    "calibration",
    "class_keys",
    "class_table",
    "classes_by_name",
    "coco_scores",
    "collect",
    "compute_ap",
    "compute_ap_range",
    "compute_iou",
    "compute_matches",
    "compute_overlaps",
    "compute_overlaps_masks",
    "compute_recall",
    "confused_with",
    "confusion_matrix",
    "counting_scores",
    "crowding_table",
    "detect_in",
    "error_types",
    "evaluate",
    "picture_counts",
    "precision_recall",
    "renamed",
    "score_curves",
    "size_table",
    "worst_pictures",
]
