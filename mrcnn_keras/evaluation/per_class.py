"""One row per class: how many objects, how many are found, and with which score threshold."""

import math

import numpy as np

from mrcnn_keras.evaluation.coco_ap import class_keys
from mrcnn_keras.evaluation.coco_matching import coco_run, mean_of
from mrcnn_keras.evaluation.curves import score_curves


def class_table(predictions, *, kind=None):
    """Measures each class.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints"; `None`: masks where there are any.

    Returns:
        List of dicts, one per class without background: "class" its name, "objects" their number, "AP", "AP50", "AP75"
        and "AR" as in `evaluate`; "threshold" the lowest score that gives the highest F1 at IoU 0.5, with "precision",
        "recall" and "f1" there. Floats from 0 to 1, NaN where there are no objects; without a right instance there is
        no threshold (NaN), and precision, recall and F1 are 0.
    """
    kind = predictions.kind(kind)
    run, curves = coco_run(predictions, kind), score_curves(predictions, kind=kind)
    return [
        {
            "class": key,
            "objects": curves[key].objects,
            "AP": mean_of(run.precision[:, :, k, 0]),
            "AP50": mean_of(run.precision[run.at(0.5), :, k, 0]),
            "AP75": mean_of(run.precision[run.at(0.75), :, k, 0]),
            "AR": mean_of(run.recall[:, k, 0]),
            **_at_the_best(curves[key]),
        }
        for k, key in enumerate(class_keys(predictions.class_names))
    ]


def _at_the_best(curve):
    best = curve.best()
    if best is None:
        nothing = 0.0 if curve.objects else math.nan
        return {"threshold": math.nan, **dict.fromkeys(("precision", "recall", "f1"), nothing)}
    columns = {"threshold": curve.scores, "precision": curve.precision, "recall": curve.recall, "f1": curve.f1}
    return {name: float(np.asarray(column)[best]) for name, column in columns.items()}
