"""Times detection, training steps and the input pipeline on a GPU, for the README: see README.md beside this file."""

import argparse
import itertools
import json
import sys
import tempfile
from pathlib import Path

import machine
import tensorflow as tf
from memory import peak_memory
from parts import make_undecided
from speed import in_own_process, pipeline_seconds

import mrcnn_keras as mk
from mrcnn_keras.data.formats.coco import to_coco
from mrcnn_keras.files import write_image

PRECISIONS = ("float32", "bfloat16", "float16")
PICTURES = 64  # JPEG files that the pipeline reads
CLASSES = 4  # the background and the three of ShapesDataset
CPU_SIZE, CPU_PRESET = "64x64", "resnet18_fpn"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", help="default: torchvision_v1 resnet50_fpn resnet18_fpn")
    parser.add_argument("--sizes", nargs="+", metavar="HxW", help="pixels of the pictures; default: 832x1088 512x512")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--batch", type=int, default=4, help="pictures per step, and per call of the network alone")
    parser.add_argument("--repeat", type=int, default=10, help="timed runs after the warm-up")
    parser.add_argument("--no-xla", action="store_true", help="without XLA, whose compiling takes minutes")
    parser.add_argument("--cpu", action="store_true", help="try this program without a GPU, at a tiny size")
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all figures")
    options = parser.parse_args()
    if not options.cpu and not tf.config.list_physical_devices("GPU"):
        print("TensorFlow finds no GPU here; pip install tensorflow[and-cuda] on a machine with one, or try --cpu")
        sys.exit(2)
    presets = options.presets or ([CPU_PRESET] if options.cpu else ["torchvision_v1", "resnet50_fpn", "resnet18_fpn"])
    sizes = options.sizes or ([CPU_SIZE] if options.cpu else ["832x1088", "512x512"])
    ways = [False] if options.no_xla else [False, True]
    result = {"machine": machine.describe(), "batch": options.batch, "repeat": options.repeat, "rows": []}
    print("  ".join(f"{name}: {value}" for name, value in result["machine"].items()))
    print(f"\nbatches of {options.batch}\n\n" + table_head(), flush=True)
    for preset, size, precision, xla in itertools.product(presets, sizes, options.precisions, ways):
        height, width = map(int, size.split("x"))
        try:
            row = in_own_process(
                measure, preset, (height, width), precision, xla, options.batch, options.repeat, options.cpu
            )
        except (mk.UserError, tf.errors.OpError, RuntimeError) as error:
            row = {"error": (str(error).splitlines() or [type(error).__name__])[0]}
        row = {"preset": preset, "size": size, "precision": precision, "xla": xla, **row}
        result["rows"].append(row)
        print(table_row(row), flush=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measure(preset, size, precision, xla, batch, repeat, cpu):
    """The figures of one row, as a dict of seconds, pictures per second and gigabytes."""
    with tempfile.TemporaryDirectory() as folder:
        data = write_pictures(Path(folder), size)
        settings = {"NUM_CLASSES": CLASSES, "IMAGE_MIN_DIM": min(size), "IMAGE_MAX_DIM": max(size)}
        settings |= {"IMAGE_RESIZE_MODE": "fit", "AUGMENT_SCALE": (1.0, 1.0)}  # all pictures of one size
        settings |= {"CLASS_NAMES": (), "CATEGORY_IDS": (), "DETECTION_MIN_CONFIDENCE": 0.0}
        config = mk.Config.preset(preset, BATCH_SIZE=batch, PRECISION=precision, **settings)
        model = mk.MaskRCNN(config)
        make_undecided(model)
        row = {"pipeline": batch / pipeline_seconds(iter(mk.make_pipeline(data, config)))}
        first = next(iter(mk.make_pipeline(data, config)))
        image = data.load_image(0)
        model.compile(jit_compile=xla)
        row["detect"] = machine.seconds(lambda: model.detect([image], batch_size=1), repeat)["median"]
        _forget_memory(cpu)
        answer = tf.function(model.answer, autograph=False, jit_compile=xla or None)
        images = tf.stack([image] * batch)
        row["network"] = batch / machine.seconds(lambda: answer(images), repeat)["median"]
        row["network_memory_gb"] = _memory(cpu)
        _forget_memory(cpu)
        row["step"] = batch / machine.seconds(lambda: model.train_on_batch(first), repeat)["median"]
        row["step_memory_gb"] = _memory(cpu)
        return row


def write_pictures(folder, size):
    """JPEG files of generated shapes and a COCO file: a Dataset that reads them as it reads photographs."""
    shapes = mk.ShapesDataset(count=PICTURES, image_size=size, min_shapes=5, max_shapes=10)
    content = to_coco(shapes)
    for i, entry in enumerate(content["images"]):
        entry["file_name"] = f"{i}.jpg"
        write_image(folder / entry["file_name"], shapes.load_image(i))
    (folder / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    return mk.load_dataset(folder / "annotations.json")


def _forget_memory(cpu):
    if not cpu:
        tf.config.experimental.reset_memory_stats("GPU:0")


def _memory(cpu):
    return peak_memory() if cpu else tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e9


# Columns of the Markdown table: name, key of a row, format.
COLUMNS = {
    "preset": ("preset", "{}"),
    "pixels": ("size", "{}"),
    "precision": ("precision", "{}"),
    "XLA": ("xla", "{}"),
    "detect, ms": ("detect", "{:.1f}"),
    "network, pictures/s": ("network", "{:.1f}"),
    "its memory, GB": ("network_memory_gb", "{:.2f}"),
    "training, pictures/s": ("step", "{:.1f}"),
    "its memory, GB ": ("step_memory_gb", "{:.2f}"),
    "pipeline, pictures/s": ("pipeline", "{:.0f}"),
}


def table_head():
    """The first two lines of the table."""
    return _line(COLUMNS) + "\n" + _line("---" for _ in COLUMNS)


def table_row(row):
    """A line of the table; for missing figures a dash, and the reason in the last column."""
    row = {**row, "xla": "yes" if row["xla"] else "no"} | ({"detect": row["detect"] * 1e3} if "detect" in row else {})
    cells = [form.format(row[key]) if key in row else "-" for key, form in COLUMNS.values()]
    return _line([*cells[:-1], " ".join([cells[-1], row.get("error", "")]).strip()])


def _line(cells):
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
