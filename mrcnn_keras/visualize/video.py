"""Frames of videos, cameras and streams, and videos that browsers play.

A video is H.264 where the package av (PyAV) is installed, and otherwise VP9, which OpenCV brings along; both in an mp4.
"""

import functools
import importlib
import threading
import time
from contextlib import contextmanager
from fractions import Fraction

import cv2
import numpy as np

from mrcnn_keras.errors import UserError, note
from mrcnn_keras.files import replace_file

RATES = 1.0, 240.0  # frames per second that are plausible
USUAL_RATE = 25.0
# Of x264. One thread takes a sixth less of the processors than several, which the model needs. A plain search for the
# motion of whole blocks takes half the time of "veryfast" alone, for files an eighth larger that are as good by PSNR.
SEARCH = "subme=0:me=dia:partitions=none:b-adapt=0"
QUALITY = {"crf": "20", "preset": "veryfast", "x264-params": SEARCH, "threads": "1"}
CODES = ("vp09", "avc1")  # of OpenCV, which browsers play; not every system has an encoder for the second one
OLD_CODE = "mp4v"


class Frames:
    """The frames of a video file, a camera or a stream, one after the other: an iterable of `[H, W, 3]` uint8 RGB.

    A camera or stream goes on while no frame is taken: then the newest frame comes next, and older ones are left out.

    Args:
        source: Path of a video, number of a camera (0 is the first one), or address of a stream, such as
            `"rtsp://..."`.
        live: Boolean, whether it is a camera or stream.

    Attributes:
        count: Integer, frames of the file as it says itself, which may be wrong; 0 where it is unknown.

    Raises:
        UserError: If there is no frame.
    """

    def __init__(self, source, live=False):
        self.source, self.live = source, live
        self._capture = cv2.VideoCapture(source if isinstance(source, int) else str(source))
        self._next = self._capture.read()
        if not self._next[0]:
            self.close()
            cure = "look whether it is connected and not in use" if live else "give a video such as .mp4"
            raise UserError(f"{'camera ' * isinstance(source, int)}{source} contains no readable frame; {cure}")
        said = self._capture.get(cv2.CAP_PROP_FPS)
        self._said = said if RATES[0] <= said <= RATES[1] else USUAL_RATE
        self.count = 0 if live else max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self._given, self._began = 0, None

    @property
    def rate(self):
        """Frames per second: as the file says; of a camera those that were taken so far."""
        if not self.live or self._given < 2:
            return self._said
        return float(np.clip((self._given - 1) / max(self._latest - self._began, 1e-6), *RATES))

    def __iter__(self):
        """Yields the frames; a second time those that are left."""
        if not self.live:
            while self._next[0]:
                frame, self._next = self._next[1], (False, None)
                yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                self._next = self._capture.read()
            return
        newest = _Newest(self._capture, self._next)
        try:
            while (frame := newest.take()) is not None:
                self._latest = time.monotonic()
                self._began = self._latest if self._began is None else self._began
                self._given += 1
                yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        finally:
            newest.stop()

    def close(self):
        """Releases the camera."""
        self._capture.release()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class _Newest:
    """Reads a camera all the time, in a thread, and keeps the newest frame."""

    def __init__(self, capture, first):
        self._capture, self._frame, self._ended = capture, first[1], False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while not self._ended:
            there, frame = self._capture.read()
            with self._changed:
                self._frame = frame if there else self._frame
                self._ended |= not there
                self._changed.notify()

    def take(self):
        """The newest frame, which is waited for; None after the last one."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended)
            frame, self._frame = self._frame, None
            return frame

    def stop(self):
        with self._changed:
            self._ended = True
        self._reader.join()


@contextmanager
def open_video(path, rate, wait=1):
    """Opens an mp4 that browsers play, for a `with`: it appears under its name when the block ends without an error.

    Args:
        path: Path of the file, which ends in .mp4.
        rate: Float, frames per second, or a function that returns it once enough frames have come.
        wait: Integer, frames to wait for before `rate` is asked.

    Returns:
        `VideoFile`, which takes one frame after the other.

    Raises:
        UserError: If no video can be written here, or no frame was.
    """
    with replace_file(path) as temporary:
        video = VideoFile(temporary, rate, wait)
        try:
            yield video
            if not video.count:
                raise UserError(f"no frame was written to {path}; give at least one")
            video.begin()
        finally:
            video.close()


class VideoFile:
    """A video under way; `open_video` makes it. `count` is the number of its frames."""

    def __init__(self, path, rate, wait):
        self.path, self.rate, self.wait = path, rate, wait
        self.count = 0
        self._first, self._size, self._encoder = [], None, None

    def write(self, frame):
        """Adds a frame.

        Args:
            frame: `[H, W, 3]` uint8 RGB, as large as the others. Odd sides get another row or column.

        Raises:
            UserError: If it has another size.
        """
        size = frame.shape[:2]
        self._size = self._size or size
        if size != self._size:
            raise UserError(
                f"frame {self.count} is {size[0]} x {size[1]} pixels but those before are {self._size[0]} x "
                f"{self._size[1]} (height x width); give frames of one size"
            )
        if size[0] % 2 or size[1] % 2:  # colours are kept for squares of four pixels
            frame = cv2.copyMakeBorder(frame, 0, size[0] % 2, 0, size[1] % 2, cv2.BORDER_REPLICATE)
        self.count += 1
        if self._encoder is not None:
            self._encoder.write(frame)
            return
        self._first.append(frame)
        if len(self._first) >= self.wait:
            self.begin()

    def begin(self):
        """Writes the frames that have waited."""
        if self._encoder is None:
            rate = self.rate() if callable(self.rate) else self.rate
            self._encoder = _encoder(str(self.path), rate, self._first[0].shape[:2])
            for frame in self._first:
                self._encoder.write(frame)
            self._first = []

    def close(self):
        """Ends the file."""
        if self._encoder is not None:
            self._encoder.close()


def _encoder(path, rate, size):
    try:
        return _H264(importlib.import_module("av"), path, rate, size)
    except ImportError:
        _say_what_av_saves()
        return _OfOpenCV(path, rate, size)


@functools.cache  # once per process
def _say_what_av_saves():
    note("the package av is not installed, so videos are VP9, which takes ten times as long to write as its H.264")


class _H264:
    """x264, by PyAV."""

    def __init__(self, av, path, rate, size):
        self._av = av
        self._container = av.open(path, "w", options={"movflags": "faststart"})
        self._stream = self._container.add_stream("libx264", Fraction(rate).limit_denominator(1001), QUALITY)
        self._stream.height, self._stream.width = size
        self._stream.pix_fmt = "yuv420p"

    def write(self, frame):
        planes = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2YUV_I420)  # faster than PyAV converts
        frame = self._av.VideoFrame.from_ndarray(planes, format="yuv420p")
        self._container.mux(self._stream.encode(frame))

    def close(self):
        self._container.mux(self._stream.encode())
        self._container.close()


class _OfOpenCV:
    def __init__(self, path, rate, size):
        for code in (*CODES, OLD_CODE):
            self._writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*code), rate, size[::-1])
            if self._writer.isOpened():
                break
        else:
            raise UserError(
                f"a video of {size[0]} x {size[1]} pixels cannot be written here; run `pip install av`, or detect "
                "objects in single frames instead"
            )
        if code == OLD_CODE:
            note("OpenCV has no encoder here whose videos browsers play; run `pip install av` for one")

    def write(self, frame):
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))

    def close(self):
        self._writer.release()
