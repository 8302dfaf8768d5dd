"""From a model's detections to annotations, and from these to the next training."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mrcnn_keras.cli import main
from mrcnn_keras.cli.train import REMEMBERED, _readable, _recall, _remember
from mrcnn_keras.config import Config
from mrcnn_keras.data import Dataset, load_dataset
from mrcnn_keras.data.formats import FORMATS
from mrcnn_keras.data.formats.writers import WRITERS
from mrcnn_keras.errors import UserError
from mrcnn_keras.training import RunFolder

LOW = ["--min-score", "0.01", "--set", "DETECTION_MIN_CONFIDENCE=0.01"]


@pytest.mark.slow
def test_what_a_model_finds_is_saved_corrected_and_trained_on(trained, tiny_coco, tiny_options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved = [word for format in WRITERS for word in ("--save", format)]
    assert main(["detect", str(trained), str(tiny_coco / "train"), "--out", "found", *LOW, *saved]) == 0
    rows = json.loads((tmp_path / "found/detections.json").read_text())
    seen = [row for row in rows if coco_mask.area(row["segmentation"])]  # a mask may have no pixel
    assert seen
    for format in [name for name in WRITERS if name in FORMATS]:
        dataset = load_dataset(tmp_path / "found" / format)
        statistics = dataset.statistics()
        assert (statistics["images"], statistics["instances"]) == (6, len(seen)), format
        assert set(dataset.class_names) <= {"BG", "circle", "square", "triangle"}
    step = ["--epochs", "1", "--steps-per-epoch", "1", "--out", "next", *tiny_options]
    with_more = ["train", "found/coco", str(tiny_coco / "train"), "--val", str(tiny_coco / "valid"), *step]
    assert main([*with_more, "--rename", "triangle=square", "--classes", "square,circle"]) == 0
    assert Config.load("next/config.json").CLASS_NAMES == ("BG", "square", "circle")
    options = json.loads((tmp_path / "next/options.json").read_text())
    assert (options["classes"], options["rename"]) == (["square,circle"], ["triangle=square"])
    assert options["val"] == [str(tiny_coco / "valid")]


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "run")


def given(**words):
    return SimpleNamespace(**{**{name: None for row in REMEMBERED for name in row}, **words})


class Squares(Dataset):
    """Ten pictures with one object each, of class 2 on the last two."""

    def __init__(self):
        super().__init__()
        self.add_class("squares", 1, "one")
        self.add_class("squares", 2, "two")
        for i in range(10):
            self.add_image("squares", i, None)

    def load_image(self, image_id):
        return np.zeros((8, 8, 3), np.uint8)

    def load_mask(self, image_id):
        return np.ones((8, 8, 1), bool), np.array([1 + (image_id >= 8)])


def validation(options):
    """The pictures that the options of a training hold out."""
    options.skip_bad = 0
    return [info["id"] for info in _readable(options, options.seed, Squares(), None)[1].image_info]


def test_a_resumed_training_splits_as_it_began(run):
    run.path.mkdir()
    _remember(given(val_split=0.3, seed=3, stratified=True, classes=["a,b"]), run)
    options = given()
    _recall(options, run)
    assert (options.stratified, options.val_split, options.seed, options.classes) == (True, 0.3, 3, ["a,b"])
    assert sum(i >= 8 for i in validation(options)) == 1  # of two pictures with the rare class
    with pytest.raises(UserError, match="--classes a: the training in .* began with a,b; leave it out"):
        _recall(given(classes=["a"]), run)
    with pytest.raises(UserError, match="--rename a=b: the training in .* began with none; leave it out"):
        _recall(given(rename=["a=b"]), run)


def test_a_training_of_an_older_version_keeps_its_split(run):
    run.path.mkdir()
    before = dict(epochs=2, minutes=None, steps_per_epoch=None, val="other", val_split=0.3, seed=3)
    (run.path / "options.json").write_text(json.dumps(before))
    options = given()
    _recall(options, run)
    assert (options.stratified, options.val, options.classes) == (False, ["other"], None)
    assert validation(options) == sorted(np.random.default_rng(3).permutation(10)[:3].tolist())
