"""The named sets of settings."""

import inspect
import json
from typing import get_args

import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.config.config import PRESETS
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.ops.boxes import CORNERS
from mrcnn_keras.ops.keypoints import SCORES
from mrcnn_keras.ops.mask_maps import MAP_KINDS
from mrcnn_keras.ops.resampling import METHODS
from mrcnn_keras.resize import sizes_in_network


def test_resize_method_of_each_preset_is_known():
    assert Config().resize_method() == "triangle"
    assert Config(RESIZE_ANTIALIAS=False).resize_method() == "bilinear"
    assert Config(RESIZE_METHOD="pillow").resize_method() == "pillow"
    assert Config(RESIZE_METHOD="skimage", RESIZE_ANTIALIAS=False).resize_method() == "skimage"
    for name in PRESETS:
        assert Config.preset(name).resize_method() in METHODS


def test_resize_options_are_arguments_of_the_rule():
    for name in PRESETS:
        options = Config.preset(name).resize_options()
        assert set(options) <= set(inspect.signature(sizes_in_network).parameters)


def test_words_of_settings_are_the_keys_of_tables_in_ops():
    for name, table in {"BOX_CORNERS": CORNERS, "MASK_LOSS": MAP_KINDS, "KEYPOINT_SCORE": SCORES}.items():
        assert get_args(Config.__annotations__[name]) == tuple(table), name


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_and_go_to_json_and_back(name):
    config = Config.preset(name, BATCH_SIZE=9)
    assert config.BATCH_SIZE == 9
    again = Config.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    presets = {made.PRESET for made in (config, again, config.replace(BATCH_SIZE=3))}
    assert presets == {name}


def test_settings_of_no_preset_name_none():
    assert Config().PRESET == ""


PERSONS = ("torchvision_keypoint", *(f"detectron2_keypoint_{name}_fpn" for name in ("r50", "r101", "x101")))


@pytest.mark.parametrize("name", [name for name, values in PRESETS.items() if "CLASS_NAMES" in values])
def test_a_preset_with_classes_of_its_own_knows_them_unless_their_number_changes(name):
    config = Config.preset(name)
    assert len(config.CLASS_NAMES) == config.NUM_CLASSES
    assert len(config.CATEGORY_IDS) == config.NUM_CLASSES - 1
    by_id = dict(zip(config.CATEGORY_IDS, config.CLASS_NAMES[1:], strict=True))
    known = (by_id[1], by_id.get(18), by_id.get(90))
    assert known == (("person", None, None) if name in PERSONS else ("person", "dog", "toothbrush"))
    assert Config.preset(name, NUM_CLASSES=config.NUM_CLASSES) == config

    other = Config.preset(name, NUM_CLASSES=3)
    assert (other.NUM_CLASSES, other.CLASS_NAMES, other.CATEGORY_IDS) == (3, (), ())
    named = Config.preset(name, NUM_CLASSES=3, CLASS_NAMES=("BG", "cup", "ball"))
    assert (named.CLASS_NAMES, named.CATEGORY_IDS) == (("BG", "cup", "ball"), ())


def test_classes_of_the_published_checkpoints():
    torchvision, detectron2 = Config.preset("torchvision_v1"), Config.preset("detectron2_r50_fpn")
    assert (torchvision.NUM_CLASSES, detectron2.NUM_CLASSES) == (91, 81)
    # Class 12 of the 91 is none of COCO's; the 80 are counted without gaps.
    assert torchvision.CLASS_NAMES[11:14] == ("fire hydrant", "N/A", "stop sign")
    assert detectron2.CLASS_NAMES[11:13] == ("fire hydrant", "stop sign")
    assert (detectron2.CATEGORY_IDS[10], detectron2.CATEGORY_IDS[11]) == (11, 13)
    assert torchvision.CLASS_NAMES.count("N/A") == 10


@pytest.mark.parametrize("name", PERSONS)
def test_keypoints_of_the_published_checkpoints(name):
    config = Config.preset(name)
    assert (config.NUM_KEYPOINTS, config.KEYPOINT_NAMES[0], config.MASKS) == (17, "nose", False)
    assert ("logit" if name.startswith("torchvision") else "softmax") == config.KEYPOINT_SCORE
    own = Config.preset(name, NUM_KEYPOINTS=4)
    assert (own.KEYPOINT_NAMES, own.KEYPOINT_SKELETON, own.CLASS_NAMES) == ((), (), ("BG", "person"))


def test_a_preset_that_is_not_there():
    with pytest.raises(UserError, match="did you mean resnet50_fpn?.*there are resnet18_fpn, "):
        Config.preset("resnet50fpn")


def test_the_preset_for_phones_fits_into_15_megabytes_of_half_precision():
    model = MaskRCNN(Config.preset("mobilenet_fpn"))
    assert 4e6 < model.count_params() < 7e6  # 2 bytes each
