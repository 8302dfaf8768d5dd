"""The benchmarks run, at their smallest, and their figures fit together."""

import argparse
import importlib.util
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.data import make_pipeline
from mrcnn_keras.detections import Detections

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def _modules_of_samples_are_others():
    """Samples have modules of the same names."""
    names = {path.stem for path in FOLDER.glob("*.py")} & {*sys.modules}
    theirs = {name: sys.modules.pop(name) for name in names}
    yield
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)
    sys.modules.update(theirs)


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """A function: name of a benchmark, options -> what its `main` printed and what it wrote.

    All of it in this process: others would import TensorFlow again.
    """
    monkeypatch.syspath_prepend(FOLDER)
    for name in ("pipeline", "speed", "gpu"):
        module = importlib.import_module(name)
        monkeypatch.setattr(module, "in_own_process", lambda function, *arguments: function(*arguments))
    monkeypatch.setattr(importlib.import_module("machine"), "MATMUL_SIDE", 256)

    def run_main(name, *options):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *options, "--json", str(tmp_path / "figures.json")])
        importlib.import_module(name).main()
        return capsys.readouterr().out, json.loads((tmp_path / "figures.json").read_text())

    return run_main


def test_drawing(run):
    printed, result = run("drawing", "--size", "60", "90", "--instances", "5", "--repeat", "1")
    assert "large" in printed
    rows = {(row["objects"], row["drawn"]): row for row in result["rows"]}
    assert len(rows) == 15
    assert all(row["min"] > 0 and row["ratio"] > 0 for row in rows.values())
    assert all(rows[what, "all"]["ratio"] == 1 for what in ("small", "mixed", "large"))


def test_pipeline(run):
    small = ["--pictures", "4", "--opened", "20", "--repeat", "1", "--workers", "1"]
    printed, result = run("pipeline", *small)
    assert "times the plain loader" in printed
    assert [one["data"] for one in result["runs"]] == ["coco", "nuclei"]
    for one in result["runs"]:
        plain, ours = one["seconds"]["plain loader"], one["seconds"]["make_pipeline"]
        assert one["ratios"]["cpu"] == pytest.approx(plain["cpu"] / ours["cpu"])
    rows = result["opening"]["rows"]
    assert {row["pictures"] for row in rows.values()} == {20}
    assert all(0.05 < row["memory_gb"] < 100 for row in rows.values())


def test_both_loaders_of_the_pipeline_benchmark_read_the_same(monkeypatch, tmp_path):
    """Same boxes without augmentation, up to the rounding of masks that the plain loader has enlarged."""
    monkeypatch.syspath_prepend(FOLDER)
    pipeline = importlib.import_module("pipeline")
    data, config, plain = pipeline.coco_like(tmp_path, argparse.Namespace(pictures=3))
    batches = make_pipeline(data, config.replace(BATCH_SIZE=1), training=False)
    for i, batch in enumerate(batches.as_numpy_iterator()):
        image, boxes, masks = plain(i, AlwaysOne())
        assert batch["image_size"].tolist() == [list(image.shape[:2])]
        assert batch["gt_boxes"].shape[1] == len(boxes) == len(masks)
        np.testing.assert_allclose(batch["gt_boxes"][0], boxes, atol=2)


class AlwaysOne:
    """Draws that mirror nothing."""

    def random(self):
        return 1.0


@pytest.mark.slow
def test_video(run):
    small = ["--preset", "resnet18_fpn", "--side", "64", "--size", "48", "64", "--frames", "3", "--instances", "2"]
    printed, result = run("video", *small, "--repeat", "1")
    assert "3 frames of 48 x 64, 2 objects" in printed
    assert result["times"]["model"]["min"] > 0
    assert "vp9 by the processors: model alone" in printed
    assert all(share < 1 for shares in result["shares"].values() for share in shares.values())
    assert sys.modules.get("av", "absent") is not None  # as it was


