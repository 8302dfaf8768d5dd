"""Stick figures over photographs: persons with keypoints, masks and boxes, without a download.

A figure seen from the front has a face and a light stripe down its shirt, and its left hand is on the right of the
picture; from behind it has neither, and its left hand is on the left. So a mirrored picture is a valid one if left and
right change places.
"""

from typing import NamedTuple

import numpy as np

from mrcnn_keras.data.generated import stick_pose
from mrcnn_keras.data.generated.generated_dataset import GeneratedDataset
from mrcnn_keras.data.generated.painting import background, contrasting_colour, noisy, shading
from mrcnn_keras.data.generated.stick_pose import LIMBS, NAMES, SKELETON
from mrcnn_keras.detections import MaskCrop

HEIGHT = (0.4, 0.85)  # of a figure standing upright, as a part of the picture's short side
TURNED = 0.25  # share of figures seen from behind
SKIN = np.float32([(255, 224, 196), (224, 172, 130), (165, 114, 80), (95, 62, 45)])


class Figure(NamedTuple):
    """A figure in a window of the picture, where the picture's sides cut it off."""

    pose: stick_pose.Pose  # in pixels of the picture
    visible: MaskCrop  # the window, and the part in it that no other figure hides
    distances: np.ndarray  # [parts, h, w] float32: see stick_pose.part_distances
    class_id: int = 1


class StickFiguresDataset(GeneratedDataset):
    """Generated pictures of persons as stick figures with 13 keypoints.

    The dataset is prepared; its only class is "person". A picture depends only on its seed and its index.

    Args:
        count: Integer, the number of pictures.
        image_size: Tuple (height, width) in pixels, each at least 64.
        seed: Integer from 0. Different seeds give different pictures.
        min_figures: Integer, the least number of figures in a picture; 3 % of the pictures have none.
        max_figures: Integer, the largest number; a picture without room for more has fewer.

    Raises:
        UserError: If a number is out of range.
    """

    MIN_SIDE = 64
    MIN_VISIBLE = 0.5  # of a figure's pixels in the picture

    def __init__(self, count=500, image_size=(160, 160), seed=0, min_figures=1, max_figures=3):
        super().__init__("figures", ["person"], count, image_size, seed, (min_figures, max_figures))
        self.set_keypoints(NAMES, skeleton=SKELETON)

    def load_keypoints(self, image_id):
        """What another figure hides has visibility 1."""
        points = [_seen_points(figure, self.image_size) for figure in self.placed(image_id)]
        return np.array(points, np.float32).reshape(-1, len(NAMES), 3)

    def random_object(self, rng, taken):
        """The area is that of the part inside the picture."""
        height = rng.uniform(*HEIGHT) * min(self.image_size)
        pose = stick_pose.random_pose(rng, height, bool(rng.random() < TURNED))
        low, high = pose.points.min(axis=0), pose.points.max(axis=0)
        # An eighth of the figure may lie over the side; a figure that is larger than the picture lies anywhere.
        room = np.stack([-low - (high - low) / 8, self.image_size - high + (high - low) / 8])
        pose = pose._replace(points=pose.points + rng.uniform(room.min(axis=0), room.max(axis=0)))
        reach = stick_pose.HEAD * height + 2
        top, left = np.clip((pose.points.min(axis=0) - reach).astype(int), 0, self.image_size).tolist()
        bottom, right = np.clip((pose.points.max(axis=0) + reach).astype(int) + 1, 0, self.image_size).tolist()
        y, x = np.ogrid[top:bottom, left:right]
        distances = stick_pose.part_distances(pose, y + 0.5, x + 0.5)
        inside = distances.min(axis=0) < 0
        visible = MaskCrop(top, left, inside & ~taken[top:bottom, left:right])
        return Figure(pose, visible, distances), np.count_nonzero(inside)

    def paint(self, rng, objects):
        image = background(rng, self.image_size)
        for figure in objects:
            window = image[figure.visible.window]
            inside = figure.distances.min(axis=0) < 0
            colours = {
                "skin": SKIN[rng.integers(len(SKIN))] * np.float32(rng.uniform(0.85, 1.0)),
                "shirt": contrasting_colour(rng, window[inside]),
                "trousers": contrasting_colour(rng, window[inside]),
                "hair": np.float32(rng.uniform(10, 70, 3)),
            }
            light = shading(rng, inside.shape)
            for (first, _, _, cover), distance in zip(LIMBS, figure.distances, strict=True):
                _cover(window, distance, colours[cover] * light)
                if first == "trunk" and not figure.pose.turned:
                    _cover(window, _stripe(figure), np.float32(245) * light)
            _paint_head(window, figure, colours["hair"] * light)
        return noisy(rng, image)


def _seen_points(figure, image_size):
    """[K, (y, x, visibility)]: 0 outside the picture, 1 where another figure hides it, 2 in sight."""
    seen = np.zeros((len(NAMES), 3), np.float32)
    for i, (y, x) in enumerate(figure.pose.points):
        if 0 <= y < image_size[0] and 0 <= x < image_size[1]:
            seen[i] = y, x, 1 + figure.visible.bits[int(y) - figure.visible.top, int(x) - figure.visible.left]
    return seen


def _cover(window, distance, colour):
    """Paints where `distance` to an outline is negative, with an edge one pixel wide."""
    cover = np.clip(0.5 - distance, 0, 1)[..., None]
    window += cover * (colour - window)


def _grid(figure):
    """(y, x) of the window's pixels along the figure's axes, in its heights from the middle of its head."""
    pose, (top, left, bits) = figure.pose, figure.visible
    points = dict(zip(NAMES, pose.points, strict=True))
    y, x = np.ogrid[top : top + bits.shape[0], left : left + bits.shape[1]]
    down = (points["left_hip"] + points["right_hip"]) / 2 - points["head"]
    down = down / np.hypot(*down)
    y, x = (y + 0.5 - points["head"][0]) / pose.height, (x + 0.5 - points["head"][1]) / pose.height
    return y * down[0] + x * down[1], x * down[0] - y * down[1]


def _stripe(figure):
    """Distance, in pixels, to a line down the middle of the shirt."""
    y, x = _grid(figure)
    return np.maximum(np.abs(x) - 0.014, np.maximum(0.14 - y, y - 0.45)) * figure.pose.height


def _paint_head(window, figure, hair):
    """A face with hair above it, or the back of a head."""
    y, x = _grid(figure)
    height = figure.pose.height
    head = figure.distances[-1]
    if figure.pose.turned:
        _cover(window, head, hair)
        return
    _cover(window, np.maximum(head, (y + 0.035) * height), hair)
    for eye in (-0.033, 0.033):
        _cover(window, (np.hypot(y + 0.008, x - eye) - 0.014) * height, np.float32(15))
    _cover(window, (np.hypot((y - 0.042) * 2.5, x) - 0.03) * height, np.float32((150, 30, 30)))
