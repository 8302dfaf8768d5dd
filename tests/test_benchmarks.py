"""The benchmarks run, at their smallest, and their figures fit together."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(name, folder, *options):
    """Runs a benchmark -> what it printed and what it wrote."""
    command = [sys.executable, ROOT / "benchmarks" / name, *options, "--json", folder / "figures.json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((folder / "figures.json").read_text())


@pytest.mark.slow
def test_gradients(tmp_path):
    printed, result = run("gradients.py", tmp_path, "--sides", "8", "--repeat", "1")
    assert "batch norm, 8 x 8 cells" in printed
    ours = [row for row in result["rows"] if row["by"] == "ours"]
    assert len(ours) == 2
    assert all(row["same_each_time"] and row["error"] < 1e-6 and row["ratio"] > 0 for row in ours)


@pytest.mark.slow
def test_speed(tmp_path):
    printed, result = run("speed.py", tmp_path, "--sizes", "64", "--batch", "1", "--repeat", "1")
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
    # 300 proposals of 7 x 7 cells and 128 channels, two layers of 512, four classes with four numbers each and a score
    assert rows["box head"]["gflop"] == pytest.approx(2e-9 * 300 * (7 * 7 * 128 * 512 + 512 * 512 + 512 * 20))
    steps = {row["part"]: row["gflop"] for row in figures["step_parts"]}
    assert steps["box head, forward and backward"] == pytest.approx(3 * steps["box head"])
    assert 0.1 < figures["detect_memory_gb"] <= figures["step_memory_gb"] < 8
    assert all(math.isfinite(value) and value > 0 for value in figures["ratios"].values())


@pytest.mark.slow
def test_serving(tmp_path):
    small = ["IMAGE_MIN_DIM=64", "IMAGE_MAX_DIM=64"]
    printed, result = run("serving.py", tmp_path, "--set", *small, "--repeat", "1")
    assert "resnet18_fpn, 100 detections, small maps" in printed
    [figures] = result["runs"]
    seconds = figures["seconds"]
    assert set(seconds) == {
        f"{way}, {size}" for way in ("detect", "serving_default", "serving_bytes") for size in ("1 MP", "12 MP")
    }
    ratio = figures["ratios"]["serving_bytes, 12 MP / 1 MP"]["min"]
    assert ratio == pytest.approx(seconds["serving_bytes, 12 MP"]["min"] / seconds["serving_bytes, 1 MP"]["min"])
