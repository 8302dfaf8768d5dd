"""Finds, numbers and draws objects live: from a camera, a stream or a video, in a window or into a file.

    python webcam.py run                            # the first camera, until q
    python webcam.py run rtsp://192.168.1.20/stream
    python webcam.py run walk.mp4 --out drawn.mp4

A frame of 720 x 1280 pixels with ten objects takes 0.06 s on two idle cores with `mobilenet_fpn`, 0.11 s with
`resnet18_fpn` and 1.1 s with `torchvision_v1`, reading, drawing and writing included (benchmarks/video.py).
"""

import argparse
import contextlib
import sys
import time
from collections import deque
from pathlib import Path

import cv2
from PIL import Image

import mrcnn_keras as mk

LOW_SCORE = 0.1  # from which objects are asked for, since those half hidden keep their number
FRAMES_FOR_RATE = 20


class Window:
    """Shows frames until it is closed. (OpenCV has windows, too, but not in its package opencv-python-headless.)"""

    def __init__(self, title):
        try:
            import tkinter

            from PIL import ImageTk

            self._root = tkinter.Tk()
        except Exception as error:  # ImportError, or TclError, which has no name without tkinter
            sys.exit(f"no window can be opened ({error}); write a video with --out drawn.mp4")
        self._root.title(title)
        self._photo = ImageTk.PhotoImage
        self._label = tkinter.Label(self._root)
        self._label.pack()
        self.is_open = True
        self._root.protocol("WM_DELETE_WINDOW", self._close)
        for key in ("q", "<Escape>"):
            self._root.bind(key, self._close)

    def write(self, frame):
        """Shows a frame, [H, W, 3] uint8."""
        self._shown = self._photo(Image.fromarray(frame))  # Tk itself does not keep it
        self._label.configure(image=self._shown)
        self._root.update()

    def _close(self, event=None):
        self.is_open = False


def drawn(model, frames, min_score):
    """Yields each frame with what was found in it, the objects' numbers, and frames per second."""
    tracker = mk.Tracker(low_score=min(LOW_SCORE, min_score), high_score=min_score, new_score=min_score)
    times = deque(maxlen=FRAMES_FOR_RATE)
    for frame in frames:
        found = model.detect([frame], min_score=tracker.low_score)[0]
        numbers = tracker.update(found)
        shown = found.scores >= min_score
        skeleton = model.config.KEYPOINT_SKELETON
        names = model.class_names
        picture = mk.visualize.draw_tracks(frame, found[shown], numbers[shown], names, skeleton=skeleton)
        times.append(time.monotonic())
        seconds = times[-1] - times[0]
        rate = f"{(len(times) - 1) / seconds:.1f} FPS" if seconds else ""
        place = 8, len(picture) - 8
        for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(picture, rate, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, width, cv2.LINE_AA)
        yield picture


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("model", help="a training or a .keras file")
    parser.add_argument("source", nargs="?", default="0", help="video, address, or number of a camera (default: 0)")
    parser.add_argument("--out", type=Path, help="video to write, such as drawn.mp4 (default: a window)")
    parser.add_argument("--min-score", type=float, default=0.5, help="lowest score that is shown (default: 0.5)")
    args = parser.parse_args()

    model = mk.MaskRCNN.load(args.model, DETECTION_MIN_CONFIDENCE=LOW_SCORE, PRECISION="auto")
    live = args.source.isdecimal() or "://" in args.source
    source = int(args.source) if args.source.isdecimal() else args.source
    with mk.visualize.Frames(source, live) as frames:
        pictures = drawn(model, frames, args.min_score)
        if not args.out:
            window = Window(args.source)
            for picture in pictures:
                window.write(picture)
                if not window.is_open:
                    return
            return
        # How fast a camera's frames come is known when some have come; Ctrl-C ends it, and the video is complete.
        rate = (lambda: frames.rate) if live else frames.rate
        video = mk.visualize.open_video(args.out, rate, wait=FRAMES_FOR_RATE if live else 1)
        with video as file, contextlib.suppress(KeyboardInterrupt):
            for picture in pictures:
                file.write(picture)
        print(f"wrote {args.out}")


if __name__ == "__main__":
    main()
