"""The score from which on a found instance is worth showing, for each class."""

import numpy as np

from mrcnn_keras.detections import check_score
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation.curves import ALL_CLASSES, score_curves


def best_thresholds(predictions, *, kind=None, iou=0.5):
    """Finds the lowest score of each class that gives the highest F1.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints"; `None`: masks where there are any.
        iou: Float, the overlap of a match, one of COCO's 0.5, 0.55, ... 0.95.

    Returns:
        Dict {class name: float}, and "all classes": the score that is best for all in one ranking, which a class has,
        too, of which nothing right was found.

    Raises:
        UserError: If nothing right was found of any class.
    """
    curves = score_curves(predictions, kind=kind, iou=iou)
    if curves[ALL_CLASSES].best() is None:
        raise UserError("no score is best, as no annotated object was found; train longer, or measure on other data")
    bests = {name: float(curve.scores[curve.best()]) for name, curve in curves.items() if curve.best() is not None}
    return {name: bests.get(name, bests[ALL_CLASSES]) for name in curves}


def class_limits(predictions, min_score, kind=None):
    """Returns the lowest score of each class.

    Args:
        predictions: `Predictions`.
        min_score: Float; or a sequence of floats, one per class without background; or "best": `best_thresholds`.
        kind: As in `best_thresholds`.

    Returns:
        `[C]` floats by class id; that of the background is 1.

    Raises:
        UserError: If these are not such scores.
    """
    if isinstance(min_score, str) and min_score == "best":
        min_score = [score for name, score in best_thresholds(predictions, kind=kind).items() if name != ALL_CLASSES]
    check_score(min_score)
    classes = len(predictions.class_names) - 1
    if np.ndim(min_score) and len(min_score) != classes:
        raise UserError(f"there are {len(min_score)} lowest scores for {classes} classes; give one for each")
    return np.concatenate([[1.0], np.broadcast_to(np.asarray(min_score, float), classes)])
