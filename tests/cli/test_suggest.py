"""Settings that `mrcnn train` derives from the data."""

import numpy as np
import pytest

from mrcnn_keras.cli.suggest import suggest_augmentation, suggest_for, suggest_settings
from mrcnn_keras.config import AUGMENTATIONS, Config
from mrcnn_keras.data import Dataset
from mrcnn_keras.detections import KeypointLayout
from mrcnn_keras.errors import UserError

NAMES = ["BG", "cat", "dog"]


def facts(sides=(60, 90, 200), height=600, width=800, most=5, instances=100):
    return {
        "object_side": [float(side) for side in sides] if instances else [],
        "height": [float(height)] * 3,
        "width": [float(width)] * 3,
        "max_instances": most,
        "instances": instances,
    }


def suggested(statistics, preset="resnet18_fpn", chosen=(), **settings):
    config = Config.preset(preset, **settings)
    found = suggest_settings(config, statistics, NAMES, (3, 8), chosen={*settings, *chosen})
    for value, reason in found.values():
        assert value is not None
        assert reason
    return {name: value for name, (value, _) in found.items()}


def test_suggests_classes_for_any_data():
    found = suggested(facts(), preset="resnet50_fpn")
    classes = {"NUM_CLASSES": 3, "CLASS_NAMES": ("BG", "cat", "dog"), "CATEGORY_IDS": (3, 8)}
    assert found == classes


def test_suggest_shortens_many_class_names():
    found = suggest_settings(Config(), facts(), ["BG", *"abcdefgh"])
    assert found["NUM_CLASSES"] == (9, "a, b, c, d, e, ...")


@pytest.mark.parametrize(
    ("smallest_side", "anchors"),
    [
        (200, None),  # the preset's begin with 32 pixels
        (26, (16, 32, 64, 128, 256)),  # 26 pixels become 16.6 in a network picture of 384 x 512
        (5, (8, 16, 32, 64, 128)),  # no smaller ones: the finest map has a cell every 4 pixels
    ],
)
def test_suggested_anchors_follow_the_small_objects(smallest_side, anchors):
    found = suggested(facts((smallest_side, 300, 400)))
    assert found.get("RPN_ANCHOR_SCALES") == anchors


def test_suggests_windows_for_small_objects():
    found = suggested(facts((6, 16, 30), 520, 696))
    assert found["IMAGE_RESIZE_MODE"] == "crop"
    assert found["IMAGE_SCALE"] == 2.12  # so that the median object is 34 pixels large when it is detected ...
    assert found["IMAGE_SCALE"] * found["IMAGE_SCALE_TRAINING"] == pytest.approx(1.5, abs=0.01)  # ... 24 when learnt
    assert found["IMAGE_MAX_DIM"] == found["IMAGE_MIN_DIM"] == 256
    assert found["RPN_ANCHOR_SCALES"] == (16, 32, 64, 128, 256)  # 6 pixels become 13
    config = Config.preset("resnet18_fpn", **found)
    assert config.IMAGE_RESIZE_MODE == "crop"


def test_suggested_window_scale_has_limits():
    tiny = suggested(facts((2, 3, 4), 520, 696))
    assert tiny["IMAGE_SCALE"] == 2.83
    assert tiny["IMAGE_SCALE"] * tiny["IMAGE_SCALE_TRAINING"] == pytest.approx(2, abs=0.01)
    large = suggested(facts((60, 80, 100), 3000, 4000))
    assert large["IMAGE_SCALE"] == 1
    assert "IMAGE_SCALE_TRAINING" not in large


def test_suggest_keeps_the_users_settings():
    small = facts((8, 16, 30), 520, 696)
    whole = suggested(small, IMAGE_RESIZE_MODE="square")
    assert not [name for name in whole if name.startswith("IMAGE_")]
    unscaled = suggested(small, IMAGE_SCALE=4.0)
    assert "IMAGE_SCALE" not in unscaled
    assert "IMAGE_SCALE_TRAINING" not in unscaled
    assert unscaled["IMAGE_RESIZE_MODE"] == "crop"
    assert "RPN_ANCHOR_SCALES" not in unscaled  # 8 pixels become 32, where the preset's begin
    assert "RPN_ANCHOR_SCALES" not in suggested(small, chosen=["RPN_ANCHOR_SCALES"])
    assert "NUM_CLASSES" not in suggested(small, chosen=["NUM_CLASSES"])


def test_suggests_limits_for_many_objects():
    found = suggested(facts(most=375))
    assert found["DETECTION_MAX_INSTANCES"] == found["MAX_GT_INSTANCES"] == 500
    assert found["POST_NMS_ROIS_INFERENCE"] == found["PRE_NMS_LIMIT_INFERENCE"] == 2000
    assert "DETECTION_MAX_INSTANCES" not in suggested(facts(most=80))


def test_suggest_for_data_without_objects():
    assert set(suggested(facts(instances=0, most=0))) == {"NUM_CLASSES", "CLASS_NAMES", "CATEGORY_IDS"}


def test_suggests_no_windows_for_objects_that_would_not_fit():
    assert "IMAGE_RESIZE_MODE" not in suggested(facts((6, 40, 473), 1024, 1024))


