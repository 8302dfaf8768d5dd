"""Small pictures with instances of all kinds."""

import numpy as np

from mrcnn_keras.detections import Detections, MaskCrop

NAMES = ["BG", "circle", "square", "star"]


def gradient(height, width):
    """[H, W, 3] uint8 in steps: dark to light from left to right, blue to red from top to bottom."""
    y, x = np.mgrid[:height, :width] // 10 * 10
    return np.stack([255 * y // height, 200 * x // width, 255 - 255 * y // height], axis=-1).astype(np.uint8)


def many(count, size=(120, 160), side=12, seed=0, scores=True):
    """`count` discs, or single pixels with side 1, at random places."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    disc = np.hypot(y, x) <= side / 2
    corners = rng.integers(0, (size[0] - side + 1, size[1] - side + 1), (count, 2))
    crops = [MaskCrop(top, left, disc) for top, left in corners.tolist()]
    boxes = np.array([crop.box for crop in crops], np.float32).reshape(-1, 4)
    given = rng.uniform(0.3, 1, count) if scores else None
    return Detections(size, boxes, rng.integers(1, len(NAMES), count), given, crops)


def mixed():
    """Touching squares, a ring, a crowd region, a box only, a single pixel, and keypoints; 80 x 120."""
    ring = np.ones((24, 24), bool)
    ring[6:18, 6:18] = False
    square = np.ones((20, 20), bool)
    crops = [
        MaskCrop(10, 8, square),
        MaskCrop(10, 28, square),
        MaskCrop(40, 10, ring),
        MaskCrop(8, 70, np.ones((30, 40), bool)),
        None,
        MaskCrop(60, 60, np.ones((1, 1), bool)),
    ]
    boxes = [crop.box if crop else (48, 76, 76, 116) for crop in crops]
    points = np.zeros((6, 2, 3), np.float32)
    points[4] = [(52, 82, 0.9), (72, 110, 0.8)]
    return Detections((80, 120), boxes, [1, 1, 2, -3, 3, 2], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], crops, points)
