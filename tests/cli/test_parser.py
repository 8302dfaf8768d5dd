"""The command `mrcnn`: a user's mistake is one line and exit status 2; what the commands write for a tiny run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mrcnn_keras.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def coco(tiny_coco, tmp_path):
    """A copy of the tiny training pictures: a function that changes the content of the JSON."""
    folder = tmp_path / "photos"
    shutil.copytree(tiny_coco / "train", folder)

    def change(edit=None):
        path = folder / "_annotations.coco.json"
        if edit is not None:
            content = json.loads(path.read_text())
            edit(content)
            path.write_text(json.dumps(content))
        return folder

    return change


@pytest.fixture
def mistake(capsys, tmp_path, monkeypatch):
    """A function that runs a command line, which must fail with exit status 2, and returns its one line on stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        assert main([str(word) for word in words]) == 2
        printed = capsys.readouterr().err
        assert printed.startswith("mrcnn: ")
        assert printed.endswith("\n")
        assert printed.count("\n") == 1, printed
        return printed.removeprefix("mrcnn: ").strip()

    return run


def cut(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


# --- wrong options


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "the following arguments are required: COMMAND; see `mrcnn --help`"),
        ("trian photos", "argument COMMAND: invalid choice: 'trian'"),
        ("train", "the following arguments are required: DATA; see `mrcnn train --help`"),
        ("train photos --epoch 3 --nonsense", "unrecognized arguments: --nonsense"),
        ("train photos --epochs -1", "argument --epochs: '-1' is not a whole number above 0; see `mrcnn train --help`"),
        ("train photos --epochs 2.5", "argument --epochs: '2.5' is not a whole number above 0"),
        ("train photos --minutes nan", "argument --minutes: 'nan' is not a number of minutes"),
        ("train photos --minutes inf", "argument --minutes: 'inf' is not a number of minutes"),
        ("train photos --batch-size 0", "argument --batch-size: '0' is not a whole number above 0"),
        ("train photos --seed -5", "argument --seed: '-5' is not a whole number from 0 to 4294967295"),
        ("train photos --val-split 2", "argument --val-split: '2' is not a number from 0 to 1"),
        ("train photos --epochs 2 --minutes 3", "argument --minutes: not allowed with argument --epochs"),
        ("train photos --val other --val-split 0.2", "argument --val-split: not allowed with argument --val"),
        ("train photos --resume", "--resume needs --out RUN, the folder of the training to go on with"),
        ("train photos --resume --out nowhere", "nowhere has no last.keras to resume from"),
        ("train photos --preset resnet50fpn", "preset 'resnet50fpn' is unknown; did you mean resnet50_fpn?"),
        ("train photos --set NUM_CLASES=3", "NUM_CLASES is not a setting; did you mean NUM_CLASSES?"),
        ("train photos --set NUM_CLASSES", "--set 'NUM_CLASSES' is not of the form NAME=VALUE"),
        ("train photos", "'photos' does not exist; give a folder or file with annotations"),
        ("inspect photos", "'photos' does not exist"),
        ("evaluate run photos", "'photos' does not exist"),
        ("detect run photo.jpg", "photo.jpg does not exist; give a picture, a video, a camera such as 0"),
        ("detect run photo.jpg --min-score 7", "argument --min-score: '7' is not a number from 0 to 1"),
        ("export run --to savedmodel --out x", "run does not exist; give the folder of a training"),
        ("export run --to onyx --out x", "argument --to: invalid choice: 'onyx'"),
        ("detect run a.jpg --tile 8", "argument --tile: '8' is not a number of pixels from 32 on"),
        ("evaluate run data --overlap 1", "argument --overlap: '1' is not a number from 0.01 to 0.9"),
        ("detect run a.jpg --overlap 0.3", "--overlap is of tiles; add --tile N, or leave it out"),
        ("demo --steps 0", "argument --steps: '0' is not a whole number above 0"),
    ],
)
def test_cli_refuses_wrong_options(words, sentence, mistake):
    assert sentence in mistake(*words.split())


def test_train_refuses_wrong_values_of_settings(mistake, coco):
    message = mistake("train", coco(), "--set", "BATCH_SIZE=two")
    assert message == "BATCH_SIZE = 'two': expected a whole number, such as 2"
    assert "is not a multiple of 32" in mistake("train", coco(), "--image-size", 100)
    assert "LEARNING_RATE = -1.0: must lie between 0 and inf" in mistake("train", coco(), "--set", "LEARNING_RATE=-1")
    assert "leaves no picture to train or to validate" in mistake("train", coco(), "--val-split", 0)


