import json
import pickle

import numpy as np
import pytest

from mrcnn_keras.config import Config, parse_setting
from mrcnn_keras.config.config import LOSS_NAMES, setting_names
from mrcnn_keras.errors import UserError


class BalloonConfig(Config):
    NAME = "balloon"
    NUM_CLASSES = 1 + 1
    IMAGE_MAX_DIM = 1024


def refused(message, **settings):
    with pytest.raises(UserError, match=message):
        Config(**settings)


def test_the_defaults_are_valid_and_plain():
    config = Config()
    assert config.NUM_CLASSES == 81
    assert config.RPN_ANCHOR_SCALES == (32, 64, 128, 256, 512)
    assert set(config.LOSS_WEIGHTS) == set(LOSS_NAMES)


def test_a_keyword_overrides_one_setting_of_one_instance():
    assert Config(BATCH_SIZE=7).BATCH_SIZE == 7
    assert Config().BATCH_SIZE == Config.BATCH_SIZE


def test_a_subclass_overrides():
    config = BalloonConfig(IMAGE_MIN_DIM=640)
    assert (config.NAME, config.NUM_CLASSES, config.IMAGE_MAX_DIM, config.IMAGE_MIN_DIM) == ("balloon", 2, 1024, 640)


def test_a_misspelt_setting_is_refused_with_the_nearest_name():
    refused("NUM_CLASES is not a setting; did you mean NUM_CLASSES?", NUM_CLASES=3)
    refused("num_classes is not a setting; did you mean NUM_CLASSES?", num_classes=3)
    refused("QQQ is not a setting$", QQQ=3)
    with pytest.raises(UserError, match="did you mean LEARNING_RATE?"):
        Config().replace(LEARNING_RAT=0.1)
    with pytest.raises(UserError, match="did you mean BATCH_SIZE?"):
        type("Misspelt", (Config,), {"BATCHSIZE": 2})


def test_names_in_small_letters_are_the_subclass_own():
    own = type("WithMethod", (Config,), {"helper": lambda self: self.NUM_CLASSES + 1})
    assert own().helper() == 82


@pytest.mark.parametrize("value", [np.int64(3), np.int32(3), np.float32(3), 3.0, np.array(3)])
def test_whole_numbers_of_any_kind(value):
    assert type(Config(NUM_CLASSES=value).NUM_CLASSES) is int
    assert Config(NUM_CLASSES=value).NUM_CLASSES == 3


