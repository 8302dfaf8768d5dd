"""Settings of keypoints: what they may be, and COCO's."""

import json

import numpy as np
import pytest

from mrcnn_keras import coco
from mrcnn_keras.config import Config
from mrcnn_keras.config.config import LOSS_NAMES
from mrcnn_keras.errors import UserError

FACE = dict(
    NUM_KEYPOINTS=3,
    KEYPOINT_NAMES=("nose", "left_eye", "right_eye"),
    KEYPOINT_FLIP_PAIRS=((1, 2),),
    KEYPOINT_SKELETON=((0, 1), (0, 2)),
    KEYPOINT_SIGMAS=(0.026, 0.025, 0.025),
)


def test_without_keypoints_there_is_neither_branch_nor_loss():
    assert Config().NUM_KEYPOINTS == 0
    assert Config().loss_names() == LOSS_NAMES[:-1]
    assert Config(MASKS=False).loss_names() == LOSS_NAMES[:-2]
    assert Config(**FACE).loss_names() == LOSS_NAMES
    assert Config(**FACE, MASKS=False).loss_names() == (*LOSS_NAMES[:-2], "mrcnn_keypoint_loss")


def test_settings_of_keypoints_go_to_json_and_back(tmp_path):
    config = Config(**FACE)
    assert config.to_dict()["KEYPOINT_SKELETON"] == [[0, 1], [0, 2]]
    assert json.loads(json.dumps(config.to_dict())) == config.to_dict()
    config.save(tmp_path / "config.json")
    again = Config.load(tmp_path / "config.json")
    assert again == config
    assert again.KEYPOINT_SKELETON == ((0, 1), (0, 2))


def test_pairs_may_be_arrays():
    config = Config(NUM_KEYPOINTS=3, KEYPOINT_FLIP_PAIRS=np.array([[1, 2]]))
    assert config.KEYPOINT_FLIP_PAIRS == ((1, 2),)
    assert type(config.KEYPOINT_FLIP_PAIRS[0][0]) is int


def test_another_number_of_keypoints_drops_names_and_pairs():
    config = Config(**FACE).replace(NUM_KEYPOINTS=5, KEYPOINT_SKELETON=((3, 4),))
    assert (config.KEYPOINT_NAMES, config.KEYPOINT_FLIP_PAIRS, config.KEYPOINT_SIGMAS) == ((), (), ())
    assert config.KEYPOINT_SKELETON == ((3, 4),)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"NUM_KEYPOINTS": -1}, "must lie between 0 and"),
        ({"KEYPOINT_NAMES": ("nose",)}, "KEYPOINT_NAMES has 1 parts but NUM_KEYPOINTS is 3; give one per keypoint"),
        ({"KEYPOINT_NAMES": "nose"}, "expected a list of words"),
        ({"KEYPOINT_SIGMAS": (0.1, 0.1)}, "KEYPOINT_SIGMAS has 2 parts but NUM_KEYPOINTS is 3"),
        ({"KEYPOINT_SIGMAS": (0.1, 0, 0.1)}, "must be above 0"),
        ({"KEYPOINT_FLIP_PAIRS": (1, 2)}, "expected a list of pairs of whole numbers"),
        ({"KEYPOINT_FLIP_PAIRS": ((1, 2, 0),)}, "expected a list of pairs of whole numbers"),
        ({"KEYPOINT_FLIP_PAIRS": ("12",)}, "expected a list of pairs of whole numbers"),
        ({"KEYPOINT_FLIP_PAIRS": ((1, 3),)}, r"has the pair \(1, 3\) but NUM_KEYPOINTS is 3; .* from 0 on"),
        ({"KEYPOINT_FLIP_PAIRS": ((-1, 2),)}, "must lie between 0 and"),
        ({"KEYPOINT_FLIP_PAIRS": ((0, 1), (1, 2))}, "has keypoint 1 twice; it can change places with one other only"),
        ({"KEYPOINT_SKELETON": ((1, 1),)}, r"the pair \(1, 1\) .*; give two different indices"),
        ({"KEYPOINT_SCORE": "sigmoid"}, "choose one of softmax, logit"),
        ({"KEYPOINT_POOL_SIZE": 0}, "must be above 0"),
    ],
)
def test_wrong_keypoint_settings_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        Config(**{"NUM_KEYPOINTS": 3, **settings})


def test_names_without_keypoints_are_refused():
    with pytest.raises(UserError, match="KEYPOINT_NAMES has 3 parts but NUM_KEYPOINTS is 0"):
        Config(KEYPOINT_NAMES=("a", "b", "c"))


def test_cocos_keypoints():
    config = Config(**coco.keypoint_settings(81, 17))
    names = config.KEYPOINT_NAMES
    assert len(names) == len(config.KEYPOINT_SIGMAS) == 17
    for left, right in config.KEYPOINT_FLIP_PAIRS:
        assert names[left].replace("left", "right") == names[right]
    # only the nose stays where it is in a mirror
    assert len(config.KEYPOINT_FLIP_PAIRS) == 8
    # each limb has one deviation, left and right, and the skeleton is its own mirror image
    mirror = dict(config.KEYPOINT_FLIP_PAIRS) | {right: left for left, right in config.KEYPOINT_FLIP_PAIRS} | {0: 0}
    assert all(config.KEYPOINT_SIGMAS[i] == config.KEYPOINT_SIGMAS[mirror[i]] for i in range(17))
    lines = {frozenset(pair) for pair in config.KEYPOINT_SKELETON}
    assert lines == {frozenset(mirror[i] for i in line) for line in lines}
    assert len(lines) == 19


def test_names_of_other_numbers_of_keypoints_are_unknown():
    config = Config(**coco.keypoint_settings(2, 3))
    assert (config.NUM_KEYPOINTS, config.KEYPOINT_NAMES, config.KEYPOINT_SIGMAS) == (3, (), ())
