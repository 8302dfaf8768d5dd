"""The score from which on a found instance is worth showing, for each class."""

import numpy as np

from mrcnn_keras.detections import check_score
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation.curves import ALL, score_curves


def best_thresholds(predictions, *, kind=None, iou=0.5):
    """Finds the lowest score of each class that gives the highest F1.

    A class of which nothing right was found has the score that is best for all classes together.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints"; `None`: masks where there are any.
        iou: Float, the overlap of a match, one of COCO's 0.5, 0.55, ... 0.95.

    Returns:
        Tuple of floats, one per class without background: the setting CLASS_MIN_SCORES.

    Raises:
        UserError: If nothing right was found of any class.
    """
    curves = score_curves(predictions, kind=kind, iou=iou)
    together = curves.pop(ALL)
    if together.best() is None:
        raise UserError("no score is best, as no annotated object was found; train longer, or measure on other data")
    bests = [(curve, curve.best()) for curve in curves.values()]
    common = together.scores[together.best()]
    return tuple(float(common if best is None else curve.scores[best]) for curve, best in bests)


def class_limits(predictions, min_score, kind=None):
    """Gives the lowest score of each class.

    Args:
        predictions: `Predictions`.
        min_score: Float; or a sequence of floats, one per class without background; or "best": `best_thresholds`.
        kind: As of `best_thresholds`.

    Returns:
        `[C]` floats by class id; that of the background is 0.

    Raises:
        UserError: If these are no such scores.
    """
    if isinstance(min_score, str) and min_score == "best":
        min_score = best_thresholds(predictions, kind=kind)
    check_score(min_score)
    classes = len(predictions.class_names) - 1
    if np.ndim(min_score) and len(min_score) != classes:
        raise UserError(f"there are {len(min_score)} lowest scores for {classes} classes; give one for each")
    return np.concatenate([[0.0], np.broadcast_to(np.asarray(min_score, float), classes)])
