"""Which objects are found: by their size, and by how close they are to others."""

import math

import numpy as np

from mrcnn_keras.detections import box_overlaps
from mrcnn_keras.evaluation.coco_matching import coco_run, mean_of

# Name and largest overlap with another object's box, of objects that are less crowded than the next.
CROWDING = (("apart", 0.0), ("touching", 0.2), ("overlapping", 1.0))


def size_table(predictions, *, kind=None):
    """Measures small, medium and large objects, as COCO does.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints"; `None`: masks where there are any.

    Returns:
        List of dicts: "size" ("small" below 32^2 pixels of area, "medium" up to 96^2, "large"; keypoints have no
        "small"), "objects" their number, "AP", "AP50" and "AR", floats from 0 to 1, NaN without objects.
    """
    run = coco_run(predictions, predictions.kind(kind))
    return [
        {
            "size": name,
            "objects": int(run.objects[:, size].sum()),
            "AP": mean_of(run.precision[..., size]),
            "AP50": mean_of(run.precision[run.at(0.5), ..., size]),
            "AR": mean_of(run.recall[..., size]),
        }
        for size, name in enumerate(run.sizes)
        if size > 0
    ]


def crowding_table(predictions, *, kind=None):
    """Measures how many objects are found beside others.

    An object's crowding is the largest intersection over union of its box with that of another annotated object of its
    picture, of any class: "apart" without any, "touching" up to 0.2, "overlapping" above. Suppression of duplicates
    works on boxes, so what overlaps there is lost first. A false detection belongs to no object, so there is no
    precision.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints", by which objects are found; `None`: masks where there are any.

    Returns:
        List of dicts: "crowding", "objects" their number, "recall50" the share that is found at an overlap of 0.5,
        "AR" the mean share over 0.5 to 0.95, each over all objects and not, as in COCO, over classes; NaN without any.
    """
    run = coco_run(predictions, predictions.kind(kind))
    found = np.concatenate([np.zeros((len(run.ious), 0), bool), *(one.found for one in run.classes)], axis=1)
    ids = np.concatenate([np.zeros(0, int), *(one.object_ids for one in run.classes)])
    crowding = np.array(object_crowding(predictions))[ids]
    rows, lower = [], -math.inf
    for name, upper in CROWDING:
        of_level = found[:, (crowding > lower) & (crowding <= upper)]
        share = of_level.mean(axis=1) if of_level.size else np.full(len(run.ious), math.nan)
        figures = {"objects": of_level.shape[1], "recall50": float(share[run.at(0.5)]), "AR": float(share.mean())}
        rows.append({"crowding": name, **figures})
        lower = upper
    return rows


def object_crowding(predictions):
    """Computes the crowding of each annotated instance, see `crowding_table`.

    Args:
        predictions: `Predictions`.

    Returns:
        List of floats, of all pictures in order; crowd regions are no neighbours.
    """
    found = []
    for truth in predictions.truths:
        overlaps = box_overlaps(truth.boxes, truth.boxes[truth.class_ids > 0])
        own = np.flatnonzero(truth.class_ids > 0)
        overlaps[own, np.arange(len(own))] = 0
        found += overlaps.max(axis=1, initial=0).tolist()
    return found
