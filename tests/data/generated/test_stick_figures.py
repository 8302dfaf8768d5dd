"""Generated stick figures."""

import numpy as np
import pytest

from mrcnn_keras.data import augment
from mrcnn_keras.data.generated import StickFiguresDataset
from mrcnn_keras.data.generated.stick_pose import NAMES, Pose, part_distances, random_pose


def test_stick_figures_have_keypoints_and_the_usual_types():
    data = StickFiguresDataset(count=3, image_size=(96, 128))
    assert data.class_names == ["BG", "person"]
    assert len(data.keypoint_layout) == 13
    assert data.keypoint_layout.flip_pairs == ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12))
    image, found = data.load_example(1)
    assert (image.shape, image.dtype) == ((96, 128, 3), np.uint8)
    assert found.keypoints.shape == (len(found), 13, 3)


def test_visible_keypoints_lie_on_their_figure_and_hidden_ones_do_not():
    data = StickFiguresDataset(count=60, seed=2)
    counts = np.zeros(3, int)
    for i in data.image_ids:
        found = data.load_annotations(i)
        for k in range(len(found)):
            mask = found.mask(k)
            for y, x, visibility in found.keypoints[k].tolist():
                counts[int(visibility)] += 1
                if visibility:
                    assert mask[int(y), int(x)] == (visibility == 2)
    assert counts.min() > 30  # all three occur
    assert counts[2] > 0.7 * counts.sum()


def test_stick_figure_pictures_have_none_to_three_figures():
    data = StickFiguresDataset(count=100, seed=3)
    counts = np.bincount([len(data.load_annotations(i)) for i in data.image_ids], minlength=4)
    assert len(counts) == 4
    assert counts.min() > 0
    assert counts[1:].min() > 5


def test_left_is_on_the_right_unless_a_figure_turns_its_back():
    for turned, sign in ((False, 1), (True, -1)):
        points = random_pose(np.random.default_rng(0), 100, turned).points
        left, right = (points[NAMES.index(f"{side}_shoulder")] for side in ("left", "right"))
        assert sign * (left[1] - right[1]) > 20


def test_mirrored_stick_figure_is_a_valid_one():
    """In the mirror, with left and right swapped, the left shoulder of a figure with a face is on the right again."""
    data = StickFiguresDataset(count=20, seed=5)
    for i in data.image_ids:
        image, found = data.load_example(i)
        _, mirrored = augment.flip_lr(image, found, data.keypoint_layout.flip_pairs)
        for before, after in zip(found.keypoints, mirrored.keypoints, strict=True):
            if before[1:3, 2].all():
                assert (before[1, 1] > before[2, 1]) == (after[1, 1] > after[2, 1])


def test_distances_to_a_standing_figure():
    """A figure of 100 pixels with its limbs straight down: its shoulders 26 pixels apart, its hips 17."""
    places = {"head": (-45, 0)}
    for side, x in (("left", 1), ("right", -1)):
        places |= {f"{side}_shoulder": (-30, 13 * x), f"{side}_elbow": (-13, 13 * x), f"{side}_wrist": (3, 13 * x)}
        places |= {f"{side}_hip": (0, 8.5 * x), f"{side}_knee": (23, 8.5 * x), f"{side}_ankle": (46, 8.5 * x)}
    pose = Pose(np.array([places[name] for name in NAMES], float), 100.0, False)
    y, x = np.array([[-60.0], [-15.0], [20.0]]), np.array([[0.0, 8.5, 30.0]])
    nearest = part_distances(pose, y, x).min(axis=0)
    assert nearest[0, 0] == pytest.approx(15 - 9)  # above the head of radius 9
    assert nearest[1, 0] == pytest.approx(-13.6, abs=0.1)  # in the middle of the trunk: 10.6 to its side, and 3
    assert nearest[2, 1] == pytest.approx(-5)  # in the middle of a thigh of half width 5
    assert nearest[1, 2] == pytest.approx(17 - 4)  # beside an arm at 13 of half width 4