def test_numpy_values_become_plain():
    config = Config(
        LEARNING_RATE=np.float32(0.5),
        MASKS=np.bool_(False),
        RPN_ANCHOR_SCALES=np.array([8, 16, 32, 64, 128]),
        LOSS_WEIGHTS={"rpn_class_loss": np.float64(2)},
    )
    assert type(config.LEARNING_RATE) is float
    assert config.MASKS is False
    assert config.RPN_ANCHOR_SCALES == (8, 16, 32, 64, 128)
    assert json.loads(json.dumps(config.to_dict())) == config.to_dict()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("NUM_CLASSES", "3", "a whole number, such as 81"),
        ("NUM_CLASSES", 2.5, "a whole number"),
        ("NUM_CLASSES", True, "a whole number"),
        ("NUM_CLASSES", None, "a whole number"),
        ("NUM_CLASSES", float("inf"), "a whole number"),
        ("NUM_CLASSES", float("nan"), "a whole number"),
        ("LEARNING_RATE", "fast", "a number"),
        ("LEARNING_RATE", 10**400, "a number"),
        ("LEARNING_RATE", float("nan"), "a number"),
        ("MASKS", "yes", "True or False"),
        ("MASKS", 2, "True or False"),
        ("BACKBONE", 50, "a word"),
        ("MINI_MASK_SHAPE", 28, "a list of whole numbers"),
        ("MINI_MASK_SHAPE", (28.5, 28), "a list of whole numbers"),
        ("RPN_BBOX_STD_DEV", ("0.1",) * 4, "a list of numbers"),
        ("AUGMENT_SCALE", (1, float("inf")), "a list of numbers"),
        ("CLASS_NAMES", "BG,balloon", "a list of words"),
        ("CLASS_NAMES", ("BG", 1), "a list of words"),
        ("LOSS_WEIGHTS", 3, "names and numbers"),
        ("LOSS_WEIGHTS", {"rpn_class_loss": "2"}, "names and numbers"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(name, value, expected):
    refused(f"{name} = .*: expected {expected}", **{name: value})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"NUM_CLASSES": 1}, "must lie between 2 and"),
        ({"BATCH_SIZE": 0}, "must be above 0"),
        ({"BATCH_SIZE": -1}, "must lie between 0"),
        ({"STD_PIXEL": (0, 1, 1)}, "must be above 0"),
        ({"MEAN_PIXEL": (0, 1)}, "needs 3 numbers, not 2"),
        ({"RPN_ANCHOR_RATIOS": ()}, "is empty; give at least one"),
        ({"ROI_POSITIVE_IOU": 1.5}, "must lie between 0 and 1"),
        ({"BACKBONE": "resnet05"}, "choose one of .*; did you mean resnet50?"),
        ({"IMAGE_MIN_DIM": 2000}, "IMAGE_MIN_DIM 2000 is larger than IMAGE_MAX_DIM 1333"),
        ({"RPN_NEGATIVE_IOU": 0.8}, "lower the first"),
        ({"IMAGE_RESIZE_MODE": "square"}, "IMAGE_MAX_DIM 1333 is not a multiple of 32.*; take 1344"),
        ({"AUGMENT_SCALE": (2, 1)}, r"give \(lowest, highest\)"),
        ({"CLASS_NAMES": ("BG", "balloon")}, "CLASS_NAMES has 2 names but NUM_CLASSES is 81"),
        ({"LOSS_WEIGHTS": {"mask": 1}}, "LOSS_WEIGHTS has no part 'mask'"),
        ({"NAME": "my model"}, "use letters, digits"),
        ({"IMAGE_PAD_PLACE": "centre"}, "'centre' needs IMAGE_RESIZE_MODE 'square', not 'fit'"),
        ({"RESIZE_METHOD": "skimage"}, "'skimage' goes with RESIZE_ANTIALIAS=False; set that too"),
        ({"RESIZE_METHOD": "pillow", "RESIZE_ANTIALIAS": False}, "'pillow' goes with RESIZE_ANTIALIAS=True"),
        ({"ROI_OPERATOR": "pool"}, "takes the maximum of a bin, not the mean; set ROI_REDUCE=max too"),
        (
            {"ROI_OPERATOR": "warp", "ROI_ALIGN_ALIGNED": False},
            "'warp' reads whole cells.*; set ROI_ALIGN_ALIGNED=true",
        ),
        (
            {"ROI_OPERATOR": "pool", "ROI_REDUCE": "max", "ROI_ALIGN_GRID": "corners"},
            "'pool' reads whole cells.*and ROI_ALIGN_GRID=bins",
        ),
        ({"ROI_ALIGN_GRID": "corners", "ROI_REDUCE": "max"}, "has one sample per bin.*; set ROI_REDUCE=mean"),
        ({"CATEGORY_IDS": (1, 2)}, "CATEGORY_IDS has 2 ids but there are 80 classes besides the background"),
        ({"IMAGE_ROUNDING": "ceil"}, "choose one of nearest, floor, even"),
        ({"IMAGE_PAD_PLACE": "center"}, "choose one of end, centre; did you mean centre?"),
        ({"IMAGE_PAD_COLOUR": "white"}, "choose one of mean, black"),
        ({"RESIZE_METHOD": "cv2"}, "choose one of exact, pillow, skimage"),
        ({"BACKBONE_POOL_PAD": "same"}, "choose one of both, end"),
        ({"HEAD_NORM": "layer"}, "choose one of none, gn, bn, frozen_bn"),
        ({"RPN_NORM": "batch"}, "choose one of same, none, gn, bn, frozen_bn"),
        ({"RPN_ANCHOR_SPACING": "divide"}, "did you mean divided?"),
        ({"RPN_SCORE": "softmax"}, "choose one of logit, sigmoid"),
        ({"RPN_CLIP": "image"}, "choose one of picture, network"),
        ({"ROI_OPERATOR": "wrap"}, "choose one of align, pool, warp; did you mean warp?"),
        ({"ROI_REDUCE": "min"}, "choose one of mean, max"),
        ({"ROI_ALIGN_GRID": "corner"}, "did you mean corners?"),
        ({"BOX_CORNERS": "pixels"}, "did you mean pixel?"),
        ({"MASK_PASTE": "cv2"}, "choose one of exact, expanded"),
        ({"MASK_LOSS": "soft"}, "choose one of sigmoid, softmax; did you mean softmax?"),
        ({"MASK_HEAD_KIND": "conv"}, "choose one of fcn, mlp"),
        ({"MASK_HEAD_UNITS": 0}, "must be above 0"),
        ({"MASK_DECONVS": 3}, "must lie between 0 and 2"),
        ({"MASK_LOSS": "softmax", "MASK_CLASS_AGNOSTIC": True}, "MASK_CLASS_AGNOSTIC leaves one; set MASK_LOSS"),
        ({"BACKBONE": "resnext101_64x8d"}, "did you mean resnext101_64x4d?"),
        ({"BACKBONE_NORM_EPSILON": -1e-5}, "must lie between 0 and 1"),
        ({"BACKBONE_WIDTH": 0}, "must be above 0"),
        ({"ROI_ALIGN_SAMPLING": 17}, "must lie between 0 and 16"),
        ({"ROI_LEVEL_TOLERANCE": 0.2}, "must lie between 0 and 0.1"),
        ({"RPN_CONVS": 0}, "must be above 0"),
    ],
)
def test_wrong_values_are_refused(settings, message):
    refused(message, **settings)


