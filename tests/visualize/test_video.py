"""Videos: every frame is there, and a browser plays what is written."""

import base64
import itertools
import threading
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize import Frames, open_video, video


@pytest.fixture(params=["OpenCV", "PyAV"])
def encoder(request, monkeypatch):
    """Both ways to write a video."""
    if request.param == "PyAV":
        pytest.importorskip("av", reason="the package av is not installed")
    else:
        monkeypatch.setattr(video, "_H264", lambda *_: pytest.fail("not asked for"))
        monkeypatch.setitem(__import__("sys").modules, "av", None)
    return request.param


def film(count, size=(48, 64)):
    """A background whose grey level encodes the number, and a red square that goes to the right."""
    for number in range(count):
        frame = np.full((*size, 3), 40 + 4 * number, np.uint8)
        frame[10:30, number : number + 20] = (200, 30, 30)
        yield frame


def write(path, frames, rate=10):
    with open_video(path, rate) as file:
        for frame in frames:
            file.write(frame)
    return path


def test_frames_come_back_in_their_order_and_colours(tmp_path, encoder):
    path = write(tmp_path / "a.mp4", film(30))
    with Frames(path) as frames:
        assert (frames.count, frames.rate) == (30, 10)
        back = list(frames)
    assert len(back) == 30
    for frame, wanted in zip(back, film(30), strict=True):
        assert np.abs(frame[40:, 40:].astype(int) - wanted[40:, 40:]).mean() < 4
    assert np.abs(back[0][14:26, 4:16].mean(axis=(0, 1)) - (200, 30, 30)).max() < 25  # red, not blue
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_odd_sides_lose_nothing(tmp_path, encoder):
    path = write(tmp_path / "a.mp4", film(3, (47, 65)))
    assert [frame.shape for frame in Frames(path)] == [(48, 66, 3)] * 3


def test_a_browser_plays_it(tmp_path, encoder, browser):
    path = write(tmp_path / "a.mp4", film(20), rate=10)
    data = base64.b64encode(path.read_bytes()).decode()
    page = tmp_path / "page.html"
    page.write_text(f'<video muted src="data:video/mp4;base64,{data}"></video>')
    browser.open(page)
    ended = browser.evaluate(
        "(async () => { const v = document.querySelector('video');"
        "const done = new Promise(r => { v.onended = r; v.onerror = r; setTimeout(r, 20000) });"
        "try { await v.play() } catch (e) { return String(e) }"
        "await done; const q = v.getVideoPlaybackQuality();"
        "return [v.readyState, v.videoWidth, v.videoHeight, v.currentTime, v.duration, v.ended] })()"
    )
    ready, width, height, now, duration, is_over = ended
    assert (width, height, is_over) == (64, 48, True)
    assert ready >= 2  # there is a frame
    assert now == pytest.approx(2, abs=0.15) == duration


def test_what_is_no_video_is_said(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(UserError, match=r"text\.mp4 contains no readable frame; give a video such as \.mp4"):
        Frames(tmp_path / "text.mp4")
    with pytest.raises(UserError, match="no frame was written to"):
        write(tmp_path / "none.mp4", [])
    with pytest.raises(UserError, match=r"frame 1 is 20 x 20 pixels but those before are 48 x 64 \(height x width\)"):
        write(tmp_path / "two.mp4", [*film(1), np.zeros((20, 20, 3), np.uint8)])
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


class Camera:
    """Stands in for cv2.VideoCapture: ten frames, whose grey is their number, one each time that `tick` is set."""

    def __init__(self, source):
        self.source, self.number, self.released = source, -1, False
        Camera.made, self.tick, self.asked = self, threading.Semaphore(1), threading.Semaphore(0)

    def read(self):
        self.asked.release()  # who asks for the next frame has kept the last one
        self.tick.acquire()
        self.number += 1
        there = self.number < 10
        return there, np.full((8, 8, 3), self.number, np.uint8) if there else None

    def get(self, _):
        return 30.0

    def release(self):
        self.released = True


def test_of_a_camera_the_newest_frame_comes_next(monkeypatch):
    clock = SimpleNamespace(monotonic=itertools.count(7, 0.1).__next__)  # ten frames are taken per second
    monkeypatch.setattr(video, "time", clock)
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    with Frames(0, live=True) as frames:
        each = iter(frames)
        assert next(each)[0, 0, 0] == 0
        camera = Camera.made
        for _ in range(5):  # while somebody works on the first one
            camera.tick.release()
        for _ in range(7):  # the sixth frame, 5, is kept when the seventh is asked for
            camera.asked.acquire()
        assert next(each)[0, 0, 0] == 5
        assert 1 < frames.rate < 30
        for _ in range(6):
            camera.tick.release()
        last = [frame[0, 0, 0] for frame in each]
        assert last[-1] == 9
    assert camera.released
    assert camera.source == 0


def test_the_rate_may_be_given_once_frames_have_come(tmp_path):
    asked = []
    with open_video(tmp_path / "a.mp4", lambda: asked.append(file.count) or 5.0, wait=3) as file:
        for frame in film(4):
            file.write(frame)
    assert asked == [3]
    assert (Frames(tmp_path / "a.mp4").rate, len(list(Frames(tmp_path / "a.mp4")))) == (5, 4)
