"""samples/video: a film, and a camera that is none."""

import sys
import types

import cv2
import pytest

import mrcnn_keras as mk
from mrcnn_keras.visualize import Frames, open_video
from tests.blobs import BlobModel
from tests.samples.loading import SAMPLES, sample
from tests.samples.party import party

WEBCAM = SAMPLES / "video" / "webcam.py"


class Camera:
    """Stands in for cv2.VideoCapture: a square that goes to the right, for ever."""

    def __init__(self, source):
        self.source, self.number, self.released = source, 0, False
        Camera.made = self

    def get(self, _):
        return 0.0

    def read(self):
        self.number += 1
        return True, party([(10, self.number % 60)])[..., ::-1]

    def release(self):
        self.released = True


@pytest.fixture
def webcam(monkeypatch):
    """The sample, with a model that finds what is red."""
    model = BlobModel()
    model.config = types.SimpleNamespace(KEYPOINT_SKELETON=())
    monkeypatch.setattr(mk.MaskRCNN, "load", lambda path, **settings: model)
    return sample(WEBCAM)


def test_webcam_writes_a_film(webcam, words, tmp_path):
    film, out = tmp_path / "film.mp4", tmp_path / "out.mp4"
    with open_video(film, 10) as file:
        for number in range(12):
            file.write(party([(5, 4 * number), (38, 70)]))
    seen = []
    draw = mk.visualize.draw_tracks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mk.visualize, "draw_tracks", lambda *a, **k: seen.append(a[2].tolist()) or draw(*a, **k))
        words(webcam, "run", film, "--out", out)
    assert [sorted(numbers) for numbers in seen] == [[1, 2]] * 12
    frames = [*Frames(out)]
    assert len(frames) == 12
    written = [frame[50:60, 8:60].max(axis=2) for frame in frames[1:]]  # white on black, in the corner below
    assert all(corner.max() > 200 and corner.min() < 60 for corner in written)


def test_webcam_says_what_to_do_without_a_window(webcam, words, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setitem(sys.modules, "tkinter", None)
    with pytest.raises(SystemExit, match=r"no window can be opened .*; write a video with --out drawn\.mp4"):
        words(webcam, "run")


def test_webcam_shows_a_camera_until_the_window_is_closed(webcam, words, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)

    class Window:
        def __init__(self, title):
            self.frames, Window.made = [], self

        @property
        def is_open(self):
            return len(self.frames) < 5

        def write(self, frame):
            self.frames.append(frame)

    monkeypatch.setattr(webcam, "Window", Window)
    words(webcam, "run")
    assert (Camera.made.source, Camera.made.released) == (0, True)
    assert len(Window.made.frames) == 5
    assert {frame.shape for frame in Window.made.frames} == {(64, 96, 3)}
