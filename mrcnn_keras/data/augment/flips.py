"""Flips and quarter turns, after which every pixel is still a pixel.

In a mirror a left hand becomes a right one, so flips take the pairs of keypoints, by index, that change places.
"""

import cv2
import numpy as np

from mrcnn_keras.data.augment.keypoints import mirror_keypoints, move_keypoints
from mrcnn_keras.data.augment.moves import crops_moved, moved, points_moved
from mrcnn_keras.detections import MaskCrop


def flip_lr(image, found, pairs=()):
    """Mirrors left and right."""
    width = found.size[1]
    boxes = found.boxes * np.float32((1, -1, 1, -1)) + np.float32((0, width, 0, width))
    crops = crops_moved(found, lambda c: MaskCrop(c.top, width - c.left - c.bits.shape[1], c.bits[:, ::-1]))
    points = points_moved(found, lambda p: mirror_keypoints(move_keypoints(p, (1, -1), (0, width)), pairs))
    # OpenCV copies a mirrored picture in a fifth of numpy's time; numpy's view would be copied later on anyway.
    return cv2.flip(image, 1), moved(found, boxes[:, [0, 3, 2, 1]], crops, points)


def flip_ud(image, found, pairs=()):
    """Mirrors top and bottom."""
    height = found.size[0]
    boxes = found.boxes * np.float32((-1, 1, -1, 1)) + np.float32((height, 0, height, 0))
    crops = crops_moved(found, lambda c: MaskCrop(height - c.top - c.bits.shape[0], c.left, c.bits[::-1]))
    points = points_moved(found, lambda p: mirror_keypoints(move_keypoints(p, (-1, 1), (height, 0)), pairs))
    return image[::-1], moved(found, boxes[:, [2, 1, 0, 3]], crops, points)


def rot90(image, found, turns):
    """Turns counter-clockwise by `turns` times 90 degrees, as np.rot90."""
    for _ in range(turns % 4):  # swap rows and columns, then mirror top and bottom: two mirrors, so no pairs
        crops = crops_moved(found, lambda c: MaskCrop(c.left, c.top, c.bits.T))
        points = points_moved(found, lambda p: p[..., [1, 0, 2]])
        swapped = moved(found, found.boxes[:, [1, 0, 3, 2]], crops, points, found.size[::-1])
        image, found = flip_ud(image.swapaxes(0, 1), swapped)
    return image, found