@pytest.mark.parametrize(("deconvs", "side"), [(0, 14), (1, 28), (2, 56)])
def test_cells_of_a_mask(deconvs, side):
    assert Config(MASK_DECONVS=deconvs).mask_side() == side


def test_limits_themselves_are_allowed():
    config = Config(AUGMENT_FLIP_LR=0, ROI_POSITIVE_RATIO=1, WEIGHT_DECAY=0, MEAN_PIXEL=(0, 0, 0), MASK_HEAD_CONVS=0)
    assert config.ROI_POSITIVE_RATIO == 1.0
    assert Config(LOSS_WEIGHTS={"mrcnn_mask_loss": 0}).LOSS_WEIGHTS["mrcnn_mask_loss"] == 0


def test_limits_of_the_conventions_of_published_checkpoints_are_allowed():
    zeros = dict.fromkeys(("BACKBONE_NORM_EPSILON", "IMAGE_MIN_SCALE", "RPN_MIN_SIZE", "DETECTION_MIN_SIZE"), 0)
    config = Config(**zeros, RPN_CHANNELS=0, ROI_ALIGN_SAMPLING=0, RPN_BBOX_BETA=0, BBOX_BETA=0, ROI_LEVEL_TOLERANCE=0)
    assert config.BACKBONE_NORM_EPSILON == 0
    assert Config(IMAGE_PAD_PLACE="centre", IMAGE_RESIZE_MODE="square", IMAGE_MAX_DIM=1024).IMAGE_PAD_PLACE == "centre"


def test_some_loss_weights_leave_the_others():
    weights = Config(LOSS_WEIGHTS={"mrcnn_mask_loss": 2}).LOSS_WEIGHTS
    assert weights == {**dict.fromkeys(LOSS_NAMES, 1.0), "mrcnn_mask_loss": 2.0}
    assert set(Config.LOSS_WEIGHTS.values()) == {1.0}


def test_an_instance_is_read_only():
    config = Config()
    with pytest.raises(UserError, match=r"use config.replace\(BATCH_SIZE=3\)"):
        config.BATCH_SIZE = 3
    config.to_dict()["LOSS_WEIGHTS"]["rpn_class_loss"] = 9
    assert config == Config()


