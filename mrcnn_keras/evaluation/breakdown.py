"""Which objects are found: by their size, and by how close they are to others."""

import math

import numpy as np

from mrcnn_keras.detections import box_overlaps
from mrcnn_keras.evaluation.coco_ap import SIZES, coco_run, evaluated_pictures, mean_of, num_objects, threshold_index

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
    coco = coco_run(predictions, predictions.kind(kind))
    precision, recall = coco.eval["precision"][..., 0], coco.eval["recall"][..., 0]
    at_50, classes = threshold_index(coco, 0.5), range(len(coco.params.catIds))
    return [
        {
            "size": name,
            "objects": sum(num_objects(evaluated_pictures(coco, k, size)) for k in classes),
            "AP": mean_of(precision[..., size]),
            "AP50": mean_of(precision[at_50, ..., size]),
            "AR": mean_of(recall[..., size]),
        }
        for size, name in enumerate(coco.params.areaRngLbl)
        if name in SIZES
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
    coco = coco_run(predictions, predictions.kind(kind))
    found = {}  # {COCO's id of an object: [IoU] bool}
    for one in (one for k in range(len(coco.params.catIds)) for one in evaluated_pictures(coco, k)):
        for i, matches, ignored in zip(one["gtIds"], one["gtMatches"].T, one["gtIgnore"], strict=True):
            if not ignored:
                found[i] = matches > 0
    crowding = object_crowding(predictions)
    at_50 = threshold_index(coco, 0.5)
    rows, lower = [], -math.inf
    for name, upper in CROWDING:
        of_level = [column for i, column in found.items() if lower < crowding[i - 1] <= upper]
        share = np.mean(of_level, axis=0) if of_level else np.full(len(coco.params.iouThrs), np.nan)
        rows.append(
            {"crowding": name, "objects": len(of_level), "recall50": float(share[at_50]), "AR": float(share.mean())}
        )
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
        overlaps = box_overlaps(truth, truth[truth.class_ids > 0])
        own = np.flatnonzero(truth.class_ids > 0)
        overlaps[own, np.arange(len(own))] = 0
        found += overlaps.max(axis=1, initial=0).tolist()
    return found
