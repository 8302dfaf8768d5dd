"""`mrcnn train --weights`: fine-tuning from another project's file, a published one or a .keras model."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from mrcnn_keras.cli import main, suggest
from mrcnn_keras.cli.parser import _parser
from mrcnn_keras.cli.train import _fitted, _known_names, _named, _named_sets, _own_settings, _recipe
from mrcnn_keras.config import AUGMENTATIONS, RECIPES, Config
from mrcnn_keras.data import ShapesDataset
from mrcnn_keras.model import MaskRCNN, checkpoints
from mrcnn_keras.weights.fetch.published import COCO, IMAGENET
from tests.model.loading import FAST, THIN, weights_of
from tests.weights.fetch.loopback import serving
from tests.weights.files.saved_files import imagenet_file, save_torch
from tests.weights.maps.thin_files import RESNET18, torchvision_file

STEP = ["--epochs", "1", "--steps-per-epoch", "1", "--batch-size", "2", "--image-size", "64", "--out", "run"]
QUICK = dict(TRAIN_ROIS_PER_IMAGE=16, PRE_NMS_LIMIT_TRAINING=50, POST_NMS_ROIS_TRAINING=50, LEARNING_RATE=1e-6)


def options(settings):
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    return [word for name, value in values.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """torchvision's Faster R-CNN with ResNet-18 and COCO's classes, in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    return save_torch(tmp_path / "small.pth", torchvision_file(classes=91, masks=False, **RESNET18))


@pytest.fixture
def train(file, tiny_coco, without_graphs):
    """A function: words -> the Config of the run that `mrcnn train` made in the folder run."""

    def run(*words):
        assert main(["train", str(tiny_coco / "train"), *STEP, *options(QUICK), *map(str, words)]) == 0
        return Config.load("run/config.json")

    return run


