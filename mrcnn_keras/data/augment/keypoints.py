"""Keypoints [N, K, (y, x, visibility)] of a picture that moves; those not annotated are zeros and stay so."""

import numpy as np


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
