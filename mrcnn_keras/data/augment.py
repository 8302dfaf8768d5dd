"""Changes of a picture together with its instances, as functions of plain arrays.

Each takes an image [H, W, 3] uint8 and `found`, the Detections in it without scores, and returns new ones. Keypoints go
along. In a mirror a left hand becomes a right one, so flips take the pairs of keypoints, by index, that change places.
"""

import dataclasses

import numpy as np

from mrcnn_keras.detections import MaskCrop, crop_mask

# A cropped object is dropped if less than this share and fewer than these pixels of it are left: a corner of a large
# object still shows what it is, and so does a small object that is whole.
MIN_SHARE = 0.1
MIN_PIXELS = 16


def flip_lr(image, found, pairs=()):
    """Mirrors left and right."""
    width = found.size[1]
    boxes = found.boxes * np.float32((1, -1, 1, -1)) + np.float32((0, width, 0, width))
    crops = _crops(found, lambda c: MaskCrop(c.top, width - c.left - c.bits.shape[1], c.bits[:, ::-1]))
    points = _points(found, lambda p: mirror_keypoints(move_keypoints(p, (1, -1), (0, width)), pairs))
    return image[:, ::-1], _moved(found, boxes[:, [0, 3, 2, 1]], crops, points)


def flip_ud(image, found, pairs=()):
    """Mirrors top and bottom."""
    height = found.size[0]
    boxes = found.boxes * np.float32((-1, 1, -1, 1)) + np.float32((height, 0, height, 0))
    crops = _crops(found, lambda c: MaskCrop(height - c.top - c.bits.shape[0], c.left, c.bits[::-1]))
    points = _points(found, lambda p: mirror_keypoints(move_keypoints(p, (-1, 1), (height, 0)), pairs))
    return image[::-1], _moved(found, boxes[:, [2, 1, 0, 3]], crops, points)


def rot90(image, found, turns):
    """Turns counter-clockwise by `turns` times 90 degrees, as np.rot90."""
    for _ in range(turns % 4):  # swap rows and columns, then mirror top and bottom: two mirrors, so no pairs
        crops = _crops(found, lambda c: MaskCrop(c.left, c.top, c.bits.T))
        points = _points(found, lambda p: p[..., [1, 0, 2]])
        swapped = _moved(found, found.boxes[:, [1, 0, 3, 2]], crops, points, found.size[::-1])
        image, found = flip_ud(image.swapaxes(0, 1), swapped)
    return image, found


def adjust_colours(image, brightness, contrast):
    """Spreads the values about their mean by `contrast`, then multiplies them by `brightness`; 1 changes nothing."""
    mean = float(image.mean())
    values = ((np.arange(256) - mean) * contrast + mean) * brightness
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)[image]


def choose_window(size, window, boxes, rng):
    """(top, left) of a random window of (height, width) `window` in a picture of `size`.

    With probability 1/2 it contains the centre of a random box of [N, (y1, x1, y2, x2)], so that pictures with few
    objects mostly show one. Along an axis where the window is not smaller than the picture, it starts at 0.
    """
    lowest, highest = [0, 0], [max(0, side - part) for side, part in zip(size, window, strict=True)]
    if len(boxes) and rng.random() < 0.5:
        y1, x1, y2, x2 = boxes[rng.integers(len(boxes))]
        for axis, centre in enumerate(((y1 + y2) / 2, (x1 + x2) / 2)):
            pixel = min(max(int(centre), 0), size[axis] - 1)
            lowest[axis] = min(max(0, pixel - window[axis] + 1), highest[axis])
            highest[axis] = min(pixel, highest[axis])
    return tuple(int(rng.integers(low, high + 1)) for low, high in zip(lowest, highest, strict=True))


def crop(image, found, top, left, height, width):
    """The part of the picture from (top, left) on, `height` x `width` or up to the border.

    Boxes become tight around what is left of the masks; those without a mask are cut. Objects with almost nothing left
    (MIN_SHARE, MIN_PIXELS) are dropped; crowd regions stay while a pixel is left. Keypoints outside are no longer
    annotated.
    """
    image = image[top : top + height, left : left + width]
    size = image.shape[:2]
    boxes = np.clip(found.boxes - np.float32((top, left, top, left)), 0, np.float32(size * 2))
    points = _points(found, lambda p: keypoints_inside(move_keypoints(p, shift=(-top, -left)), size))
    cut = _moved(found, boxes, _crops(found, lambda c: _cut(c, top, left, *size)), points, size)
    areas = cut.areas
    kept = (areas >= MIN_SHARE * found.areas) | (areas >= MIN_PIXELS) | (found.class_ids < 0)
    return image, tighten(cut[kept & (areas > 0)])


def tighten(found):
    """The instances with boxes tight around their masks, without those whose masks are empty.

    Instances without masks stay as they are.
    """
    crops = _crops(found, lambda c: crop_mask(c.bits, c.top, c.left))
    boxes = found.boxes.copy()
    for i in np.flatnonzero(found.has_mask):
        boxes[i] = crops[i].box
    seen = [crop is None or bool(crop.bits.size) for crop in crops or [None] * len(found)]
    return _moved(found, boxes, crops, found.keypoints)[np.array(seen, bool)]


def move_keypoints(points, scale=(1, 1), shift=(0, 0)):
    """Keypoints [N, K, (y, x, visibility)], (y, x) times `scale` plus `shift`; those not annotated stay zeros."""
    moved = points[..., :2] * np.float32(scale) + np.float32(shift)
    return np.where(points[..., 2:] > 0, np.concatenate([moved, points[..., 2:]], axis=-1), np.float32(0))


def mirror_keypoints(points, pairs):
    """The keypoints of a mirrored picture: those of each pair change places, so that left means left again."""
    order = np.arange(points.shape[1])
    for first, second in pairs:
        order[[first, second]] = second, first
    return points[:, order]


def keypoints_inside(points, size):
    """The keypoints, zeros (not annotated) where they lie outside a picture of (height, width) `size`."""
    yx = points[..., :2]
    inside = (points[..., 2] > 0) & (yx >= 0).all(axis=-1) & (yx <= np.float32(size)).all(axis=-1)
    return np.where(inside[..., None], points, np.float32(0))


def _cut(c, top, left, height, width):
    """The part of a MaskCrop inside the window at (top, left), possibly nothing."""
    y1, x1 = max(0, top - c.top), max(0, left - c.left)
    bits = c.bits[y1 : max(0, top + height - c.top), x1 : max(0, left + width - c.left)]
    return MaskCrop(min(max(0, c.top - top), height), min(max(0, c.left - left), width), bits)


def _crops(found, move):
    """The mask crops, each moved; None for an instance without one, and instead of all where there are boxes only."""
    return None if found.mask_crops is None else tuple(None if c is None else move(c) for c in found.mask_crops)


def _points(found, move):
    return None if found.keypoints is None else move(found.keypoints)


def _moved(found, boxes, crops, points, size=None):
    size = found.size if size is None else size
    return dataclasses.replace(found, size=size, boxes=boxes, mask_crops=crops, keypoints=points)
