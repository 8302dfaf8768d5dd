"""The sample for very many pictures: run lengths, the plan, and a small Ray cluster that loses a worker."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "many_pictures" / "detect_all.py"
PATIENCE = 240  # seconds until a test gives up


@pytest.fixture
def samples(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "samples"))


@pytest.mark.parametrize("place", [(0, 0), (3, 2), (5, 9)], ids=str)
@pytest.mark.parametrize("share", [0, 0.3, 0.7, 1])
def test_run_lengths_are_those_of_pycocotools(samples, place, share):
    from many_pictures.run_lengths import run_lengths

    rng = np.random.default_rng(0)
    for size in ((12, 15), (200, 300), (1, 40)):
        whole = np.zeros(size, np.uint8)
        top, left = min(place[0], size[0] - 1), place[1]
        part = rng.random((min(7, size[0] - top), 6)) < share
        whole[top : top + part.shape[0], left : left + 6] = part
        expected = coco_mask.encode(np.asfortranarray(whole))
        assert run_lengths(part, top, left, size) == {"size": list(size), "counts": expected["counts"].decode()}


def test_new_pictures_get_new_shards_and_known_ones_stay(samples, tmp_path):
    from many_pictures.plan import Plan, pictures_in, write_whole

    pictures = tmp_path / "pictures"
    for name in ("b.jpg", "a.PNG", "below/c.jpeg", "notes.txt", ".hidden.jpg"):
        write_whole(pictures / name, "")
    plan = Plan(tmp_path / "out")
    assert [*pictures_in(pictures)] == ["a.PNG", "b.jpg", "below/c.jpeg"]
    assert plan.add(pictures_in(pictures), 2) == 3
    assert [plan.read(shard) for shard in plan.shards()] == [(1, ["a.PNG", "b.jpg"]), (3, ["below/c.jpeg"])]
    write_whole(plan.results(0), "")
    write_whole(pictures / "aa.jpg", "")
    assert plan.add(pictures_in(pictures), 2) == 1
    assert plan.read(2) == (4, ["aa.jpg"])
    assert plan.open_shards() == [1, 2]
    with pytest.raises(ValueError, match="rename the file"):
        plan.add(["two\nlines.jpg"], 2)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A folder with mine/, a SavedModel of a model that finds something, and pictures/: 12 good ones and 2 bad."""
    import mrcnn_keras as mk
    from tests.tiny import TINY

    folder = tmp_path_factory.mktemp("many")
    settings = {**TINY, "DETECTION_MIN_CONFIDENCE": 0.0, "DETECTION_MAX_INSTANCES": 3}
    model = mk.MaskRCNN(mk.Config.preset("resnet18_fpn", NUM_CLASSES=4, **settings))
    mk.export.saved_model(model, folder / "mine")
    (folder / "pictures" / "below").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(12):
        image = rng.integers(0, 256, (40 + i, 64, 3), np.uint8)
        Image.fromarray(image).save(folder / "pictures" / ("below" if i % 2 else "") / f"{i}.png")
    (folder / "pictures" / "broken.jpg").write_bytes(b"no picture")
    (folder / "pictures" / "empty.png").touch()
    model.save(folder / "model.keras")
    return folder


def lines_of(out):
    return [json.loads(line) for path in sorted(out.glob("found/*.jsonl")) for line in path.open()]


def test_a_shard_has_what_the_model_finds_and_bad_pictures_are_reported(samples, served, tmp_path):
    from many_pictures.answering import Answerer
    from many_pictures.plan import Plan, pictures_in, write_whole

    import mrcnn_keras as mk

    plan = Plan(tmp_path)
    plan.add(pictures_in(served / "pictures"), 20)
    deadly = {"file_name": "10.png", "times": 2}  # a picture at which two processes have ended
    write_whole(plan.asking(0), json.dumps(deadly))
    answerer = Answerer(str(served / "mine"), str(served / "pictures"), str(tmp_path))
    counts = answerer.answer(0)
    lines = lines_of(tmp_path)
    bad = {line["file_name"]: line["error"] for line in lines if "error" in line}
    assert {*bad} == {"broken.jpg", "empty.png", "10.png"}
    assert "the process ended 2 times" in bad["10.png"]
    assert counts == {"pictures": 14, "bad": 3, "objects": sum(len(line.get("found", ())) for line in lines)}
    assert not plan.asking(0).exists()

    model = mk.MaskRCNN.load(served / "model.keras")
    good = [line for line in lines if "found" in line]
    assert sum(len(line["found"]) for line in good) > 10
    for line in good:
        image = np.asarray(Image.open(served / "pictures" / line["file_name"]))
        found = model.detect([image])[0]
        assert line["size"] == [*image.shape[:2]]
        assert [entry["category_id"] for entry in line["found"]] == found.class_ids.tolist()
        for entry, (y1, x1, y2, x2), rle in zip(line["found"], found.boxes.tolist(), found.rle(), strict=True):
            assert entry["bbox"] == pytest.approx([x1, y1, x2 - x1, y2 - y1], abs=0.02)
            assert coco_mask.iou([entry["segmentation"]], [rle], [False])[0, 0] > 0.999 or not coco_mask.area(rle)


@pytest.mark.slow
def test_ray_detects_in_each_picture_once_also_when_a_worker_is_killed(samples, served, tmp_path):
    pytest.importorskip("ray.data", reason="Ray is not installed: pip install 'ray[data]'")
    from many_pictures.plan import Plan

    out, results = tmp_path / "out", tmp_path / "results.json"
    words = [served / "mine", served / "pictures", "--out", out, "--shard-size", 3, "--workers", 2, "--join", results]
    command = [sys.executable, str(SAMPLE), *map(str, words)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "RAY_USAGE_STATS_ENABLED": "0"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    try:
        killed = kill_a_worker(out, process)
        said = process.communicate(timeout=PATIENCE)[0]
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert killed, said
    names = [line["file_name"] for line in lines_of(out)]
    assert len(names) == len({*names}) == 14
    assert sum("error" in line for line in lines_of(out)) == 2
    entries = json.loads(results.read_text())
    assert len(entries) == sum(len(line.get("found", ())) for line in lines_of(out)) > 10

    Plan(out).results(1).unlink()  # as if the program had been stopped before this shard
    written = {path: path.stat().st_mtime_ns for path in out.glob("found/*.jsonl")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment)
    assert done.returncode == 0, done.stderr
    assert "0 new pictures" in done.stdout
    assert "1 of 1 shards, 3 pictures" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert sorted(line["file_name"] for line in lines_of(out)) == sorted(names)


def kill_a_worker(out, process):
    """Kills the first process that is caught running its model; returns whether there was one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for path in out.glob("asking/[0-9]*.json"):
            try:
                os.kill(json.loads(path.read_text())["pid"], signal.SIGKILL)
            except (OSError, ValueError):  # it has just finished
                continue
            return True
        time.sleep(0.01)
    return False