def test_debug_prints_the_traceback(capsys):
    assert main(["inspect", "nowhere", "--debug"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].startswith("mrcnn: 'nowhere' does not exist")


def test_help_does_not_import_tensorflow():
    code = (
        "import sys\nfrom mrcnn_keras.cli import main\ntry: main(['train', '--help'])\n"
        "finally: print([name for name in ('tensorflow', 'keras', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert "--val-split" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stderr == ""


# --- wrong files


def no_category(content):
    content["annotations"][0]["category_id"] = 77


def no_such_picture(content):
    content["annotations"][0]["image_id"] = 4711


def no_picture_at_all(content):
    content["images"], content["annotations"] = [], []


@pytest.mark.parametrize("edit", [no_category, no_such_picture, no_picture_at_all], ids=lambda edit: edit.__name__)
def test_cli_refuses_inconsistent_annotations(edit, coco, mistake):
    folder = coco(edit)
    message = {verb: mistake(verb, folder, "--skip-bad", 0) for verb in ("train", "inspect")}
    assert message["train"] == message["inspect"]
    assert str(folder) in message["train"]
    expected = {no_category: "77", no_such_picture: "4711", no_picture_at_all: "has no picture; export it"}
    assert expected[edit] in message["train"]
    assert not Path("run").exists()


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"a": 1}', "\x00\x01"])
def test_train_refuses_json_that_is_not_coco(text, tmp_path, mistake):
    (tmp_path / "photos.json").write_text(text)
    assert "photos.json" in mistake("train", tmp_path / "photos.json")


def test_train_refuses_a_folder_without_annotations(tmp_path, mistake):
    (tmp_path / "photos").mkdir()
    assert "no annotations were found in" in mistake("train", tmp_path / "photos")


def test_train_refuses_a_missing_picture(coco, mistake):
    (coco() / "3.png").unlink()
    message = mistake("train", coco(), "--skip-bad", 0)
    assert "1 of 6 pictures cannot be read" in message
    assert "3.png' of" in message
    assert "does not exist" in message


def test_cli_refuses_unreadable_models(trained, tiny_coco, tmp_path, mistake):
    half = tmp_path / "half.keras"
    shutil.copy(trained / "best.keras", half)
    cut(half)
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "model.h5").write_text("no model")
    (tmp_path / "empty").mkdir()
    picture = tiny_coco / "valid" / "1.png"
    assert "half.keras cannot be read" in mistake("detect", half, picture)
    assert "half.keras cannot be read" in mistake("evaluate", half, tiny_coco)
    assert "text.keras cannot be read" in mistake("export", tmp_path / "text.keras", "--to", "savedmodel", "--out", "x")
    assert "model.h5 is not a .keras file" in mistake("detect", tmp_path / "model.h5", picture)
    assert "empty holds no best.keras" in mistake("detect", tmp_path / "empty", picture)
    assert "not a file of weights that can be read" in mistake("train", tiny_coco, "--weights", "model.h5")


def test_train_does_not_overwrite_a_run(trained, tiny_coco, mistake):
    before = {path: path.stat().st_mtime_ns for path in trained.iterdir()}
    assert "already holds a training; resume it" in mistake("train", tiny_coco, "--out", trained)
    assert "resume with the same ones" in mistake(
        "train", tiny_coco, "--out", trained, "--resume", "--set", "LEARNING_RATE=0.5"
    )
    assert {path: path.stat().st_mtime_ns for path in trained.iterdir()} - before.keys() == set()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="for root, every folder may be written")
def test_inspect_without_permission_to_write(tiny_coco, tmp_path, mistake):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "Permission denied" in mistake("inspect", tiny_coco, "--out", tmp_path / "closed" / "inspect.png")


def test_inspect_out_below_a_file(tiny_coco, tmp_path, mistake):
    (tmp_path / "file").write_text("x")
    message = mistake("inspect", tiny_coco, "--out", tmp_path / "file" / "inspect.png")
    assert "file: " in message


# --- what the commands write


