"""Anchors of the five levels P2..P6."""

import numpy as np

SIZES = (32, 64, 128, 256, 512)
RATIOS = (0.5, 1.0, 2.0)  # height / width


def base_anchors(size, rounded):
    """[3, 4] (x1, y1, x2, y2) around (0, 0)."""
    half = [(size / np.sqrt(ratio) / 2, size * np.sqrt(ratio) / 2) for ratio in RATIOS]
    boxes = np.array([[-w, -h, w, h] for w, h in half])
    return np.round(boxes) if rounded else boxes


def anchors(feature_sizes, padded_size, conventions):
    """One [h * w * 3, 4] per level, in the order (row, column, ratio); the first centre is (0, 0)."""
    levels = []
    for level, (height, width) in enumerate(feature_sizes):
        stride_y = stride_x = 4 * 2**level
        if conventions.stride_from_shape:
            stride_y, stride_x = padded_size[0] // height, padded_size[1] // width
        y, x = np.mgrid[:height, :width]
        centres = np.stack([x * stride_x, y * stride_y, x * stride_x, y * stride_y], axis=-1)
        boxes = centres[:, :, None] + base_anchors(SIZES[level], conventions.round_anchors)
        levels.append(boxes.reshape(-1, 4))
    return levels