def test_suggests_the_keypoints_of_the_data():
    layout = KeypointLayout(("left_end", "right_end"), skeleton=[(0, 1)])
    found = suggest_settings(Config.preset("resnet18_fpn"), facts(), NAMES, keypoint_layout=layout)
    assert found["NUM_KEYPOINTS"] == (2, "left_end, right_end")
    config = Config(**{name: value for name, (value, _) in found.items()})
    assert (config.KEYPOINT_FLIP_PAIRS, config.KEYPOINT_SIGMAS) == (((0, 1),), (0.05, 0.05))


def test_suggest_keeps_the_users_keypoint_settings():
    layout = KeypointLayout(("left_end", "right_end"))
    config = Config.preset("resnet18_fpn")
    without = suggest_settings(config, facts(), NAMES, keypoint_layout=layout, chosen={"NUM_KEYPOINTS"})
    assert not [name for name in without if "KEYPOINT" in name]
    own_pairs = suggest_settings(config, facts(), NAMES, keypoint_layout=layout, chosen={"KEYPOINT_FLIP_PAIRS"})
    assert "KEYPOINT_FLIP_PAIRS" not in own_pairs
    assert "KEYPOINT_SIGMAS" in own_pairs


def test_suggests_no_masks_for_data_with_boxes_only():
    config = Config.preset("resnet18_fpn")
    found = suggest_settings(config, facts(), NAMES, has_masks=False)
    assert found["MASKS"] == (False, "boxes but no masks in the data")
    assert "MASKS" not in suggest_settings(config, facts(), NAMES)
    assert "MASKS" not in suggest_settings(config, facts(), NAMES, has_masks=False, chosen={"MASKS"})
    assert "MASKS" not in suggest_settings(config.replace(MASKS=False), facts(), NAMES, has_masks=False)


def test_suggests_no_keypoints_for_data_without_any():
    assert suggested(facts(), preset="torchvision_keypoint")["NUM_KEYPOINTS"] == 0


class Coloured(Dataset):
    """Pictures of one colour, and classes by name."""

    def __init__(self, count, colour, name="thing", masks=True):
        super().__init__()
        self.colour, self.masks = colour, masks
        self.add_class("x", 1, name)
        for i in range(count):
            self.add_image("x", i, f"{i}.png")

    def load_image(self, image_id):
        return np.full((20, 20, 3), self.colour, np.uint8)

    def has_masks(self):
        return self.masks


GREY, GREEN = (90, 90, 91), (40, 120, 50)


@pytest.mark.parametrize(
    ("data", "mode", "name", "reason"),
    [
        (Coloured(99, GREY), "square", "few", "99 pictures, fewer than 100"),
        (Coloured(1, GREY), "fit", "few", "1 picture, fewer than 100"),
        (Coloured(100, GREY), "square", "photos", "100 pictures of large objects"),
        (Coloured(20, GREY, masks=False), "square", "photos", "20 pictures of large objects, boxes only, which free"),
        (Coloured(5, GREY), "crop", "microscopy", "small objects, in grey pictures"),
        (Coloured(5, GREEN), "crop", "aerial", "small objects in pictures with colours, so that no side is up"),
        (Coloured(5, GREEN, "Nucleus"), "crop", "microscopy", "small objects, among them Nucleus"),
        (Coloured(5, GREEN, "cell phone"), "crop", "aerial", "small objects in pictures with colours"),
    ],
)
def test_augmentation_is_chosen_by_the_data(data, mode, name, reason):
    config = Config.preset("resnet18_fpn", IMAGE_RESIZE_MODE=mode)
    found, why = suggest_augmentation(data, config, {"images": data.num_images})
    assert found == name
    assert why.startswith(reason)
    assert found in AUGMENTATIONS


class Bright(Dataset):
    """Pictures of a black and a bright half."""

    def __init__(self, *levels):
        super().__init__()
        self.levels = levels
        self.add_class("x", 1, "x")
        for i in range(len(levels)):
            self.add_image("x", i, f"{i}.png")

    def load_image(self, image_id):
        if self.levels[image_id] is None:
            raise UserError("cannot be read")
        image = np.zeros((20, 20, 3), np.uint8)
        image[10:] = self.levels[image_id]
        return image

    def has_masks(self):
        return True


@pytest.mark.parametrize(
    ("levels", "sides", "stretched"),
    [
        ((20, 60, 250), (6, 16, 30), True),
        ((20, 200, 250), (6, 16, 30), False),
        ((20, 60, 250), (100, 200, 300), False),  # photographs
        ((None, 60, None), (6, 16, 30), True),
        ((None, None), (6, 16, 30), False),
        ((), (6, 16, 30), False),
    ],
)
def test_dark_pictures_are_stretched_where_windows_are_learnt_from(levels, sides, stretched):
    config = Config.preset("resnet18_fpn")
    found = suggest_for(Bright(*levels), config, facts(sides, 520, 696))
    assert found.get("IMAGE_STRETCH", (False,))[0] is stretched
    if stretched:
        assert found["IMAGE_STRETCH"][1] == "half of the pictures use no more than 60 of 256 grey levels"
        assert "IMAGE_STRETCH" not in suggest_for(Bright(*levels), config, facts(sides, 520, 696), ["IMAGE_STRETCH"])
