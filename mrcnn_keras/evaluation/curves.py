"""Precision and recall, F1 by score, and calibration: how a model's scores are to be read."""

from dataclasses import dataclass

import numpy as np

from mrcnn_keras.evaluation.coco_ap import class_keys
from mrcnn_keras.evaluation.coco_matching import coco_run
from mrcnn_keras.evaluation.ranking import pooled, rankings

ALL_CLASSES = "all classes"  # in one ranking


@dataclass(frozen=True, eq=False)
class ScoreCurve:
    """Precision, recall and F1 of the instances with at least a score.

    Args:
        scores: `[S]` floats, each score that occurs, highest first.
        precision: `[S]` floats, the share of right ones among the found instances.
        recall: `[S]` floats, the share of the objects that were found; NaN without objects.
        f1: `[S]` floats, 2 precision recall / (precision + recall); NaN without objects.
        objects: Integer, the number of annotated objects.
    """

    scores: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    objects: int

    def best(self):
        """Finds the score with the highest F1, the highest such score.

        Returns:
            Index into `scores`, or `None` if nothing right was found.
        """
        if not self.objects or not np.any(self.f1 > 0):
            return None
        return int(np.argmax(self.f1))


@dataclass(frozen=True, eq=False)
class Calibration:
    """How often instances of a score are right (a reliability diagram).

    Args:
        edges: `[B + 1]` floats, the bins of scores; the last bin has its upper edge, the others do not.
        scores: `[B]` floats, the mean score in a bin; NaN in an empty one.
        precision: `[B]` floats, the share of right instances in a bin; NaN in an empty one.
        counts: `[B]` integers, instances in a bin.
        error: Float, the expected calibration error: the mean difference of score and precision over the bins,
            weighted by their counts (Guo et al. 2017, "On Calibration of Modern Neural Networks"); NaN without any.
    """

    edges: np.ndarray
    scores: np.ndarray
    precision: np.ndarray
    counts: np.ndarray
    error: float


def score_curves(predictions, *, kind=None, iou=0.5):
    """Computes precision, recall and F1 by score.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints"; `None`: masks where there are any.
        iou: Float, the overlap of a match, one of COCO's 0.5, 0.55, ... 0.95.

    Returns:
        Dict {class name: `ScoreCurve`}, and "all classes": of all in one ranking.
    """
    ranked = rankings(predictions, kind, iou)
    keys = class_keys(predictions.class_names)
    return {key: _curve(one) for key, one in zip([*keys, ALL_CLASSES], [*ranked, pooled(ranked)], strict=True)}


def _curve(ranked):
    scores, right, found = ranked.counts()
    precision = right / found
    if not ranked.objects:
        unknown = np.full(len(scores), np.nan)
        return ScoreCurve(scores, precision, unknown, unknown, 0)
    return ScoreCurve(scores, precision, right / ranked.objects, 2 * right / (found + ranked.objects), ranked.objects)


def precision_recall(predictions, *, kind=None, iou=0.5):
    """Returns COCO's precision at 101 recalls, whose mean is average precision.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints"; `None`: masks where there are any.
        iou: Float, one of COCO's 0.5, 0.55, ... 0.95.

    Returns:
        Tuple of `[101]` recalls from 0 to 1 and a dict {class name: `[101]` precisions, NaN without objects}, and
        "all classes": their mean over classes with objects.
    """
    run = coco_run(predictions, predictions.kind(kind))
    curves = dict(zip(class_keys(predictions.class_names), run.precision[run.at(iou), ..., 0].T, strict=True))
    with_objects = [curve for curve in curves.values() if not np.isnan(curve).any()]
    mean = np.mean(with_objects, axis=0) if with_objects else np.full(len(run.recalls), np.nan)
    return run.recalls, {**curves, ALL_CLASSES: mean}


def calibration(predictions, *, kind=None, iou=0.5, bins=10):
    """Compares scores with the share of instances that are right.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints"; `None`: masks where there are any.
        iou: Float, the overlap of a match, one of COCO's 0.5, 0.55, ... 0.95.
        bins: Integer, the number of bins of equal width.

    Returns:
        `Calibration`, of all classes together.
    """
    ranked = pooled(rankings(predictions, kind, iou))
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, ranked.scores, side="right") - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    some = np.where(counts, counts, np.nan)
    scores, precision = (np.bincount(places, w, minlength=bins) / some for w in (ranked.scores, ranked.right))
    error = float(np.nansum(counts * np.abs(scores - precision)) / counts.sum()) if counts.any() else float("nan")
    return Calibration(edges, scores, precision, counts, error)
