"""Copy-paste of instances: objects of one photograph in another (Ghiasi et al. 2021, Simple Copy-Paste)."""

import dataclasses

import numpy as np

from mrcnn_keras.data.augment.moves import moved, seen_enough
from mrcnn_keras.detections import MaskCrop


def paste_objects(image, found, source, pasted):
    """The picture with objects of another picture of the same size in front of its own.

    What they cover is cut from the masks of the objects behind, whose boxes become tight again; objects with almost
    nothing left to see are dropped (`seen_enough`), and crowd regions lose what is covered. An object with a box only
    keeps its box while enough of that is seen. Keypoints behind pasted objects are hidden (visibility 1).

    source: the other picture, [H, W, 3] uint8. pasted: Detections in it that all have masks; they come last.
    """
    if not len(pasted):
        return image, found
    covered = np.zeros(found.size, bool)
    for crop in pasted.mask_crops:
        covered[crop.window] |= crop.bits
    image = np.where(covered[:, :, None], source, image)
    crops = [None if c is None else MaskCrop(c.top, c.left, c.bits & ~covered[c.window]) for c in _crops(found)]
    left = [
        np.count_nonzero(crop.bits) if crop is not None else area - np.count_nonzero(covered[_window(box)])
        for crop, area, box in zip(crops, found.areas, found.boxes, strict=True)
    ]
    behind = moved(found, found.boxes, crops, _behind(found.keypoints, covered))
    return image, _joined(seen_enough(behind, found.areas, np.array(left, float)), pasted)


def _crops(found):
    return [None] * len(found) if found.mask_crops is None else found.mask_crops


def _window(box):
    """The pixels of a box as slices."""
    y1, x1, y2, x2 = (max(0, int(side)) for side in np.rint(box))
    return slice(y1, y2), slice(x1, x2)


def _behind(keypoints, covered):
    """Keypoints [N, K, 3], hidden where a pixel is covered; None where there are none."""
    if keypoints is None:
        return None
    y, x = (np.clip(keypoints[..., i].astype(int), 0, side - 1) for i, side in enumerate(covered.shape))
    hidden = covered[y, x] & (keypoints[..., 2] > 0)
    return np.where(hidden[..., None] & (np.arange(3) == 2), np.float32(1), keypoints)


def _joined(first, second):
    """The instances of two Detections of the same picture."""
    both = {name: np.concatenate([getattr(one, name) for one in (first, second)]) for name in ("boxes", "class_ids")}
    if first.keypoints is not None:
        both["keypoints"] = np.concatenate([first.keypoints, second.keypoints])
    return dataclasses.replace(first, **both, mask_crops=(*_crops(first), *_crops(second)))
