"""`mrcnn export`: options, and --check with its table and its exit status."""

import json
import re
import shutil
from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.cli import export as command
from mrcnn_keras.cli import main
from mrcnn_keras.cli.export_check import check_export
from mrcnn_keras.config import Config
from mrcnn_keras.data import load_dataset
from mrcnn_keras.detections import Detections


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--to savedmodel --quantize int8", "--quantize has no meaning with --to savedmodel"),
        ("--to savedmodel --image-size 64 64", "a SavedModel takes pictures of any size; leave it out"),
        (
            "--to onnx --quantize fp16",
            "--quantize fp16 has no meaning with --to onnx: an ONNX file has weights in float32 or int8",
        ),
        ("--to onnx --masks full", "an ONNX file returns small maps; leave it out"),
        ("--to tflite --masks png", "--masks has no meaning with --to tflite"),
        ("--to onnx --image-size 64 64", "--image-size has no meaning with --to onnx"),
        ("--to savedmodel --check nowhere.jpg", "nowhere.jpg does not exist; give a picture or a folder of them"),
        ("--to savedmodel --proposals boxes.npz", "--proposals goes with --check PICTURES; leave it out"),
        ("--to savedmodel --image-size 64", "argument --image-size: expected 2 arguments"),
        ("--to savedmodel --image-size 0 64", "argument --image-size: '0' is not a whole number above 0"),
    ],
)
def test_export_refuses_options_without_meaning(words, sentence, capsys, tmp_path):
    assert main(["export", str(tmp_path / "run"), "--out", str(tmp_path / "x"), *words.split()]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def pictures(tiny_coco, tmp_path):
    """A folder with two pictures of shapes and one of a single pixel."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("1.png", "2.png"):
        (folder / name).write_bytes((tiny_coco / "valid" / name).read_bytes())
    Image.fromarray(np.full((1, 1, 3), 90, np.uint8)).save(folder / "pixel.png")
    return folder


def test_export_check_prints_a_table(trained, pictures, tiny_coco, tmp_path, capsys):
    out, figures = tmp_path / "serving" / "1", tmp_path / "figures.json"
    words = ["export", str(trained), "--to", "savedmodel", "--masks", "png", "--out", str(out), "--json", str(figures)]
    assert main([*words, "--check", str(pictures), str(tiny_coco / "valid" / "1.png")]) == 0
    printed = capsys.readouterr().out
    assert "the savedmodel agrees with the model" in printed
    assert re.search(r"^4 pictures +model +savedmodel +required$", printed, re.MULTILINE)
    assert re.search(r"^ +100\.00 % +99\.5 %$", printed, re.MULTILINE)
    assert re.search(r"^median time per picture +\d+ ms +\d+ ms$", printed, re.MULTILINE)
    assert "keypoint" not in printed  # the model has none
    found = json.loads(figures.read_text())
    assert found["pictures"] == 4
    assert found["expected"] == found["found"] == found["matched"] > 0
    assert found["equal"]
    assert found["bytes"] == sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    assert min(found["ms"], found["model_ms"]) > 0


class Finder:
    """Stands for a model, and for its export at work: finds one object in each picture."""

    config = Config(MASKS=False)

    def __init__(self, score):
        self.found = Detections((64, 64), np.float32([[0, 0, 9, 9]]), np.int32([1]), np.float32([score]))

    def detect(self, images, proposals=None):
        return [self.found for _ in images]

    def answer(self, image):
        return self.found, 0.001

    def peak_memory(self):
        return None


@pytest.mark.parametrize(("score", "verdict"), [(0.9, "agrees"), (0.5, "does NOT agree")])
def test_the_last_line_of_the_table_is_the_verdict(score, verdict, pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("mrcnn_keras.cli.export_check.reader_process", lambda path: nullcontext(Finder(score)))
    figures = check_export(Finder(0.9), tmp_path, "savedmodel", "none", [pictures / "1.png"])
    assert figures["agrees"] == (verdict == "agrees")
    *_, memory, _, last = capsys.readouterr().out.splitlines()
    assert memory.split()[-1] == "unknown"
    assert last == f"the savedmodel {verdict} with the model"


class Seer:
    """A model, or its export at work, that finds the one object of each picture, except in pictures of some greys."""

    config = Config(MASKS=False)
    class_names = ("BG", "shape")

    def __init__(self, score=0.9, blind_to=()):
        self.score, self.blind_to = np.float32([score]), blind_to

    def detect(self, images, proposals=None):
        found = Detections((32, 32), np.float32([[4, 4, 20, 24]]), np.int32([1]), self.score)
        return [found[:0] if image[0, 0, 0] in self.blind_to else found for image in images]

    def answer(self, image):
        return self.detect([image])[0], 0.001

    def peak_memory(self):
        return None


@pytest.fixture
def two_greys(tmp_path):
    """A COCO file of two pictures with an object in each, the first one black and the second one of grey 200."""
    folder = tmp_path / "greys"
    folder.mkdir()
    images, annotations = [], []
    for number, grey in enumerate((0, 200), 1):
        Image.fromarray(np.full((32, 32, 3), grey, np.uint8)).save(folder / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "height": 32, "width": 32})
        outline = [[4, 4, 24, 4, 24, 20, 4, 20]]
        shape = {"segmentation": outline, "bbox": [4, 4, 20, 16], "area": 320, "iscrowd": 0}
        annotations.append({"id": number, "image_id": number, "category_id": 1, **shape})
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "shape"}]}
    (folder / "greys.json").write_text(json.dumps(content))
    return folder / "greys.json"


@pytest.mark.parametrize(
    ("kind", "quantize", "export", "agrees", "ap"),
    [
        ("onnx", "int8", Seer(0.7), True, 1),  # not a score is within 0.1, but all is found
        ("onnx", "int8", Seer(0.9, blind_to=[200]), False, 51 / 101),  # half of the objects: COCO's recalls 0 to 0.5
        ("onnx", "none", Seer(0.7), False, 1),  # what is not quantised has to give the same detections
    ],
)
def test_a_quantised_file_is_judged_by_ap_on_annotated_pictures(
    kind, quantize, export, agrees, ap, two_greys, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("mrcnn_keras.cli.export_check.reader_process", lambda path: nullcontext(export))
    file = tmp_path / "written.onnx"
    file.touch()
    figures = check_export(Seer(), file, kind, quantize, dataset=load_dataset(two_greys))
    assert (figures["agrees"], figures["model_bbox/AP"]) == (agrees, 1)
    assert figures["bbox/AP"] == pytest.approx(ap)
    required = r"0\.990" if quantize == "int8" else ""
    row = rf"^bbox AP +1\.000 +{figures['bbox/AP']:.3f} *{required}$"
    assert re.search(row, capsys.readouterr().out, re.MULTILINE)


def test_export_check_measures_ap_where_the_annotations_fit(
    trained, tiny_coco, two_greys, tmp_path, monkeypatch, capsys
):
    given = []
    monkeypatch.setitem(command.EXPORTERS, "savedmodel", lambda model, path: path)
    monkeypatch.setattr(command, "check_export", lambda *arguments: given.append(arguments[4:]) or {"agrees": True})
    words = ["export", str(trained), "--to", "savedmodel", "--out", str(tmp_path / "1"), "--check"]
    assert main([*words, str(tiny_coco)]) == 0
    assert f"comparing on the val pictures of {tiny_coco}" in capsys.readouterr().out
    assert given.pop()[2].num_images == 2
    assert main([*words, str(two_greys.parent)]) == 0
    assert "AP is not measured: " in capsys.readouterr().out
    files, *_ = given.pop()
    assert [file.name for file in files] == ["1.png", "2.png"]
    assert main([*words, str(two_greys)]) == 2  # a file of annotations is meant
    (tmp_path / "other.json").write_text("{")
    assert main([*words, str(tmp_path / "other.json")]) == 2
    assert not given


def test_export_check_that_disagrees_exits_with_1(trained, pictures, tmp_path, monkeypatch):
    monkeypatch.setitem(command.EXPORTERS, "savedmodel", lambda model, path: path)
    monkeypatch.setattr(command, "check_export", lambda *arguments: {"agrees": False, "share": 0.5})
    words = ["export", str(trained), "--to", "savedmodel", "--out", str(tmp_path / "1"), "--check", str(pictures)]
    assert main([*words, "--json", str(tmp_path / "figures.json")]) == 1
    assert json.loads((tmp_path / "figures.json").read_text())["share"] == 0.5


def test_export_hands_at_most_100_pictures_on_to_calibrate(trained, pictures, tmp_path, monkeypatch, capsys):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for number in range(150):
        shutil.copy(pictures / "1.png", photographs / f"{number}.png")
    given = {}
    monkeypatch.setitem(command.EXPORTERS, "onnx", lambda model, path, **more: given.update(more))
    words = ["export", str(trained), "--to", "onnx", "--quantize", "int8", "--out", str(tmp_path / "x.onnx")]
    assert main([*words, "--calibrate", str(photographs)]) == 0
    assert (given["quantize"], len([*given["calibrate"]])) == ("int8", 75)
    assert "measuring the ranges of numbers on 75 of 150 pictures" in capsys.readouterr().out
    assert main([*words[:3], "tflite", *words[4:], "--calibrate", str(photographs)]) == 2
    assert "--calibrate has no meaning with --to tflite" in capsys.readouterr().err


def test_annotated_data_to_calibrate_with_give_their_pictures_and_not_their_masks(
    trained, tmp_path, monkeypatch, capsys
):
    for inner, grey in (("images", 90), ("masks", 255)):
        (tmp_path / "data" / "first" / inner).mkdir(parents=True)
        picture = Image.fromarray(np.full((32, 32, 3), grey, np.uint8))
        picture.save(tmp_path / "data" / "first" / inner / "1.png")
    given = {}
    monkeypatch.setitem(command.EXPORTERS, "onnx", lambda model, path, **more: given.update(more))
    words = ["export", str(trained), "--to", "onnx", "--quantize", "int8", "--out", str(tmp_path / "x.onnx")]
    assert main([*words, "--calibrate", str(tmp_path / "data")]) == 0
    (picture,) = given["calibrate"]
    assert (picture == 90).all()


def test_export_check_compares_tflite_at_its_own_size(trained, pictures, tmp_path, capsys):
    pytest.importorskip("ai_edge_litert", reason="the extra tflite is not installed")
    out, figures = tmp_path / "mine.tflite", tmp_path / "figures.json"
    words = ["export", str(trained), "--to", "tflite", "--image-size", "96", "64", "--out", str(out)]
    assert main([*words, "--check", str(pictures), "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    assert found["expected"] == found["matched"] > 0
    assert found["bytes"] == out.stat().st_size
    assert "the tflite agrees with the model" in capsys.readouterr().out
