"""What keypoints mean."""

import pytest

from mrcnn_keras import coco
from mrcnn_keras.config import Config
from mrcnn_keras.detections import KeypointLayout
from mrcnn_keras.errors import UserError


def test_coco_by_its_names():
    layout = KeypointLayout(coco.KEYPOINT_NAMES, skeleton=coco.KEYPOINT_SKELETON)
    assert layout.flip_pairs == coco.KEYPOINT_FLIP_PAIRS
    assert layout.sigmas == coco.KEYPOINT_SIGMAS


@pytest.mark.parametrize(
    "names",
    [
        ("left_eye", "tail", "right_eye"),
        ("Left Eye", "tail", "Right Eye"),
        ("eyeL", "tail", "eyeR"),
        ("l-eye-1", "tail", "r-eye-1"),
        ("rightEye", "tail", "leftEye"),
    ],
)
def test_mirrored_keypoints_are_found_by_their_names(names):
    assert KeypointLayout(names).flip_pairs == ((0, 2),)


def test_names_without_mirrored_keypoints():
    assert KeypointLayout(("left_eye", "leftover", "righteous", "1", "2")).flip_pairs == ()


def test_pairs_by_name_or_place():
    layout = KeypointLayout(("a", "b", "left_c", "right_c"), flip_pairs=[("a", 1)], skeleton=[("b", "a"), (2, 3)])
    assert layout.flip_pairs == ((0, 1),)
    assert layout.skeleton == ((1, 0), (2, 3))
    assert KeypointLayout(("left_c", "right_c"), flip_pairs=()).flip_pairs == ()


def test_sigmas():
    assert KeypointLayout(("tip", "left_hip")).sigmas == (0.05, 0.107)
    assert KeypointLayout(("tip", "left_hip"), sigmas=(0.1, 0.2)).sigmas == (0.1, 0.2)


def test_settings_of_a_model():
    layout = KeypointLayout(("left_c", "b", "right_c"), skeleton=[(0, 1)])
    config = Config.preset("resnet18_fpn", **layout.settings())
    assert config.NUM_KEYPOINTS == 3
    assert config.KEYPOINT_FLIP_PAIRS == ((0, 2),)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"names": ()}, "give each keypoint a name of its own"),
        ({"names": ("a", "a")}, "name of its own"),
        ({"names": ("a", 1)}, "name of its own"),
        ({"names": ("a", "b"), "skeleton": [("a", "c")]}, "skeleton has .*; give two of the keypoints a, b"),
        ({"names": ("a", "b"), "skeleton": [(1, 2)]}, r"skeleton has \(1, 2\); give two different places from 0 to 1"),
        ({"names": ("a", "b"), "skeleton": [1]}, "skeleton has 1"),
        ({"names": ("a", "b", "c"), "flip_pairs": [(0, 1), (1, 2)]}, "a keypoint mirrors one other at most"),
        ({"names": ("a", "b"), "sigmas": (0.1,)}, "for 2 keypoints"),
        ({"names": ("a",), "sigmas": (0,)}, "one number above 0"),
    ],
)
def test_mistakes(arguments, words):
    with pytest.raises(UserError, match=words):
        KeypointLayout(**arguments)