def test_inspect_writes_figures_and_a_sheet(tiny_coco, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    assert main(["inspect", str(tiny_coco), "--out", str(tmp_path / "sheet.png"), "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    assert found["images"] == 8
    assert found["broken"] == 0
    assert sum(found["per_class"].values()) == found["instances"] > 0
    assert Image.open(tmp_path / "sheet.png").width > 500
    assert "with 8 of the pictures" in capsys.readouterr().out


def test_evaluate_writes_flat_figures(trained, tiny_coco, tmp_path):
    figures = tmp_path / "figures.json"
    words = ["evaluate", str(trained), str(tiny_coco), "--out", str(tmp_path / "drawn"), "--json", str(figures)]
    assert main(words) == 0
    found = json.loads(figures.read_text(), parse_constant=pytest.fail)
    names = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR", "AP/circle", "AP/square", "AP/triangle"]
    assert list(found) == [f"{kind}/{name}" for kind in ("bbox", "segm") for name in names]
    assert 0 <= found["segm/AP"] <= found["segm/AP50"] <= 1
    assert found["segm/APl"] is None  # there is no large object
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["0000.png", "0001.png", "report.html"]
    page = (tmp_path / "drawn" / "report.html").read_text(encoding="utf-8")
    shown = dict(re.findall(r'data-key="([^"]+)" data-value="([^"]+)"', page))
    values = {key: None if value == "nan" else float(value) for key, value in shown.items()}
    assert {key: value for key, value in values.items() if not key.startswith("boundary/")} == {
        key: value for key, value in found.items() if "AP/" not in key
    }
    assert values["boundary/AP"] <= values["segm/AP"]
    assert "total loss" in page  # of the training of the run


def test_evaluate_refuses_other_classes(trained, coco, mistake):
    def rename(content):
        content["categories"][0]["name"] = "disc"

    message = mistake("evaluate", trained, coco(rename))
    assert "has the classes disc, square, triangle but" in message
    assert "knows circle, square, triangle" in message


def test_detections_are_coco_results(trained, tiny_coco, tmp_path):
    out, figures = tmp_path / "found", tmp_path / "figures.json"
    words = ["detect", str(trained), str(tiny_coco / "valid"), "--out", str(out), "--min-score", "0"]
    assert main([*words, "--json", str(figures)]) == 0
    found = json.loads((out / "detections.json").read_text())
    assert json.loads(figures.read_text()) == {"files": 2, "detections": len(found)}
    assert len(found) > 0
    for row in found:
        assert {"image_id", "category_id", "bbox", "score", "segmentation", "file_name"} == set(row)
        assert row["file_name"] == f"{row['image_id']}.png"
    truth = COCO(tiny_coco / "valid" / "_annotations.coco.json")
    for annotation in truth.anns.values():
        annotation["area"], annotation["bbox"] = 1.0, [0, 0, 1, 1]
    scored = COCOeval(truth, truth.loadRes(str(out / "detections.json")), "segm")
    scored.evaluate()
    assert sorted(path.name for path in out.iterdir()) == ["1.png", "2.png", "detections.json"]
    assert Image.open(out / "1.png").size == (64, 64)


def test_detect_in_files_of_the_same_name_and_damaged_ones(trained, tiny_coco, tmp_path, mistake, capsys):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        shutil.copy(tiny_coco / "valid" / "1.png", tmp_path / name / "cat.png")
    Image.open(tiny_coco / "valid" / "2.png").save(tmp_path / "a" / "broken.jpg")
    cut(tmp_path / "a" / "broken.jpg")
    message = mistake("detect", trained, "a", "b", "--out", "out", "--min-score", 0)
    assert "broken.jpg' is damaged" in message
    assert sorted(path.name for path in Path("out").iterdir()) == ["cat-2.png", "cat.png", "detections.json"]
    found = json.loads(Path("out/detections.json").read_text())
    # In the order of the folders: broken.jpg is picture 1.
    assert {(row["image_id"], row["file_name"]) for row in found} == {(2, "a/cat.png"), (3, "b/cat.png")}

    before = (tmp_path / "b" / "cat.png").read_bytes()
    assert "cat.png is one of the inputs and would be overwritten" in mistake("detect", trained, "b", "--out", "b")
    assert (tmp_path / "b" / "cat.png").read_bytes() == before
    (tmp_path / "c").mkdir()
    assert "c contains no picture" in mistake("detect", trained, "c")


def test_detect_in_a_video(trained, tmp_path, mistake, capsys):
    video = tmp_path / "five.mp4"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"mp4v"), 10, (80, 64))
    for i in range(5):
        writer.write(np.full((64, 80, 3), 40 * i, np.uint8))
    writer.release()
    assert main(["detect", str(trained), str(video), "--out", str(tmp_path / "out")]) == 0
    assert "5 frames" in capsys.readouterr().out
    drawn = cv2.VideoCapture(str(tmp_path / "out" / "five.mp4"))
    assert drawn.get(cv2.CAP_PROP_FPS) == 10
    sizes = []
    while (answer := drawn.read())[0]:
        sizes.append(answer[1].shape)
    assert sizes == [(64, 80, 3)] * 5
    assert json.loads((tmp_path / "out" / "detections.json").read_text()) == []

    (tmp_path / "text.mp4").write_text("no video")
    assert "text.mp4 contains no readable frame" in mistake("detect", trained, tmp_path / "text.mp4")
