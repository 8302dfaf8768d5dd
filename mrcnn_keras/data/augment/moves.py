"""What all moves of a picture share: new Detections from moved parts, tight boxes, and which objects stay."""

import dataclasses

import numpy as np

from mrcnn_keras.detections import crop_mask

# An object is dropped if less than this share and fewer than these pixels of it are left to see: a corner of a large
# object still shows what it is, and so does a small object that is whole.
MIN_SHARE = 0.1
MIN_PIXELS = 16


def moved(found, boxes, crops, points, size=None):
    """The Detections with other boxes [N, 4], mask crops, keypoints and (height, width) of the picture."""
    size = found.size if size is None else size
    return dataclasses.replace(found, size=size, boxes=boxes, mask_crops=crops, keypoints=points)


def crops_moved(found, move):
    """The mask crops, each moved; None for an instance without one, and instead of all where there are boxes only."""
    return None if found.mask_crops is None else tuple(None if c is None else move(c) for c in found.mask_crops)


def points_moved(found, move):
    """The keypoints, moved; None where there are none."""
    return None if found.keypoints is None else move(found.keypoints)


def tighten(found):
    """The instances with boxes tight around their masks, without those whose masks are empty.

    Instances without masks stay as they are.
    """
    crops = crops_moved(found, lambda c: crop_mask(c.bits, c.top, c.left))
    boxes = found.boxes.copy()
    for i in np.flatnonzero(found.has_mask):
        boxes[i] = crops[i].box
    seen = [crop is None or bool(crop.bits.size) for crop in crops or [None] * len(found)]
    return moved(found, boxes, crops, found.keypoints)[np.array(seen, bool)]


def seen_enough(found, whole, left=None):
    """The instances of which enough is left to see (MIN_SHARE, MIN_PIXELS), with boxes tight around their masks.

    found: Detections after the move. whole: [N] pixels that each covers where nothing of it is hidden or outside. left:
    [N] pixels that are seen; None: the areas of `found`. Crowd regions stay while a pixel is left.
    """
    left = found.areas if left is None else left
    kept = (left >= MIN_SHARE * whole) | (left >= MIN_PIXELS) | (found.class_ids < 0)
    return tighten(found[kept & (left > 0)])