@pytest.fixture
def mistake(file, tiny_coco, tmp_path, capsys):
    """A function: words -> the one line on stderr of a training that does not start and writes nothing."""

    def run(*words):
        before = sorted(tmp_path.iterdir())
        assert main(["train", str(tiny_coco / "train"), *STEP, *map(str, words)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert sorted(tmp_path.iterdir()) == before
        return line.removeprefix("mrcnn: ")

    return run


@pytest.mark.slow
def test_train_takes_settings_and_anchors_from_a_file(train, file, tiny_coco, tmp_path, capsys, monkeypatch):
    opened, read_tensors = [], checkpoints.read_tensors
    monkeypatch.setattr(checkpoints, "read_tensors", lambda path: opened.append(path) or read_tensors(path))
    config = train("--weights", file)
    assert len(opened) == 1
    preset = Config.preset("torchvision_faster_v1")
    assert config.PRESET == "torchvision_faster_v1"
    for name in ("RPN_ANCHOR_SCALES", "ROI_ALIGN_ALIGNED", "BACKBONE_NORM_EPSILON", "BACKBONE_FREEZE_STAGES"):
        assert getattr(config, name) == getattr(preset, name), name
    assert (config.BACKBONE, config.BACKBONE_WIDTH, config.MASKS) == ("resnet18", 8, False)
    categories = json.loads((tiny_coco / "train/_annotations.coco.json").read_text())["categories"]
    assert ("BG", *(category["name"] for category in categories)) == config.CLASS_NAMES
    assert tuple(category["id"] for category in categories) == config.CATEGORY_IDS
    assert 1 + len(categories) == config.NUM_CLASSES
    printed = capsys.readouterr().out
    assert "RPN_ANCHOR_SCALES" not in printed  # what the data would suggest
    assert "re-initialised: box_head/class_logits, box_head/deltas (another number of classes)" in printed
    # A step of so small a rate leaves the weights nearly as they were: they are the file's, and frozen ones exactly.
    trained = weights_of(MaskRCNN.load(tmp_path / "run/last.keras"))
    with checkpoints.open_checkpoint(file) as checkpoint:
        for path, value in checkpoint.values.items():
            if path == "stem_conv/kernel":
                np.testing.assert_array_equal(trained[path], value())
            elif not path.startswith(("box_head/class_logits", "box_head/deltas")):
                np.testing.assert_allclose(trained[path], value(), atol=1e-3, err_msg=path)


@pytest.mark.slow
def test_train_takes_settings_from_a_keras_model(train, file, monkeypatch, capsys):
    monkeypatch.setattr(suggest, "FEW_LEVELS", 999)  # all pictures are dark
    MaskRCNN.from_checkpoint(file, NAME="mine", **FAST).save("mine.keras")
    config = train("--weights", "mine.keras", "--set", "IMAGE_RESIZE_MODE=crop")
    assert not config.IMAGE_STRETCH
    assert ("mine", 8, FAST["RPN_ANCHOR_SCALES"]) == (config.NAME, config.BACKBONE_WIDTH, config.RPN_ANCHOR_SCALES)
    assert "mine.keras: 126 of the model's 130 variables loaded" in capsys.readouterr().out


@pytest.mark.slow
def test_train_from_coco_without_a_preset(train, file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(checkpoints, "published_file", lambda preset, *_: COCO[preset])
    thin = options({**THIN, "BACKBONE": "resnet18", "MASKS": False, "ROI_ALIGN_ALIGNED": "true"})
    with serving(monkeypatch, tmp_path / "home") as (put, asked):
        put(COCO, "torchvision_v1", file)
        config = train("--weights", "coco", *thin)
    assert (config.PRESET, config.RPN_ANCHOR_SCALES) == ("torchvision_v1", Config().RPN_ANCHOR_SCALES)
    printed = capsys.readouterr().out
    assert "--weights coco without --preset: torchvision_v1" in printed
    assert "licence: " in printed
    assert "126 of the model's 130 variables loaded" in printed
    assert config.ROI_ALIGN_ALIGNED  # the user's setting overrides the file's
    assert "note: the weights were trained with ROI_ALIGN_ALIGNED=False" in printed
    assert len(asked) == 1


@pytest.mark.slow
def test_train_from_imagenet_leaves_the_anchors_to_the_data(train, file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(suggest, "FEW_LEVELS", 999)
    backbone = save_torch(tmp_path / "resnet18.pth", imagenet_file(**RESNET18))
    thin = options({**THIN, "MASKS": False, "IMAGE_RESIZE_MODE": "crop"})
    with serving(monkeypatch, tmp_path / "home") as (put, _):
        put(IMAGENET, ("resnet18", "3x3"), backbone)
        config = train("--weights", "imagenet", *thin)
    assert config.PRESET == "resnet18_fpn"
    assert config.RPN_ANCHOR_SCALES != Config().RPN_ANCHOR_SCALES
    assert config.IMAGE_STRETCH
    assert "not in the file, re-initialised: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "--weights none.pth",
            "--weights none.pth: no such file; give none, coco, imagenet or an existing file or run folder",
        ),
        ("--weights COCO", "--weights COCO: no such file; give none, coco, imagenet or an existing file or run"),
        ("--weights coco --preset resnet18_fpn", "preset 'resnet18_fpn' has no published COCO weights"),
        ("--weights coco --preset resnet18", "preset 'resnet18' is unknown"),
        ("--weights small.pth --preset resnet18_fpn", "small.pth "),
        ("--weights .", ". is a folder without best.keras; give the folder of a training"),
    ],
)
def test_train_refuses_wrong_weights(words, sentence, mistake):
    assert sentence in mistake(*words.split())


def test_train_refuses_damaged_weights(mistake, file, tmp_path):
    whole = file.read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[:-20_000])
    assert "cut.pth" in mistake("--weights", "cut.pth")
    (tmp_path / "text.pth").write_text("no weights at all")
    assert "text.pth" in mistake("--weights", "text.pth")
    (tmp_path / "text.keras").write_text("no model at all")
    assert "text.keras cannot be read as a .keras model" in mistake("--weights", "text.keras")
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    (tmp_path / "changed.pth").write_bytes(damaged)
    assert "changed.pth" in mistake("--weights", "changed.pth")


@pytest.mark.parametrize(
    ("known", "names"),
    [
        (("BG", "cat", "dog"), ["BG", "cat", "dog"]),  # the data have dog, cat
        (("BG", "owl", "cat"), ["BG", "dog", "cat"]),
        (("BG", "cat"), ["BG", "dog", "cat"]),  # the heads are re-initialised
        (None, ["BG", "dog", "cat"]),
    ],
)
def test_classes_have_the_places_that_the_weights_know(known, names):
    checkpoint = SimpleNamespace(trained_with=lambda: {"CLASS_NAMES": known})
    options = SimpleNamespace(resume=False, weights="run")
    data = SimpleNamespace(class_names=["BG", "dog", "cat"], num_classes=3)
    assert list(_known_names(options, None, checkpoint, None, data)) == names


def test_train_from_coco_offline(mistake, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "1")
    monkeypatch.setenv("MRCNN_KERAS_HOME", str(tmp_path_factory.mktemp("home")))
    message = mistake("--weights", "coco", *options(THIN))
    assert (
        "MRCNN_KERAS_OFFLINE is set; unset it, or get maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth in another way" in message
    )


def settings_of(*words, preset="resnet18_fpn", count=6):
    """The settings of a training of generated shapes with these options, as `mrcnn train` puts them together."""
    options = _parser().parse_args(["train", "shapes", *words])
    own = _own_settings(options)
    named = _named_sets(options, own)
    data = ShapesDataset(count=count, image_size=(64, 64), seed=0)
    return _fitted(Config.preset(preset), named, own, data, data.statistics(), {*own}, _recipe(options))


