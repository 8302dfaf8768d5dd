"""mrcnn detect in folders as people have them; the model is a stand-in, which finds one object in each picture."""

import json
import types

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.cli import detect, main
from mrcnn_keras.data import load_dataset
from mrcnn_keras.detections import Detections


class Model:
    takes_proposals = False
    config = types.SimpleNamespace(
        CLASS_NAMES=("BG", "cat"),
        NUM_CLASSES=2,
        CATEGORY_IDS=(),
        CLASS_MIN_SCORES=(),
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


class Masks(Model):
    """A model that finds a mask with a hole, and doubts it where the picture is dark."""

    def detect_each(self, images, min_score):
        for image in images:
            masks = np.zeros((*image.shape[:2], 1), bool)
            masks[2:12, 3:20, 0] = True
            masks[5:8, 8:12, 0] = False
            score = 0.45 if image.mean() < 50 else 0.9
            yield Detections.from_masks(masks, [1], [score]).above(min_score)


@pytest.fixture
def masks(monkeypatch):
    monkeypatch.setattr(detect, "load_model", lambda *_: Masks())


@pytest.mark.usefixtures("masks")
def test_where_nothing_is_found_a_lower_score_is_named(capsys):
    assert main(["detect", "run", "in", "--out", "out", "--min-score", "0.95"]) == 0
    assert "note: nothing has a score of 0.95 or more; try a lower one, as --min-score 0.1" in capsys.readouterr().out
    assert main(["detect", "run", "in", "--out", "out"]) == 0
    assert "note: nothing" not in capsys.readouterr().out


@pytest.mark.usefixtures("masks")
def test_labels_are_saved_beside_the_pictures_that_they_are_of(tmp_path, capsys):
    assert main(["detect", "run", "in", "--out", "out", "--save", "labelme", "--save", "coco"]) == 0
    assert written(tmp_path / "out/labelme") == ["1.jpg", "1.json", "2.json", "2.png", "b_1.jpg", "b_1.json"]
    assert (tmp_path / "out/labelme/b_1.jpg").read_bytes() == (tmp_path / "in/b/1.jpg").read_bytes()
    (shape,) = json.loads((tmp_path / "out/labelme/2.json").read_text())["shapes"]
    assert (shape["label"], shape["group_id"]) == ("cat", None)
    again = load_dataset(tmp_path / "out/coco")
    assert again.class_names == ["BG", "cat"]
    assert [again.load_annotations(i).areas.tolist() for i in again.image_ids] == [[10 * 17 - 3 * 4]] * 3
    assert "wrote 3 pictures with their labels as coco to out/coco" in capsys.readouterr().out
    # What may have been corrected is not written over.
    assert main(["detect", "run", "in", "--out", "out", "--save", "labelme"]) == 2
    assert "'out/labelme' exists, and may hold corrected annotations" in capsys.readouterr().err


@pytest.mark.usefixtures("masks")
def test_pictures_to_label_next_are_named_with_the_reason(tmp_path, capsys):
    Image.fromarray(np.full((20, 30, 3), 30, np.uint8)).save("in/dark.png")
    assert main(["detect", "run", "in", "--out", "out", "--suggest", "2", "--json", "figures.json"]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["suggested"] == json.loads((tmp_path / "out/suggestions.json").read_text())
    first, second = figures["suggested"]
    assert (first["file"], second["file"]) == ("in/dark.png", "in/1.jpg")
    assert first["reason"] == "1 of 1 objects are doubtful: cat 0.45 (uncertainty 0.90)"
    assert f"1 in/dark.png: {first['reason']}" in capsys.readouterr().out
    assert figures["detections"] == 3  # those of at least --min-score


def test_boxes_without_masks_are_saved_as_boxes(tmp_path):
    assert main(["detect", "run", "in/b/2.png", "--out", "out", "--save", "labelme"]) == 0
    (shape,) = json.loads((tmp_path / "out/labelme/2.json").read_text())["shapes"]
    assert (shape["shape_type"], shape["points"]) == ("rectangle", [[1, 1], [9, 9]])


def test_an_unreadable_picture_does_not_lose_the_labels_of_others(tmp_path):
    (tmp_path / "in/0.jpg").write_text("<html>not found</html>")
    assert main(["detect", "run", "in", "--out", "out", "--save", "via"]) == 2
    assert written(tmp_path / "out/via") == ["1.jpg", "2.png", "b_1.jpg", "via_project.json"]


@pytest.mark.usefixtures("masks")
def test_the_best_score_of_each_class_is_the_lowest(tmp_path, capsys, monkeypatch):
    assert main(["detect", "run", "in", "--min-score", "best"]) == 2
    assert "the best scores of this model are not known; `mrcnn evaluate MODEL DATA --save-" in capsys.readouterr().err
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "in/3.jpg")
    for lowest, count in ((0.5, 3), (0.4, 4), (0.95, 0)):
        settings = {**vars(Model.config), "CLASS_MIN_SCORES": (lowest,)}
        monkeypatch.setattr(Model, "config", types.SimpleNamespace(**settings))
        assert main(["detect", "run", "in", "--min-score", "best", "--out", "best"]) == 0
        assert len(json.loads((tmp_path / "best/detections.json").read_text())) == count
    assert main(["detect", "run", "in", "--min-score", "bests"]) == 2
    assert "'bests' is not a number from 0 to 1" in capsys.readouterr().err
