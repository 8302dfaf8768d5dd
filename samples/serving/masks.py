"""Converts a small map to a mask in pixels; needs numpy."""

from collections.abc import Sequence

import numpy as np


def full_mask(
    mask: Sequence[Sequence[float]], mask_box: Sequence[float], size: tuple[int, int], threshold: float = 0.5
) -> np.ndarray:
    """Returns [height, width] bool: where the map, interpolated over its box, is at least the threshold.

    mask: [h][w], 0 to 1; mask_box: (y1, x1, y2, x2) in pixels of the picture; size: its (height, width).
    """
    small = np.asarray(mask, np.float32)
    y1, x1, y2, x2 = mask_box
    rows, columns = _weights(y1, y2, size[0], small.shape[0]), _weights(x1, x2, size[1], small.shape[1])
    return rows @ small @ columns.T >= threshold


def _weights(low: float, high: float, pixels: int, cells: int) -> np.ndarray:
    """[pixels, cells]: the share of each cell at each pixel's centre, 0 outside the box."""
    low, high = np.float32(low), np.float32(high)
    centres = np.arange(pixels, dtype=np.float32) + np.float32(0.5)
    places = (centres - low) * np.float32(cells) / np.maximum(high - low, np.float32(1e-6))
    weights = np.maximum(1 - np.abs(places[:, None] - (np.arange(cells, dtype=np.float32) + np.float32(0.5))), 0)
    return weights * ((centres >= low) & (centres <= high))[:, None]