def differences(first, second, *known):
    one, other = first.to_dict(), second.to_dict()
    return {name for name in one if one[name] != other[name]} - {*known}


def test_a_training_without_options_has_the_settings_of_the_preset(capsys):
    found = settings_of()
    assert found.RECIPE == "scratch"
    assert "RECIPE = scratch (no weights to begin with)" in capsys.readouterr().out
    classes = ("NUM_CLASSES", "CLASS_NAMES", "CATEGORY_IDS", "RPN_ANCHOR_SCALES")
    rate = ("RECIPE", "LEARNING_RATE_SCALING")
    assert not differences(found, Config.preset("resnet18_fpn"), *classes, *rate)
    assert found.peak_learning_rate() == Config.preset("resnet18_fpn").LEARNING_RATE
    assert not differences(settings_of("--recipe", "none"), Config.preset("resnet18_fpn"), *classes)


def test_nothing_stays_frozen_without_weights(capsys):
    """What torchvision freezes is worth keeping with its weights only."""
    assert settings_of(preset="torchvision_v1").BACKBONE_FREEZE_STAGES == 0
    assert settings_of("--weights", "coco", preset="torchvision_v1").BACKBONE_FREEZE_STAGES == 2
    assert "RECIPE = finetune (--weights coco)" in capsys.readouterr().out
    assert settings_of("--weights", "coco", "--layers", "heads", preset="torchvision_v1").BACKBONE_FREEZE_STAGES == 5
    assert settings_of("--layers", "4+").BACKBONE_FREEZE_STAGES == 3


@pytest.mark.parametrize("words", [["--recipe", "long"], ["--set", "RECIPE=long"]])
def test_recipes_by_name(words, capsys):
    found = settings_of(*words, "--set", "EPOCHS=7", "--batch-size", "2")
    assert "RECIPE" not in capsys.readouterr().out
    assert {name: getattr(found, name) for name in RECIPES["long"]} == {**RECIPES["long"], "EPOCHS": 7}
    assert found.peak_learning_rate() == pytest.approx(5e-4)


def test_the_rate_follows_the_batch_unless_it_is_given(capsys):
    assert settings_of("--batch-size", "2").peak_learning_rate() == pytest.approx(5e-4)
    words = "learning rate 0.0005 (0.001 is for 4 pictures per update; LEARNING_RATE_SCALING is linear)"
    assert words in capsys.readouterr().out
    given = ("--batch-size", "2", "--set", "LEARNING_RATE=0.003")
    assert settings_of(*given).peak_learning_rate() == 0.003
    assert settings_of(*given, "--set", "LEARNING_RATE_SCALING=sqrt").peak_learning_rate() == pytest.approx(
        0.003 / 2**0.5
    )
    assert "learning rate 0.003" not in capsys.readouterr().out


def test_files_from_before_rates_were_scaled_keep_their_rate():
    before = Config.preset("resnet18_fpn").to_dict()
    del before["LEARNING_RATE_BATCH"], before["LEARNING_RATE_SCALING"]
    found = Config.from_dict(before).replace(RECIPE="finetune")
    assert found.peak_learning_rate() == before["LEARNING_RATE"]


@pytest.mark.parametrize("words", [["--augment", "auto"], ["--set", "AUGMENT=auto"]])
def test_augmentation_by_the_data(words, capsys):
    found = settings_of(*words, "--set", "AUGMENT_NOISE=1.5")
    assert "AUGMENT = few (6 pictures, fewer than 100)" in capsys.readouterr().out
    wanted = {**AUGMENTATIONS["few"], "AUGMENT_NOISE": 1.5}
    assert {name: getattr(found, name) for name in wanted} == wanted


def test_augmentation_by_name_comes_before_what_the_data_suggest():
    """Small objects suggest quarter turns, which a set may not have."""
    small = {"object_side": [5.0, 8.0, 12.0], "height": [500.0] * 3, "width": [600.0] * 3}
    data = ShapesDataset(count=6, image_size=(64, 64), seed=0)
    statistics = {**data.statistics(), **small}
    plain = _fitted(Config.preset("resnet18_fpn"), {}, {}, data, statistics, set(), ("scratch", ""))
    none = _fitted(Config.preset("resnet18_fpn"), {"AUGMENT": "none"}, {}, data, statistics, set(), ("scratch", ""))
    assert (plain.IMAGE_RESIZE_MODE, plain.AUGMENT_ROT90) == (none.IMAGE_RESIZE_MODE, True) == ("crop", True)
    assert not differences(none, plain.replace(AUGMENT="none"))


def test_a_resumed_training_keeps_its_sets():
    before = Config.preset("resnet18_fpn", RECIPE="long", AUGMENT="few", AUGMENT_BLUR=3.0)
    assert _named(before, {}) == before
    assert _named(before, {"AUGMENT": "auto"}) == before
