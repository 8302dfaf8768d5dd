"""mrcnn detect in folders as people have them; the model is a stand-in, which finds one object in each picture."""

import json
import types

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.cli import detect, main
from mrcnn_keras.detections import Detections


class Model:
    takes_proposals = False
    config = types.SimpleNamespace(
        CLASS_NAMES=("BG", "cat"),
        NUM_CLASSES=2,
        CATEGORY_IDS=(),
        KEYPOINT_NAMES=(),
        KEYPOINT_SKELETON=(),
        DETECTION_MIN_CONFIDENCE=0.05,
    )

    def detect_each(self, images, min_score):
        for image in images:
            yield Detections(image.shape[:2], [[1, 1, 9, 9]], [1], [0.9])


@pytest.fixture(autouse=True)
def stand_in(monkeypatch, tmp_path):
    monkeypatch.setattr(detect, "load_model", lambda path, settings, precision: Model())
    monkeypatch.chdir(tmp_path)
    for name in ("in/1.jpg", "in/b/1.jpg", "in/b/2.png", "in/b/._2.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(name)


def written(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_pictures_in_sub_folders_are_drawn_into_the_same_sub_folders(tmp_path, capsys):
    assert main(["detect", "run", "in", "--out", "in/found"]) == 0
    assert written(tmp_path / "in/found") == ["1.png", "b/1.png", "b/2.png", "detections.json"]
    rows = json.loads((tmp_path / "in/found/detections.json").read_text())
    assert {row["file_name"] for row in rows} == {"in/1.jpg", "in/b/1.jpg", "2.png"}
    assert main(["detect", "run", "in", "--out", "in/found"]) == 0  # its own drawings are no new pictures
    assert "detections of 3 files" in capsys.readouterr().out.splitlines()[-1]


def test_files_that_cannot_be_read_are_named_and_the_others_done(tmp_path, capsys):
    (tmp_path / "in/0.jpg").write_text("<html>not found</html>")
    (tmp_path / "in/b/9.png").write_bytes(b"")
    pages = [Image.fromarray(np.full((20, 30, 3), grey, np.uint8)) for grey in (90, 30)]
    pages[0].save(tmp_path / "in/a.tif", save_all=True, append_images=pages[1:])
    assert main(["detect", "run", "in", "--out", "out"]) == 2
    assert written(tmp_path / "out") == ["1.png", "a.png", "b/1.png", "b/2.png", "detections.json"]
    said = capsys.readouterr()
    assert "in/0.jpg' is not a picture of a known kind; save it as PNG or JPEG (2 of 6 files could not be" in said.err
    assert "9.png: left out: " in said.out
    assert "9.png' is not a picture but empty" in said.out
    assert "a.png (note: pictures with several pages or frames, of which the first is read)" in said.out
