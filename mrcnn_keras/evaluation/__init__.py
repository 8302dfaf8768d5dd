"""Measures of a model on annotated pictures: `collect` detects once, and each measure is a function of what it found.

`evaluate` does both for COCO's average precision.
"""

from mrcnn_keras.evaluation.coco_ap import coco_scores, evaluate
from mrcnn_keras.evaluation.dataset_detection import classes_by_name, detect_in, renamed
from mrcnn_keras.evaluation.predictions import Predictions, collect

__all__ = ["Predictions", "classes_by_name", "coco_scores", "collect", "detect_in", "evaluate", "renamed"]
