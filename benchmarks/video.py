"""What a film costs beside the model: the time of the whole against that of detecting in frames in memory."""

import argparse
import functools
import importlib.util
import json
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import drawing
import machine
import numpy as np
from parts import make_undecided

import mrcnn_keras as mk
from mrcnn_keras.cli.detect_video import detect_in_frames
from mrcnn_keras.visualize import Frames, draw_tracks, open_video

KINDS = ("h264", "vp9")


def usual_kinds():
    """What can be written here."""
    return KINDS if importlib.util.find_spec("av") else KINDS[1:]


def film(path, size, count):
    """A film in which the picture goes to the left."""
    wide = drawing.frame(size[0], size[1] + 4 * count, np.random.default_rng(0))
    with open_video(path, 25) as file:
        for number in range(count):
            file.write(np.ascontiguousarray(wide[:, 4 * number : 4 * number + size[1]]))


def make_whole(model):
    """Makes masks fill their boxes: random ones are hundreds of specks, more to outline and encode than any object."""
    logits = model.get_layer("mask_head").logits
    logits.kernel.assign(np.zeros(logits.kernel.shape))
    logits.bias.assign(np.ones(logits.bias.shape))


@contextmanager
def written_as(kind):
    """A `with` in which `open_video` writes H.264, by PyAV, or VP9, by OpenCV, as where PyAV is not installed."""
    if kind == "h264":
        yield
        return
    module = sys.modules.get("av")
    sys.modules["av"] = None  # which cannot be imported
    try:
        yield
    finally:
        del sys.modules["av"]
        if module:
            sys.modules["av"] = module


def main():
    """Prints the times and, with --json, writes them with a description of the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="resnet50_fpn", help="network, with random weights")
    parser.add_argument("--side", type=int, help="longest side of its input, pixels; default that of the preset")
    parser.add_argument("--size", type=int, nargs=2, default=[720, 1280], help="height and width of a frame")
    parser.add_argument("--frames", type=int, default=60, help="length of the film")
    parser.add_argument("--instances", type=int, default=10, help="objects in a frame")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=usual_kinds(), help="what videos are written as")
    parser.add_argument("--repeat", type=int, default=2, help="timed runs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    sides = {"IMAGE_MIN_DIM": options.side, "IMAGE_MAX_DIM": options.side} if options.side else {}
    settings = {"DETECTION_MAX_INSTANCES": options.instances, "DETECTION_MIN_CONFIDENCE": 0.0, **sides}
    model = mk.MaskRCNN(mk.Config.preset(options.preset, NUM_CLASSES=2, PRECISION="auto", **settings))
    make_undecided(model)
    if model.config.MASKS:
        make_whole(model)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.mp4"
        film(source, options.size, options.frames)
        frames = list(Frames(source))
        found = []

        def whole(kind):
            with written_as(kind), Frames(source) as read:
                detect_in_frames(
                    read,
                    Path(folder) / "drawn.mp4",
                    lambda images, _: model.detect_each(images),
                    lowest=0.0,
                    shown=lambda one: one.scores >= 0,
                    drawn=draw_tracks,
                    add=lambda number, frame, one, tracks: found.append(len(one)),
                )

        calls = {kind: functools.partial(whole, kind) for kind in options.kinds}
        times = machine.in_turn({"model": lambda: [*model.detect_each(frames)], **calls}, options.repeat)
    print(f"{options.frames} frames of {options.size[0]} x {options.size[1]}, {np.mean(found):.0f} objects")
    shares = {}
    for kind in options.kinds:
        shares[kind] = {name: 1 - times["model"][name] / times[kind][name] for name in ("min", "cpu")}
        for name, what in (("min", "the clock"), ("cpu", "the processors")):
            alone, everything = (times[part][name] / options.frames for part in ("model", kind))
            share = f"{shares[kind][name]:.1%} beside the model"
            print(f"{kind} by {what}: model alone {alone:.3f} s, film {everything:.3f} s per frame: {share}")
    if options.json:
        figures = {"objects": float(np.mean(found)), "shares": shares, "times": times}
        options.json.write_text(json.dumps({"machine": machine.describe(), **figures}, indent=1))


if __name__ == "__main__":
    main()
