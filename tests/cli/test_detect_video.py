"""mrcnn detect in films, cameras and streams, in tiles, with a stand-in that finds what is bright."""

import csv
import functools
import http.server
import json
import threading
import types

import cv2
import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.cli import detect, main
from mrcnn_keras.data import load_dataset
from mrcnn_keras.visualize import Frames, open_video
from tests.blobs import BlobModel, blobs


class Model(BlobModel):
    """With the settings of a model."""

    config = types.SimpleNamespace(
        CLASS_NAMES=BlobModel.class_names,
        NUM_CLASSES=3,
        CATEGORY_IDS=(10, 20),
        CLASS_MIN_SCORES=(),
        KEYPOINT_NAMES=(),
        KEYPOINT_SKELETON=(),
        DETECTION_MIN_CONFIDENCE=0.05,
    )


@pytest.fixture(autouse=True)
def model(monkeypatch, tmp_path):
    model = Model()
    monkeypatch.setattr(detect, "load_model", lambda path, settings, precision: model)
    monkeypatch.chdir(tmp_path)
    return model


HIDDEN = range(12, 17)  # frames in which the moving object is behind something
COUNT = 30


def film(path, count=COUNT):
    """A still object, and one that moves to the right by 8 pixels per frame."""
    with open_video(path, 10) as file:
        for number in range(count):
            frame = np.zeros((96, 320, 3), np.uint8)
            frame[60:80, 280:300] = (255, 255, 40)
            if number not in HIDDEN:
                frame[20:50, 8 * number : 8 * number + 40] = (255, 255, 40)
            file.write(frame)
    return path


def rows(folder):
    return json.loads((folder / "detections.json").read_text())


