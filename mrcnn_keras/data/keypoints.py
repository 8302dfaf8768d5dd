"""Changes of annotated keypoints, [N, K, (y, x, visibility)] float32 in pixels; those not annotated stay zeros."""

import numpy as np


def keep_inside(points, size):
    """The keypoints inside a picture of (height, width) `size`; the others become zeros: not annotated."""
    places = points[..., :2]
    inside = (points[..., 2] > 0) & (places >= 0).all(axis=-1) & (places <= np.float32(size)).all(axis=-1)
    return np.where(inside[..., None], points, np.float32(0))


def move(points, scale=(1, 1), shift=(0, 0)):
    """Each place (y, x) times `scale`, plus `shift`."""
    places = points[..., :2] * np.float32(scale) + np.float32(shift)
    moved = np.concatenate([places, points[..., 2:]], axis=-1)
    return np.where(points[..., 2:] > 0, moved, np.float32(0))


def swap(points, pairs):
    """The keypoints of a mirrored picture by their own names: twins change places."""
    order = np.arange(points.shape[1])
    for first, second in pairs:
        order[[first, second]] = second, first
    return points[:, order]