def test_replace_gives_a_copy():
    config = BalloonConfig()
    other = config.replace(BATCH_SIZE=5)
    assert (other.BATCH_SIZE, other.NUM_CLASSES, config.BATCH_SIZE) == (5, 2, Config.BATCH_SIZE)


def test_equal_settings_are_equal_whatever_the_class():
    plain = Config(**BalloonConfig().to_dict())
    assert plain == BalloonConfig()
    assert hash(plain) == hash(BalloonConfig())
    assert plain != Config()
    assert pickle.loads(pickle.dumps(plain)) == plain


def test_settings_go_to_json_and_back(tmp_path):
    config = Config.preset("resnet18_fpn", NUM_CLASSES=3, CLASS_NAMES=("BG", "a", "ü"), RPN_ANCHOR_RATIOS=(1,))
    config.save(tmp_path / "config.json")
    assert Config.load(tmp_path / "config.json") == config
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]
    assert list(json.loads((tmp_path / "config.json").read_text())) == setting_names()


def test_settings_that_a_file_lacks_keep_their_defaults():
    assert Config.from_dict({"NUM_CLASSES": 5}) == Config(NUM_CLASSES=5)


def test_retired_settings_load_from_files_and_are_refused_elsewhere(tmp_path):
    old = {"NUM_CLASSES": 5, "ROI_ALIGN_METHOD": "gather"}
    assert Config.from_dict(old) == Config(NUM_CLASSES=5)
    (tmp_path / "config.json").write_text(json.dumps(old))
    assert Config.load(tmp_path / "config.json") == Config(NUM_CLASSES=5)
    gone = "ROI_ALIGN_METHOD is not a setting any more: RoIAlign uses .*; leave it out"
    for mistake in (lambda: Config(**old), lambda: parse_setting("ROI_ALIGN_METHOD=gather")):
        with pytest.raises(UserError, match=gone):
            mistake()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "not a list"),
        ('{"NUM_CLASES": 3}', "did you mean NUM_CLASSES?"),
        ("[" * 200_000, "is not JSON"),
    ],
)
def test_a_damaged_file_is_refused(text, message, tmp_path):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError, match=message):
        Config.load(tmp_path / "config.json")


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "config.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not JSON"):
        Config.load(tmp_path / "config.json")
    with pytest.raises(UserError, match="cannot be read"):
        Config.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("NUM_CLASSES=4", "NUM_CLASSES", 4),
        (" LEARNING_RATE = 1e-3 ", "LEARNING_RATE", 1e-3),
        ("MASKS=False", "MASKS", False),
        ("MASKS=true", "MASKS", True),
        ("BACKBONE=resnet18", "BACKBONE", "resnet18"),
        ("RPN_ANCHOR_SCALES=(8, 16, 32, 64, 128)", "RPN_ANCHOR_SCALES", [8, 16, 32, 64, 128]),
        ("RPN_ANCHOR_RATIOS=[1]", "RPN_ANCHOR_RATIOS", [1]),
        ('CLASS_NAMES=["BG", "cup (blue)"]', "CLASS_NAMES", ["BG", "cup (blue)"]),
        ('LOSS_WEIGHTS={"mrcnn_mask_loss": 2}', "LOSS_WEIGHTS", {"mrcnn_mask_loss": 2}),
        ("NAME=a=b", "NAME", "a=b"),
    ],
)
def test_settings_on_the_command_line(text, name, value):
    assert parse_setting(text) == (name, value)


def test_wrong_settings_on_the_command_line_are_refused():
    with pytest.raises(UserError, match="not of the form NAME=VALUE"):
        parse_setting("NUM_CLASSES")
    with pytest.raises(UserError, match="did you mean NUM_CLASSES?"):
        parse_setting("NUM_CLASES=3")


def test_display_prints_each_setting(capsys):
    Config(NUM_CLASSES=5).display()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(setting_names())
    assert any(line.split() == ["NUM_CLASSES", "5"] for line in lines)
