"""`mrcnn convert`: a .keras model from another project's file."""

import json

import numpy as np
import pytest

from mrcnn_keras.cli import main
from mrcnn_keras.model import MaskRCNN, checkpoints
from mrcnn_keras.weights.fetch.published import COCO
from tests.model.loading import FAST, THIN, assert_same_weights, weights_of
from tests.oracles.drawing import picture
from tests.oracles.weights import state_dict, write_h5
from tests.weights.fetch.loopback import serving
from tests.weights.files.saved_files import imagenet_file, save_torch
from tests.weights.maps.thin_files import RESNET18, torchvision_file


def options(settings):
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture
def convert(tmp_path, monkeypatch):
    """A function: words after `mrcnn convert` -> exit code; in an empty folder with the file small.pth."""
    monkeypatch.chdir(tmp_path)
    save_torch(tmp_path / "small.pth", torchvision_file(classes=91, masks=False, **RESNET18))
    return lambda *words: main(["convert", *map(str, words)])


@pytest.fixture
def mistake(convert, tmp_path, capsys):
    """A function: words -> the one line on stderr of a convert that fails and leaves nothing."""

    def run(*words):
        before = sorted(tmp_path.iterdir())
        assert convert(*words) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert sorted(tmp_path.iterdir()) == before
        return line.removeprefix("mrcnn: ")

    return run


def test_convert_writes_the_model_and_a_report(convert, tmp_path, capsys):
    assert convert("small.pth", "--out", "new/m.keras", "--json", "report.json", *options(FAST)) == 0
    printed = capsys.readouterr().out
    assert "small.pth: 130 of the model's 130 variables loaded" in printed
    assert "wrote new/m.keras: 90 classes, preset torchvision_faster_v1" in printed
    model = MaskRCNN.load(tmp_path / "new/m.keras")
    with checkpoints.open_checkpoint(tmp_path / "small.pth") as checkpoint:
        assert_same_weights(weights_of(model), {path: checkpoint.values[path]() for path in weights_of(model)})
        left_over = checkpoint.left_over
    assert json.loads((tmp_path / "report.json").read_text()) == {
        "source": "small.pth",
        "loaded": 130,
        "replaced": {},
        "missing": {},
        "left_over": left_over,
        "notes": [],
        "preset": "torchvision_faster_v1",
        "out": "new/m.keras",
    }
    assert model.config.CLASS_NAMES[1] == "person"
    assert model.config.DETECTION_MIN_CONFIDENCE == 1e-3
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.keras"]  # nothing temporary


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["torchvision_v1", "matterport_r50"])
def test_converted_model_detects_the_same(kind, convert, tmp_path, without_graphs):
    if kind == "torchvision_v1":
        path = save_torch(tmp_path / "x.pth", state_dict(kind))
    else:
        path = write_h5(tmp_path / "x.h5", kind)
    small = dict(IMAGE_MIN_DIM=96, IMAGE_MAX_DIM=128, DETECTION_MAX_INSTANCES=10, DETECTION_MIN_CONFIDENCE=0.1)
    assert convert(path, "--out", "m.keras", *options(small)) == 0
    model, written = MaskRCNN.from_checkpoint(path, **small), MaskRCNN.load(tmp_path / "m.keras")
    assert written.config == model.config
    one, other = (found.detect([picture("small")])[0].as_dict() for found in (model, written))
    assert len(one["scores"]) == 10
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_convert_with_other_classes(convert, capsys):
    assert convert("small.pth", "--out", "m.keras", "--set", "NUM_CLASSES=3", "--json", "report.json") == 0
    assert (
        "re-initialised: box_head/class_logits, box_head/deltas (another number of classes)" in capsys.readouterr().out
    )
    with open("report.json") as file:
        assert len(json.load(file)["replaced"]) == 4


def test_convert_replaces_an_older_model(convert, tmp_path):
    (tmp_path / "m.keras").write_text("old")
    assert convert("small.pth", "--out", "m.keras") == 0
    assert MaskRCNN.load(tmp_path / "m.keras").config.NUM_CLASSES == 91


def test_convert_of_published_weights(convert, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(checkpoints, "published_file", lambda *_: COCO["torchvision_faster_v1"])
    words = options({**THIN, "BACKBONE": "resnet18"})
    with serving(monkeypatch, tmp_path / "home") as (put, _):
        put(COCO, "torchvision_faster_v1", tmp_path / "small.pth")
        assert convert("coco", "--preset", "torchvision_faster_v1", "--out", "m.keras", *words) == 0
    assert "licence: torchvision states no licence" in capsys.readouterr().out
    assert MaskRCNN.load("m.keras").config.PRESET == "torchvision_faster_v1"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("small.pth", "the following arguments are required: --out"),
        ("small.pth --out m.h5", "--out m.h5: a model is a .keras file; give m.keras"),
        ("none.pth --out m.keras", "none.pth does not exist"),
        ("coco --out m.keras", "coco needs --preset NAME, the model that the published weights are of"),
        ("coco --preset none --out m.keras", "preset 'none' is unknown"),
        ("coco --preset resnet18_fpn --out m.keras", "preset 'resnet18_fpn' has no published COCO weights"),
        ("small.pth --preset torchvision_v1 --out m.keras", "--preset goes with coco; the preset of small.pth is"),
        ("small.pth --set NUM_CLASES=3 --out m.keras", "NUM_CLASES is not a setting; did you mean NUM_CLASSES?"),
        ("small.pth --set BACKBONE=resnet34 --out m.keras", "small.pth lacks res2_2_conv1, where this model's"),
    ],
)
def test_convert_refuses_wrong_arguments(words, sentence, mistake):
    assert sentence in mistake(*words.split())


def test_convert_refuses_files_without_a_model(mistake, tmp_path):
    whole = (tmp_path / "small.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[:-20_000])
    assert "cut.pth" in mistake("cut.pth", "--out", "m.keras")
    (tmp_path / "text.pth").write_text("no weights at all")
    assert "text.pth" in mistake("text.pth", "--out", "m.keras")
    save_torch(tmp_path / "resnet18.pth", imagenet_file(**RESNET18))
    assert "resnet18.pth holds a backbone alone" in mistake("resnet18.pth", "--out", "m.keras")
    MaskRCNN.from_checkpoint(tmp_path / "small.pth").save(tmp_path / "other.keras")
    assert "other.keras" in mistake("other.keras", "--out", "m.keras")


def test_convert_of_a_damaged_file_leaves_an_older_model(mistake, tmp_path):
    tensors = torchvision_file(masks=False, **RESNET18)
    tensors["roi_heads.box_predictor.bbox_pred.bias"][0] = np.inf
    save_torch(tmp_path / "damaged.pth", tensors)
    (tmp_path / "m.keras").write_text("old")
    assert "damaged.pth has numbers that are infinite" in mistake("damaged.pth", "--out", "m.keras")
    assert (tmp_path / "m.keras").read_text() == "old"