def test_tiles(run, trained):
    small = ["--size", "160", "--objects", "6", "--pictures", "1", "--tiles", "96", "--min-score", "0.05"]
    printed, result = run("tiles", "--model", str(trained), *small)
    assert "1 pictures of 160 x 160 with 6 shapes" in printed
    [row] = result["rows"]
    assert row["tile"] == 96
    assert row["whole"] > 0
    assert 0 <= row["same"] <= row["near"] <= 1


def test_figures_of_tiles(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    compare = importlib.import_module("tiles").compare

    def found(*columns):
        masks = np.zeros((10, 40, len(columns)), bool)
        for i, (x1, x2) in enumerate(columns):
            masks[:, x1:x2, i] = True
        return Detections.from_masks(masks, [1] * len(columns), [0.9] * len(columns))

    whole, nothing = found((0, 10), (10, 20), (20, 30), (30, 40)), found()
    tiled = found((0, 10), (0, 9), (10, 18), (38, 40))  # the same, the same again, most of it, a part
    figures = compare([whole, nothing], [tiled, nothing])
    assert figures == {
        "whole": 4,
        "tiled": 4,
        "same": 1 / 4,
        "near": 2 / 4,
        "more": 2,
        "doubled_whole": 0,
        "doubled_tiled": 1,
    }


@pytest.mark.slow
def test_gradients(run):
    printed, result = run("gradients", "--sides", "8", "--repeat", "1")
    assert "batch norm, 8 x 8 cells" in printed
    ours = [row for row in result["rows"] if row["by"] == "ours"]
    assert len(ours) == 2
    assert all(row["same_each_time"] and row["error"] < 1e-6 and row["ratio"] > 0 for row in ours)


def test_each_measurement_has_a_process_of_its_own(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    assert importlib.import_module("speed").in_own_process(os.getpid) != os.getpid()


@pytest.mark.slow
def test_speed(run):
    printed, result = run("speed", "--sizes", "64", "--batch", "1", "--repeat", "1")
    assert "resnet18_fpn, 64 x 64 pixels" in printed
    assert result["machine"]["cores"] >= 1
    [figures] = result["runs"]
    assert (figures["preset"], figures["size"], figures["batch"]) == ("resnet18_fpn", 64, 1)
    rows = {row["part"]: row for row in figures["detect_parts"]}
    assert {"backbone", "FPN", "RPN", "proposals", "box head", "mask head", "pasting"} <= set(rows)
    assert all(0 < row["min"] <= row["median"] for row in figures["detect_parts"] + figures["step_parts"])
    # The stem, 7 x 7 from 3 to 64 channels on 32 x 32 cells, is 0.019 GFLOP; ResNet-18 at 224 x 224 is published
    # as 1.8 billion multiplications with addition, of which a 64 x 64 picture needs a twelfth.
    assert rows["backbone"]["gflop"] == pytest.approx(2 * 1.8 * (64 / 224) ** 2, rel=0.05)
    # 300 proposals of 7 x 7 cells and 64 channels, two layers of 512, four classes with four numbers each and a score
    assert rows["box head"]["gflop"] == pytest.approx(2e-9 * 300 * (7 * 7 * 64 * 512 + 512 * 512 + 512 * 20))
    steps = {row["part"]: row["gflop"] for row in figures["step_parts"]}
    assert steps["box head, forward and backward"] == pytest.approx(3 * steps["box head"])
    assert 0.1 < figures["detect_memory_gb"] <= figures["step_memory_gb"] < 100
    assert all(math.isfinite(value) and value > 0 for value in figures["ratios"].values())


@pytest.mark.slow
def test_serving(run, monkeypatch):
    sizes = importlib.import_module("serving").SIZES
    monkeypatch.setitem(sizes, "1 MP", (108, 144))
    monkeypatch.setitem(sizes, "12 MP", (375, 500))
    small = ["IMAGE_MIN_DIM=64", "IMAGE_MAX_DIM=64", "BACKBONE_WIDTH=16", 'HEAD_NORM="none"']
    printed, result = run("serving", "--set", *small, "--repeat", "1")
    assert "resnet18_fpn, 100 detections, small maps" in printed
    [figures] = result["runs"]
    seconds = figures["seconds"]
    assert set(seconds) == {
        f"{way}, {size}" for way in ("detect", "serving_default", "serving_bytes") for size in ("1 MP", "12 MP")
    }
    ratio = figures["ratios"]["serving_bytes, 12 MP / 1 MP"]["min"]
    assert ratio == pytest.approx(seconds["serving_bytes, 12 MP"]["min"] / seconds["serving_bytes, 1 MP"]["min"])


@pytest.mark.slow
def test_peers(run):
    small = ["--size", "64", "96", "--works", "detect", "--precisions", "float32", "--objects", "2"]
    printed, result = run("peers", *small, "--repeat", "1")
    with_torchvision = importlib.util.find_spec("torchvision") is not None
    assert ("pip install torch torchvision" in printed) != with_torchvision
    assert result["objects"] == {"found": 100, "annotated": 2}
    rows = {(row["peer"], row["precision"]): row for row in result["runs"]}
    peers = ["mrcnn_keras", "torchvision"] if with_torchvision else ["mrcnn_keras"]
    assert set(rows) == {(peer, "float32") for peer in peers}
    for row in rows.values():
        assert row["found"] == 100
        assert 0 < row["min"] <= row["median"]
        assert 0.1 < row["memory_gb"] < 100
    assert len(result["ratios"]) == with_torchvision


def test_peers_find_the_same(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    same_share = importlib.import_module("peers").same_share
    two = {"boxes": [[0, 0, 9, 9], [10, 10, 30, 20]], "class_ids": [1, 2], "scores": [0.9, 0.5]}
    swapped = {name: values[::-1] for name, values in two.items()}
    assert same_share(two, swapped) == 1
    assert same_share(two, {**two, "class_ids": [1, 3]}) == 0.5
    assert same_share(two, {**two, "boxes": [[0, 0, 9, 9.2], [10, 10, 30, 20]]}) == 0.5
    assert same_share(two, {name: values[:1] for name, values in two.items()}) == 0.5
    nothing = {"boxes": [], "class_ids": [], "scores": []}
    assert same_share(nothing, two) == same_share(two, nothing) == same_share(nothing, nothing) == 0


def test_ratios_of_peers(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    peers = importlib.import_module("peers")
    columns = ("median", "min", "cpu", "memory_gb")
    seconds = {"float32": {peers.OURS: 3.0, peers.THEIRS: 4.0}, "bfloat16": {peers.OURS: 1.0, peers.THEIRS: 2.0}}
    runs = [
        {"work": "step", "peer": peer, "precision": precision, **dict.fromkeys(columns, value)}
        for precision, row in seconds.items()
        for peer, value in row.items()
    ]
    assert {name: ratio["median"] for name, ratio in peers.ratios(runs).items()} == {
        "training step, float32 / torchvision, float32": 0.75,
        "training step, bfloat16 / torchvision, float32": 0.25,
        "training step, bfloat16 / torchvision, bfloat16": 0.5,
    }


@pytest.mark.slow
def test_gpu(run):
    printed, result = run("gpu", "--cpu", "--no-xla", "--precisions", "float32", "--batch", "1", "--repeat", "1")
    [row] = result["rows"]
    assert (row["preset"], row["size"], row["precision"], row["xla"]) == ("resnet18_fpn", "64x64", "float32", False)
    assert all(row[name] > 0 for name in ("detect", "network", "step", "pipeline"))
    assert "| resnet18_fpn | 64x64 | float32 | no |" in printed


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU")
def test_gpu_where_there_is_none(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run("gpu")
    assert "finds no GPU here" in capsys.readouterr().out
