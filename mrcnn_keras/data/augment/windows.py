"""The part of a picture that a training step uses."""

import numpy as np

from mrcnn_keras.data.augment.keypoints import keypoints_inside, move_keypoints
from mrcnn_keras.data.augment.moves import crops_moved, moved, points_moved, seen_enough
from mrcnn_keras.detections import MaskCrop


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
    are dropped (`seen_enough`); crowd regions stay while a pixel is left. Keypoints outside are no longer annotated.
    """
    image = image[top : top + height, left : left + width]
    size = image.shape[:2]
    boxes = np.clip(found.boxes - np.float32((top, left, top, left)), 0, np.float32(size * 2))
    points = points_moved(found, lambda p: keypoints_inside(move_keypoints(p, shift=(-top, -left)), size))
    cut = moved(found, boxes, crops_moved(found, lambda c: _cut(c, top, left, *size)), points, size)
    return image, seen_enough(cut, found.areas)


def _cut(c, top, left, height, width):
    """The part of a MaskCrop inside the window at (top, left), possibly nothing."""
    y1, x1 = max(0, top - c.top), max(0, left - c.left)
    bits = c.bits[y1 : max(0, top + height - c.top), x1 : max(0, left + width - c.left)]
    return MaskCrop(min(max(0, c.top - top), height), min(max(0, c.left - left), width), bits)
