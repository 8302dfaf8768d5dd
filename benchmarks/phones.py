"""Times TFLite files in turn in one run: see README.md beside this file."""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import keras
import machine
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from parts import make_undecided

import mrcnn_keras as mk

PRESETS = (("mobilenet_fpn", 320), ("resnet50_fpn", 512))
CLASSES = 81


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="files to compare (default: exports of two presets)")
    parser.add_argument("--quantize", default="fp16", help="weights of these exports (default: fp16)")
    parser.add_argument("--instances", nargs="+", type=int, default=[10, 100], help="objects that these find")
    parser.add_argument("--threads", type=int, default=2, help="threads of LiteRT")
    parser.add_argument("--repeat", type=int, default=10, help="timed runs after the warm-up")
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all figures")
    options = parser.parse_args()
    result = {"machine": machine.describe(), "threads": options.threads, "runs": []}
    print("  ".join(f"{name}: {value}" for name, value in result["machine"].items()))
    with tempfile.TemporaryDirectory() as folder:
        for instances in [None] if options.files else options.instances:
            files = options.files or [
                write(Path(folder), preset, size, instances, options.quantize) for preset, size in PRESETS
            ]
            rows = measure(files, options.threads, options.repeat)
            result["runs"].append({"files": rows, "ratio": rows[-1]["min"] / rows[0]["min"]})
            print()
            for row in rows:
                print("{file}: {megabytes:.1f} MB, {found} found, {min:.3f} s, median {median:.3f} s".format(**row))
            print(f"the last takes {result['runs'][-1]['ratio']:.1f} times the time of the first")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def write(folder, preset, size, instances, quantize):
    """Exports a preset with random weights that finds this many objects in any picture."""
    config = mk.Config.preset(preset, NUM_CLASSES=CLASSES)
    config = config.replace(DETECTION_MAX_INSTANCES=instances, DETECTION_MIN_CONFIDENCE=0.0)
    keras.utils.set_random_seed(0)
    model = mk.MaskRCNN(config)
    make_undecided(model)
    path = folder / f"{preset}-{size}-{quantize}.tflite"
    return mk.export.tflite(model, path, image_size=(size, size), quantize=quantize)


def measure(files, threads, repeat):
    """Returns one dict per file: file, megabytes, found, and the seconds, min and median of runs in turn."""
    rows, calls = [], []
    for path in files:
        run = Interpreter(str(path), num_threads=threads).get_signature_runner()
        shape = run.get_input_details()["image"]["shape"]
        image = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
        inputs = {"image": image, "image_size": shape[None, 1:3].astype(np.int32)}
        found = int(run(**inputs)["num_detections"][0])
        rows.append({"file": path.name, "megabytes": path.stat().st_size / 1e6, "found": found, "seconds": []})
        calls.append((run, inputs))
    for _ in range(repeat):
        for row, (run, inputs) in zip(rows, calls, strict=True):
            begin = time.perf_counter()
            run(**inputs)
            row["seconds"].append(time.perf_counter() - begin)
    return [{**row, "min": min(row["seconds"]), "median": statistics.median(row["seconds"])} for row in rows]


if __name__ == "__main__":
    main()
