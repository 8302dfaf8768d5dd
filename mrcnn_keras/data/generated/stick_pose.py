"""A stick figure: a random pose, and which pixels its head, trunk and limbs cover.

Lengths are shares of the figure's height when it stands upright. Seen from the front, its left is on the right of the
picture. A point is (y, x), y downwards.
"""

from typing import NamedTuple

import numpy as np

NAMES = (
    "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
SKELETON = (
    ("head", "left_shoulder"), ("head", "right_shoulder"), ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"), ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"),
    ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"), ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
    ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
)  # fmt: skip

SHOULDER, HIP, HEAD = (-0.3, 0.13), (0.0, 0.085), 0.09  # seen from between the hips; radius of the head
NECK = 0.15  # from the middle of the shoulders to the middle of the head
ARM, FOREARM, THIGH, SHIN = 0.17, 0.16, 0.23, 0.23
# The parts of a figure, in the order in which they are painted: from, to, half the width, what covers it.
LIMBS = (
    ("left_hip", "left_knee", 0.05, "trousers"),
    ("left_knee", "left_ankle", 0.042, "trousers"),
    ("right_hip", "right_knee", 0.05, "trousers"),
    ("right_knee", "right_ankle", 0.042, "trousers"),
    ("trunk", "trunk", 0.03, "shirt"),  # between shoulders and hips
    ("left_shoulder", "left_elbow", 0.04, "shirt"),
    ("left_elbow", "left_wrist", 0.034, "skin"),
    ("right_shoulder", "right_elbow", 0.04, "shirt"),
    ("right_elbow", "right_wrist", 0.034, "skin"),
    ("head", "head", HEAD, "skin"),
)


class Pose(NamedTuple):
    points: np.ndarray  # [K, (y, x)] float64, in the order of NAMES, pixels
    height: float  # of the figure standing upright, pixels
    turned: bool  # seen from behind: no face, and its left is on the left


def random_pose(rng, height, turned):
    """A figure of `height` pixels around (0, 0) -> Pose."""
    places = {}
    lean = np.radians(np.clip(rng.normal(0, 12), -35, 35))
    for side in ("left", "right"):
        out = 1 if (side == "left") != turned else -1  # 1: towards the right of the picture
        arm, forearm = np.radians(rng.uniform(-10, 150)), np.radians(rng.uniform(-80, 110))
        thigh, shin = np.radians(rng.uniform(-6, 50)), np.radians(rng.uniform(-60, 10))
        shoulder, hip = (np.array((y, x * out)) for y, x in (SHOULDER, HIP))
        elbow = shoulder + ARM * _direction(arm, out)
        knee = hip + THIGH * _direction(thigh, out)
        places |= {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_hip": hip, f"{side}_knee": knee}
        places[f"{side}_wrist"] = elbow + FOREARM * _direction(arm + forearm, out)
        places[f"{side}_ankle"] = knee + SHIN * _direction(thigh + shin, out)
    places["head"] = np.array((SHOULDER[0], 0)) - NECK * _direction(np.radians(rng.uniform(-20, 20)), 1)
    points = np.array([places[name] for name in NAMES])
    turn = np.array([(np.cos(lean), -np.sin(lean)), (np.sin(lean), np.cos(lean))])
    return Pose(points @ turn.T * height, height, turned)


def part_distances(pose, y, x):
    """Distances in pixels of points y [h, 1], x [1, w] to the outline of each of LIMBS -> [parts, h, w] float32.

    They are negative inside.
    """
    points = dict(zip(NAMES, pose.points, strict=True))
    corners = [points[name] for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    distances = []
    for first, second, width, _ in LIMBS:
        to_middle = _to_quadrangle(corners, y, x) if first == "trunk" else _to_line(points[first], points[second], y, x)
        distances.append(to_middle - width * pose.height)
    return np.array(distances, np.float32)


def _direction(angle, out):
    """One step away from the head: straight down for angle 0, towards `out` for a quarter turn."""
    return np.array((np.cos(angle), out * np.sin(angle)))


def _to_line(first, second, y, x):
    """Distance to the line from `first` to `second`, which may be one point."""
    dy, dx = second - first
    along = np.clip(((y - first[0]) * dy + (x - first[1]) * dx) / max(dy**2 + dx**2, 1e-9), 0, 1)
    return np.hypot(y - first[0] - along * dy, x - first[1] - along * dx)


def _to_quadrangle(corners, y, x):
    """Distance to a convex quadrangle, negative inside; beyond a corner it is slightly too short."""
    centre = np.mean(corners, axis=0)
    farthest = -np.inf
    for first, second in zip(corners, corners[1:] + corners[:1], strict=True):
        dy, dx = (second - first) / np.hypot(*(second - first))
        side = np.sign((centre[0] - first[0]) * dx - (centre[1] - first[1]) * dy)
        farthest = np.maximum(farthest, -side * ((y - first[0]) * dx - (x - first[1]) * dy))
    return farthest
