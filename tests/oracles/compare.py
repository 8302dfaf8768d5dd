"""Numbers that say how near two outputs are."""

import numpy as np


def difference(ours, theirs):
    """The median difference as a share of the stage's own scale, the mean of its absolute values."""
    assert ours.shape == theirs.shape
    theirs = theirs.astype(np.float64)
    return float(np.median(np.abs(ours - theirs)) / max(np.abs(theirs).mean(), 1e-12))


def in_order_of(boxes, reference):
    """For each row of `reference` [M, 4] the nearest row of `boxes` [N, 4] -> indices [M], largest differences [M]."""
    far = np.abs(boxes[None] - reference[:, None]).max(axis=-1)
    index = far.argmin(axis=1)
    return index, far[np.arange(len(reference)), index]


def pairs(ours, theirs, box_tolerance, score_tolerance=1e-3):
    """Detections that are the same, one to one -> list of (index in theirs, index in ours).

    Each of both is (boxes [N, 4], classes [N], scores [N]).
    """
    matched, free = [], np.ones(len(ours[0]), bool)
    for i, (box, label, score) in enumerate(zip(*theirs, strict=True)):
        far = np.abs(ours[0] - box).max(axis=-1, initial=0)
        fits = free & (ours[1] == label) & (np.abs(ours[2] - score) <= score_tolerance) & (far <= box_tolerance)
        if fits.any():
            j = int(np.flatnonzero(fits)[far[fits].argmin()])
            free[j] = False
            matched.append((i, j))
    return matched


def unpacked(bits, shape):
    """final_masks_bits -> [N, H, W] bool."""
    height, width = (int(side) for side in shape[1:])
    return np.unpackbits(bits, axis=1)[:, : height * width].reshape(-1, height, width).astype(bool)


def mask_ious(matched, ours, theirs):
    """IoU of each pair of masks: ours a Detections, theirs [N, H, W] bool; two empty masks are equal."""
    ious = []
    for i, j in matched:
        mask = ours.mask(j)
        union = (mask | theirs[i]).sum()
        ious.append((mask & theirs[i]).sum() / union if union else 1.0)
    return np.array(ious)
