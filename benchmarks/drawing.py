"""Times draw_detections, part by part, on one core: 100 instances in a frame of 1080 x 1920 pixels."""

import argparse
import json
from pathlib import Path

import cv2
import machine
import numpy as np

from mrcnn_keras.detections import Detections, crop_mask
from mrcnn_keras.visualize import draw_detections

SIZES = {"small": (20, 100), "mixed": (40, 400), "large": (100, 500)}  # shortest and longest side of objects, pixels
NOTHING = dict.fromkeys(("masks", "outlines", "boxes", "labels"), False)
WAYS = {
    "colours alone": NOTHING,
    "masks": NOTHING | {"masks": True},
    "outlines": NOTHING | {"outlines": True},
    "labels": NOTHING | {"labels": True},
    "all": {},
}


def frame(height, width, rng):
    """[H, W, 3] uint8: soft spots of all colours."""
    small = rng.integers(0, 256, (height // 40 + 1, width // 40 + 1, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def instances(height, width, count, sides, rng):
    """Ellipses at random places, with 80 classes; their sides are spread evenly on a logarithmic scale."""
    masks = []
    for _ in range(count):
        h, w = np.minimum(np.exp(rng.uniform(*np.log(sides), 2)).astype(int), (height, width)).tolist()
        ellipse = cv2.ellipse(np.zeros((h, w), np.uint8), (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 1, -1)
        place = rng.integers(0, (height - h + 1, width - w + 1)).tolist()
        masks.append(crop_mask(ellipse, *place))
    boxes = [crop.box for crop in masks]
    return Detections((height, width), boxes, rng.integers(1, 81, count), rng.uniform(0.5, 1, count), masks)


def main():
    """Prints a table and, with --json, writes it with a description of the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=[1080, 1920], help="height and width of the frame")
    parser.add_argument("--instances", type=int, default=100, help="objects in it")
    parser.add_argument("--repeat", type=int, default=20, help="timed runs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    image, names = frame(*options.size, rng), ["BG", *(f"class {i}" for i in range(1, 81))]
    rows = []
    print(f"{'objects':9}{'covered':>9} {'drawn':15}{'median ms':>10}{'min ms':>9}{'of all':>8}")
    for what, sides in SIZES.items():
        found = instances(*options.size, options.instances, sides, rng)
        covered = float(found.areas.sum() / np.prod(options.size))
        calls = {way: lambda on=on, found=found: draw_detections(image, found, names, **on) for way, on in WAYS.items()}
        times = machine.in_turn(calls, options.repeat)
        for way, taken in times.items():
            row = {"objects": what, "covered": covered, "drawn": way, **taken}
            rows.append({**row, "ratio": taken["min"] / times["all"]["min"]})
            figures = f"{taken['median'] * 1e3:10.1f}{taken['min'] * 1e3:9.1f}{rows[-1]['ratio']:8.2f}"
            print(f"{what:9}{covered:9.2f} {way:15}{figures}", flush=True)
    cv2.setNumThreads(threads)
    if options.json:
        result = {"machine": machine.describe(), "size": options.size, "instances": options.instances, "rows": rows}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
