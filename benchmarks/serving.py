"""Times a SavedModel and model.detect on photographs of 1 and 12 megapixels: see README.md beside this file."""

import argparse
import io
import json
import tempfile
from pathlib import Path

import keras
import machine
import numpy as np
import tensorflow as tf
from parts import make_undecided
from PIL import Image
from speed import CLASSES

import mrcnn_keras as mk

SIZES = {"1 MP": (866, 1155), "12 MP": (3000, 4000)}  # (height, width)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", nargs="+", default=["resnet18_fpn"], help="names of presets")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings, as for mrcnn train")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs after the warm-up")
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all figures")
    options = parser.parse_args()
    settings = {name: json.loads(value) for name, value in (word.split("=", 1) for word in options.set)}
    result = {"machine": machine.describe(), "runs": []}
    print("  ".join(f"{name}: {value}" for name, value in result["machine"].items()))
    for preset in options.preset:
        run = measure(preset, settings, options.repeat)
        result["runs"].append(run)
        print(table(run))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measure(preset, settings, repeat):
    """Seconds of every way to ask, for both sizes of photographs, and their ratios, as a dict."""
    keras.utils.set_random_seed(3)  # some weights find less than the most
    model = mk.MaskRCNN(mk.Config.preset(preset, **{"NUM_CLASSES": CLASSES, **settings}))
    make_undecided(model)
    with tempfile.TemporaryDirectory() as folder:
        served = tf.saved_model.load(str(mk.export.saved_model(model, Path(folder) / "1"))).signatures
        calls = {}
        for size, sides in SIZES.items():
            calls |= {f"{way}, {size}": call for way, call in ways(model, served, photograph(*sides)).items()}
        detections = len(model.detect([photograph(*SIZES["1 MP"])])[0])
        times = machine.in_turn(calls, repeat)
    return {"preset": preset, "settings": settings, "detections": detections, "seconds": times, "ratios": ratios(times)}


def photograph(height, width):
    """[height, width, 3] uint8, as smooth as a photograph."""
    coarse = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def ways(model, served, image):
    """Returns {name: function without arguments that waits for the result}."""
    batch, file = tf.constant(image[None]), io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90)
    files = tf.constant([file.getvalue()])
    return {
        "detect": lambda: model.detect([image]),
        "serving_default": lambda: _arrays(served["serving_default"](images=batch)),
        "serving_bytes": lambda: _arrays(served["serving_bytes"](image_bytes=files)),
    }


def _arrays(outputs):
    return {name: value.numpy() for name, value in outputs.items()}


def ratios(times):
    """Named ratios of the smallest times, wall-clock ("min") and summed over all cores ("cpu")."""
    pairs = {f"serving_default / detect, {size}": (f"serving_default, {size}", f"detect, {size}") for size in SIZES}
    for way in ("detect", "serving_default", "serving_bytes"):
        pairs[f"{way}, 12 MP / 1 MP"] = (f"{way}, 12 MP", f"{way}, 1 MP")
    return {
        name: {clock: times[above][clock] / times[below][clock] for clock in ("min", "cpu")}
        for name, (above, below) in pairs.items()
    }


def table(run):
    """The figures as text."""
    lines = [f"\n{run['preset']}, {run['detections']} detections, small maps", f"{'':34} {'min':>9} {'cpu':>9}"]
    for unit, rows in ((1e3, run["seconds"]), (1, run["ratios"])):
        for name, row in rows.items():
            lines.append(f"{name:34} {row['min'] * unit:9.2f} {row['cpu'] * unit:9.2f}{' ms' if unit > 1 else ''}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
