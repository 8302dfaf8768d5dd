"""samples/tflite/detect.py with numpy, Pillow and ai-edge-litert alone, and the benchmark of TFLite files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.export.blocked import without

pytest.importorskip("ai_edge_litert", reason="the extra tflite is not installed")

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "tflite" / "detect.py"
ALONE = (
    without("tensorflow", "keras", "mrcnn_keras", "cv2", "matplotlib", "scipy")
    + """
import runpy
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
)


def test_detects_and_draws_masks(thin, thin_tflite, picture, tmp_path):
    image = np.ascontiguousarray(picture(200, 300) // 8)  # dark, so that what is drawn is brighter
    Image.fromarray(image).save(tmp_path / "dark.png")
    [expected] = thin.detect([image])
    least = float(expected.scores[4])
    words = [SAMPLE, thin_tflite, tmp_path / "dark.png", "--out", tmp_path / "found.png", "--min-score", least - 1e-3]
    command = [sys.executable, "-c", ALONE, *map(str, words)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    *lines, last = done.stdout.splitlines()
    assert last == f"wrote {tmp_path / 'found.png'}"
    # Pillow's resized picture differs by parts of a grey level.
    assert 4 <= len(lines) <= 20
    assert {line.split(" 0.")[0] for line in lines} <= {"cat", "street lamp"}
    drawn = np.asarray(Image.open(tmp_path / "found.png")).astype(int)
    assert drawn.shape == image.shape
    best = expected[0]
    inside = drawn[best.masks[..., 0]].mean() - image[best.masks[..., 0]].mean()
    y1, x1, y2, x2 = np.round(best.boxes[0]).astype(int)
    assert inside > 10
    outside = np.ones(image.shape[:2], bool)
    for box in expected.boxes.round().astype(int):
        outside[max(box[0] - 30, 0) : box[2] + 30, max(box[1] - 30, 0) : box[3] + 120] = False
    np.testing.assert_array_equal(drawn[outside], image[outside])


def test_benchmark(thin_tflite, tmp_path):
    words = [thin_tflite, thin_tflite, "--repeat", 2, "--json", tmp_path / "figures.json"]
    command = [sys.executable, str(ROOT / "benchmarks" / "phones.py"), *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    [run] = json.loads((tmp_path / "figures.json").read_text())["runs"]
    first, last = run["files"]
    assert first["file"] == last["file"] == "thin.tflite"
    assert first["found"] == last["found"] > 0
    assert len(first["seconds"]) == 2
    assert run["ratio"] == last["min"] / first["min"]
    assert f"the last takes {run['ratio']:.1f} times the time of the first" in done.stdout