def test_objects_of_a_film_keep_their_number(tmp_path, capsys):
    film(tmp_path / "walk.mp4")
    assert main(["detect", "run", "walk.mp4", "--out", "out", "--save", "csv", "--save", "crops"]) == 0
    assert f"1/1 walk.mp4: {COUNT} frames -> out/walk.mp4" in capsys.readouterr().out
    assert len(list(Frames(tmp_path / "out/walk.mp4"))) == COUNT
    found = rows(tmp_path / "out")
    assert [row["frame"] for row in found] == sorted(row["frame"] for row in found)
    moving = {row["frame"]: row["track"] for row in found if row["bbox"][1] < 40}
    still = {row["frame"]: row["track"] for row in found if row["bbox"][1] > 40}
    assert [*moving] == [number for number in range(COUNT) if number not in HIDDEN]
    assert [*still] == [*range(COUNT)]
    assert len({*moving.values()}) == len({*still.values()}) == 1
    assert {*moving.values(), *still.values()} == {1, 2}
    with open(tmp_path / "out/detections.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(found)
    row = next(row for row in table if row["frame"] == "20" and float(row["y"]) < 40)
    assert (row["file"], row["track"]) == ("walk.mp4", str(moving[20]))
    x, y, width, height, area = (float(row[name]) for name in ("x", "y", "width", "height", "area"))
    assert np.allclose((x, y, width, height, area), (160, 20, 40, 30, 1200), atol=60)
    crops = sorted((tmp_path / "out/crops/walk.mp4").iterdir())
    assert len(crops) == len(found)
    assert crops[0].name.startswith("000000-1-blob_")
    with Image.open(crops[0]) as file:
        assert file.mode == "RGBA"


def test_colours_follow_the_number(tmp_path):
    film(tmp_path / "walk.mp4")
    assert main(["detect", "run", "walk.mp4", "--out", "out"]) == 0
    frames = list(Frames(tmp_path / "out/walk.mp4"))
    edges = [frames[n][20:50, 8 * n + 10 : 8 * n + 30].mean(axis=(0, 1)) for n in (5, 11, 20, 28)]
    assert np.ptp(edges, axis=0).max() < 25
    assert np.abs(frames[14][30:40, 8 * 14 + 10 : 8 * 14 + 30]).mean() < 20  # nothing is there


def test_splash_leaves_colours_to_the_objects(tmp_path):
    film(tmp_path / "walk.mp4", 3)
    picture = np.full((40, 60, 3), (30, 90, 60), np.uint8)
    picture[10:20, 10:30] = (250, 120, 0)
    Image.fromarray(picture).save("a.png")
    assert main(["detect", "run", "walk.mp4", "a.png", "--out", "out", "--splash"]) == 0
    splash = np.asarray(Image.open("out/a.png"))
    assert np.array_equal(splash[10:20, 10:30], picture[10:20, 10:30])
    grey = np.rint(np.dot((30, 90, 60), (0.299, 0.587, 0.114)))
    assert (splash[0, 0] == grey).all()
    assert (splash[25, 30] == grey).all()
    frame = next(iter(Frames(tmp_path / "out/walk.mp4")))
    assert np.abs(frame[30:40, 10:30].mean(axis=(0, 1)) - (255, 255, 40)).max() < 40


def test_films_and_pictures_together(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    film(tmp_path / "in/b.mp4", 4)
    for name in "ac":
        Image.fromarray(blobs((60, 80), 4, sides=(5, 9))).save(f"in/{name}.png")
    (tmp_path / "in/d.mp4").write_text("no film")
    words = ["detect", "run", "in", "--out", "out", "--save", "coco", "--save", "csv", "--save", "crops"]
    assert main(words) == 2
    said = capsys.readouterr()
    assert "d.mp4 contains no readable frame" in said.err
    assert "note: coco: of pictures only, not of videos" in said.out
    found = rows(tmp_path / "out")
    assert {row["file_name"]: "frame" in row for row in found} == {"a.png": False, "b.mp4": True, "c.png": False}
    assert load_dataset(tmp_path / "out/coco").num_images == 2
    table = (tmp_path / "out/detections.csv").read_text().splitlines()
    assert table[0] == "file,frame,track,class,score,x,y,width,height,area,perimeter,major_axis,minor_axis,orientation"
    assert table[1].startswith("a.png,,,blob ")
    assert len(table) == 1 + len(found)
    with Image.open(next((tmp_path / "out/crops/a.png").iterdir())) as file:
        alpha = np.asarray(file)[..., 3]
    row = found[0]
    assert alpha.shape == (row["bbox"][3], row["bbox"][2])
    assert (alpha > 0).sum() == int(table[1].split(",")[9])
    assert main(words) == 2
    assert "exists, and may hold corrected annotations" in capsys.readouterr().err


def test_tiles_find_what_the_whole_picture_has(tmp_path, model, capsys):
    Image.fromarray(blobs((500, 700), 30, sides=(8, 30))).save("a.png")
    for out, more in (("whole", []), ("tiled", ["--tile", "200", "--overlap", "0.4"])):
        assert main(["detect", "run", "a.png", "--out", out, *more]) == 0
    assert {*model.seen} == {(500, 700), (200, 200)}
    whole, tiled = (
        sorted(json.dumps(row["segmentation"]) for row in rows(tmp_path / out)) for out in ("whole", "tiled")
    )
    assert whole == tiled
    assert len(whole) == 30


def test_a_camera_is_looked_at_until_it_ends(tmp_path, monkeypatch, capsys):
    film(tmp_path / "walk.mp4", 6)
    opened, real = [], cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda source: opened.append(source) or real("walk.mp4"))
    assert main(["detect", "run", "camera:1", "--out", "out"]) == 0
    assert opened == [1]
    assert "1/1 camera:1: until Ctrl-C" in capsys.readouterr().out
    monkeypatch.undo()
    assert 1 <= len(list(Frames(tmp_path / "out/camera-1.mp4"))) <= 6  # the newest ones


def test_ctrl_c_ends_a_camera_and_keeps_its_video(tmp_path, monkeypatch, model):
    film(tmp_path / "walk.mp4", 6)
    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda source: real("walk.mp4"))

    def stopped(images, min_score=None):
        yield from BlobModel.detect_each(model, [next(iter(images))], min_score)
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "detect_each", stopped)
    assert main(["detect", "run", "0", "--out", "out"]) == 0
    assert {row["frame"] for row in rows(tmp_path / "out")} == {0}
    monkeypatch.undo()
    assert len(list(Frames(tmp_path / "out/camera-0.mp4"))) == 1


def test_an_absent_camera_is_reported(monkeypatch, capsys):
    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda source: real("absent.mp4"))
    assert main(["detect", "run", "0", "--out", "out"]) == 2
    assert "camera 0 contains no readable frame; look whether it is connected" in capsys.readouterr().err


def test_a_stream_is_read(tmp_path):
    film(tmp_path / "walk.mp4", 5)
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://me:secret@127.0.0.1:{server.server_port}/walk.mp4"
        assert main(["detect", "run", address, "--out", "out"]) == 0
    finally:
        server.shutdown()
    (written,) = (tmp_path / "out").glob("*.mp4")
    assert written.name == f"http-127.0.0.1-{server.server_port}-walk.mp4.mp4"  # no password in it
    assert list(Frames(written))
