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


def test_export_check_compares_tflite_at_its_own_size(trained, pictures, tmp_path, capsys):
    pytest.importorskip("ai_edge_litert", reason="the extra tflite is not installed")
    out, figures = tmp_path / "mine.tflite", tmp_path / "figures.json"
    words = ["export", str(trained), "--to", "tflite", "--image-size", "96", "64", "--out", str(out)]
    assert main([*words, "--check", str(pictures), "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    assert found["expected"] == found["matched"] > 0
    assert found["bytes"] == out.stat().st_size
    assert "the tflite agrees with the model" in capsys.readouterr().out
