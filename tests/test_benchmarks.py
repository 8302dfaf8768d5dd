"""The benchmark runs, at its smallest, and its figures fit together."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_speed(tmp_path):
    command = [sys.executable, ROOT / "benchmarks" / "speed.py", "--sizes", "64", "--batch", "1", "--repeat", "1"]
    command += ["--json", tmp_path / "speed.json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "resnet18_fpn, 64 x 64 pixels" in done.stdout

    result = json.loads((tmp_path / "speed.json").read_text())
    assert result["machine"]["cores"] >= 1
    [run] = result["runs"]
    assert (run["preset"], run["size"], run["batch"]) == ("resnet18_fpn", 64, 1)
    rows = {row["part"]: row for row in run["detect_parts"]}
    assert {"backbone", "FPN", "RPN", "proposals", "box head", "mask head", "pasting"} <= set(rows)
    assert all(0 < row["min"] <= row["median"] for row in run["detect_parts"] + run["step_parts"])
    # The stem, 7 x 7 from 3 to 64 channels on 32 x 32 cells, is 0.019 GFLOP; ResNet-18 at 224 x 224 is published
    # as 1.8 billion multiplications with addition, of which a 64 x 64 picture needs a twelfth.
    assert rows["backbone"]["gflop"] == pytest.approx(2 * 1.8 * (64 / 224) ** 2, rel=0.05)
    # 300 proposals of 7 x 7 cells and 128 channels, two layers of 512, four classes with four numbers each and a score
    assert rows["box head"]["gflop"] == pytest.approx(2e-9 * 300 * (7 * 7 * 128 * 512 + 512 * 512 + 512 * 20))
    steps = {row["part"]: row["gflop"] for row in run["step_parts"]}
    assert steps["box head, forward and backward"] == pytest.approx(3 * steps["box head"])
    assert 0.1 < run["detect_memory_gb"] <= run["step_memory_gb"] < 8
    assert all(math.isfinite(value) and value > 0 for value in run["ratios"].values())
