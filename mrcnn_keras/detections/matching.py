"""Which found instances are which annotated ones of the same picture."""

import numpy as np
from pycocotools import mask as coco_mask


def match_instances(annotated, found, iou_threshold=0.5):
    """Matches each found instance, best score first, with the annotated one of its class that overlaps it most.

    An annotated instance is matched once at most, and only if the overlap reaches `iou_threshold`. Overlaps are of
    masks where both have them, of boxes elsewhere.

    Args:
        annotated: `Detections`, A instances.
        found: `Detections` with scores, F instances in the same picture.
        iou_threshold: Float, 0 to 1, smallest intersection over union of a match.

    Returns:
        Tuple of `[F]` integers, the index in `annotated` or -1, and `[F]` float64, intersection over union of the match
        or 0.
    """
    matches, overlaps = np.full(len(found), -1), np.zeros(len(found))
    if not len(annotated) or not len(found):
        return matches, overlaps
    ious = box_overlaps(found.boxes, annotated.boxes)
    if found.has_mask.all() and annotated.has_mask.any():
        drawn = annotated[annotated.has_mask]
        ious[:, annotated.has_mask] = coco_mask.iou(found.rle(), drawn.rle(), [0] * len(drawn))
    ious[found.class_ids[:, None] != annotated.class_ids] = 0
    for i in np.argsort(-found.scores, kind="stable"):
        best = int(ious[i].argmax())
        if ious[i, best] >= max(iou_threshold, 1e-9):
            matches[i], overlaps[i] = best, ious[i, best]
            ious[:, best] = 0
    return matches, overlaps


def box_overlaps(some, others):
    """Computes the overlaps of two sets of boxes.

    Args:
        some: `[N, (y1, x1, y2, x2)]`.
        others: `[M, (y1, x1, y2, x2)]`.

    Returns:
        `[N, M]` float64, intersection over union.
    """
    if not len(some) or not len(others):
        return np.zeros((len(some), len(others)))
    return coco_mask.iou(_sides(np.asarray(some)), _sides(np.asarray(others)), [0] * len(others))


def _sides(boxes):
    """(y1, x1, y2, x2) as COCO's (x, y, width, height), float64."""
    y1, x1, y2, x2 = boxes.T.astype(float)
    return np.stack([x1, y1, x2 - x1, y2 - y1], axis=1)
