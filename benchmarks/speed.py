"""How long detection and a training step take, and where the time goes: see README.md beside this file."""

import argparse
import concurrent.futures
import json
import multiprocessing
import time
from pathlib import Path

import machine
import tensorflow as tf

import mrcnn_keras as mk
from mrcnn_keras.ops.masks import paste_mask

CLASSES = 4  # the background and the three of ShapesDataset
PIPELINE_BATCHES = 12
BACKWARD = ", forward and backward"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", nargs="+", default=["resnet18_fpn"], help="names of presets")
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512], help="sides of the pictures, pixels")
    parser.add_argument("--batch", type=int, default=2, help="pictures of a training step")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs after the warm-up")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write everything there")
    options = parser.parse_args()
    result = {"machine": machine.describe(), "runs": []}
    print("  ".join(f"{name}: {value}" for name, value in result["machine"].items()))
    for preset in options.preset:
        for size in options.sizes:
            run = _in_a_process_of_its_own(measure, preset, size, options.batch, options.repeat)
            result["runs"].append(run)
            print(table(run))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _in_a_process_of_its_own(function, *arguments):
    """Peak memory is of a process, so each measurement gets one."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def measure(preset, size, batch, repeat):
    """All figures of one preset and picture size, as a dict."""
    config = mk.Config.preset(
        preset,
        NUM_CLASSES=CLASSES,
        BATCH_SIZE=batch,
        IMAGE_RESIZE_MODE="square",
        IMAGE_MIN_DIM=size,
        IMAGE_MAX_DIM=size,
    )
    data = mk.ShapesDataset(count=16, image_size=(size, size))
    model = mk.MaskRCNN(config)
    model.compile()
    run = {"preset": preset, "size": size, "batch": batch, "repeat": repeat}
    peaks = [machine.matmul_peak(repeat)]

    image = data.load_image(0)
    run["detections"] = len(model.detect([image])[0])
    run["detect"] = machine.seconds(lambda: model.detect([image]), repeat)
    run["detect_memory_gb"] = machine.peak_memory()

    batches = iter(mk.make_pipeline(data, config))
    first = next(batches)
    run["step"] = machine.seconds(lambda: model.train_on_batch(first), repeat)
    run["step_memory_gb"] = machine.peak_memory()
    run["pipeline"] = _pipeline_seconds(batches)

    peaks.append(machine.matmul_peak(repeat))
    run["detect_parts"] = detect_parts(model, image, repeat)
    run["step_parts"] = step_parts(model, first, repeat)
    peaks.append(machine.matmul_peak(repeat))
    run["peak_gflops"] = max(peaks) / 1e9  # others may use the machine too, at one time or another
    for row in run["detect_parts"] + run["step_parts"]:
        row["share_of_peak"] = row["gflop"] / row["min"] / run["peak_gflops"]
    run["ratios"] = ratios(run)
    return run


def _pipeline_seconds(batches):
    """Seconds a batch takes when nobody else works."""
    for _ in range(4):  # what has been made ahead
        next(batches)
    start = time.perf_counter()
    for _ in range(PIPELINE_BATCHES):
        next(batches)
    return (time.perf_counter() - start) / PIPELINE_BATCHES


class Parts:
    """Runs pieces of a network one after the other, each on what the pieces before it gave, and times each."""

    def __init__(self, repeat):
        self.repeat = repeat
        self.rows = []

    def run(self, name, function, *inputs, layer=None, watch=True):
        """Times function(*inputs) as a graph; with a layer also its gradient. Returns what the function gave."""
        self._time(name, function, inputs)
        if layer is not None:
            self._time(f"{name}{BACKWARD}", _gradient(function, layer, watch), inputs)
        return tf.function(function)(*inputs)

    def run_outside(self, name, function):
        """Times function() as it is."""
        self._add(name, machine.seconds(function, self.repeat), 0)

    def _time(self, name, function, inputs):
        traced = tf.function(function)
        graph = traced.get_concrete_function(*inputs).graph
        self._add(name, machine.seconds(lambda: traced(*inputs), self.repeat), machine.operations(graph))

    def _add(self, name, times, count):
        self.rows.append({"part": name, **times, "gflop": count / 1e9})


def _gradient(function, layer, watch):
    """The gradient of a sum of function(*inputs) for the layer's weights and, if `watch`, for its first input."""

    def gradient(*inputs):
        with tf.GradientTape() as tape:
            if watch:
                tape.watch(inputs[0])
            outputs = tf.nest.flatten(function(*inputs))
            total = tf.add_n([tf.reduce_sum(output) for output in outputs])
        sources = [weight.value for weight in layer.trainable_weights] + (list(inputs[:1]) if watch else [])
        return tape.gradient(total, sources)

    return gradient


def detect_parts(model, image, repeat):
    """Rows: what detect does with one picture, piece by piece."""
    parts, run = model.parts, Parts(repeat, peak)
    answer = tf.function(model.answer)
    answers = {name: value[0].numpy() for name, value in answer(image[None]).items()}
    height, width = image.shape[:2]
    size = tf.constant([[height, width]])
    images = tf.cast(image[None], tf.float32)  # has the network's size already

    def backbone(images, size):
        return parts.backbone(parts.normalize(images, size))

    stages = run.run("backbone", backbone, images, size)
    pyramid = run.run("FPN", parts.fpn, stages)
    logits, deltas = run.run("RPN", parts.rpn, pyramid)

    def proposals(logits, deltas, pyramid, size):
        return parts.proposals(logits, deltas, parts.anchors(pyramid), size)

    rois = run.run("proposals", proposals, logits, deltas, pyramid, size)
    pooled = run.run("RoIAlign, boxes", parts.box_align, pyramid[:4], rois)
    class_logits, box_deltas = run.run("box head", parts.box_head, pooled)
    found = run.run("detections", parts.detections, rois, class_logits, box_deltas, size)
    flat = parts.flatten_detections(found["boxes"], found["class_ids"])
    pooled = run.run("RoIAlign, masks", parts.mask_align, pyramid[:4], flat["boxes"], flat["images"])
    run.run("mask head", parts.mask_head, pooled)

    def paste():
        for i in range(answers["num_detections"]):
            paste_mask(answers["masks"][i], answers["boxes"][i], (height, width))

    run.run_outside("pasting", paste)
    return run.rows


def step_parts(model, batch, repeat):
    """Rows: what a training step does, piece by piece; the optimizer's update is not among them."""
    parts, run = model.parts, Parts(repeat, peak)
    images, size = tf.cast(batch["image"], tf.float32), batch["image_size"]
    objects = batch["gt_boxes"], batch["gt_class_ids"]

    def backbone(images, size):
        return parts.backbone(parts.normalize(images, size), training=True)

    stages = run.run("backbone", backbone, images, size, layer=parts.backbone, watch=False)
    pyramid = run.run("FPN", parts.fpn, stages, layer=parts.fpn)
    logits, deltas = run.run("RPN", parts.rpn, pyramid, layer=parts.rpn)

    def proposals(logits, deltas, pyramid, size):
        return parts.proposals_training(logits, deltas, parts.anchors(pyramid), size)

    rois = run.run("proposals", proposals, logits, deltas, pyramid, size)

    def anchor_targets(pyramid, *objects):
        return parts.anchor_targets(parts.anchors(pyramid), *objects)

    run.run("anchor targets", anchor_targets, pyramid, *objects)
    targets = run.run("RoI targets", parts.roi_targets, rois, *objects)
    pooled = run.run("RoIAlign, boxes", parts.box_align, pyramid[:4], targets["rois"], layer=parts.box_align)
    run.run("box head", parts.box_head, pooled, layer=parts.box_head)
    rois, indices = targets["positive_rois"], targets["positive_images"]
    pooled = run.run("RoIAlign, masks", parts.mask_align, pyramid[:4], rois, indices, layer=parts.mask_align)
    run.run("mask head", parts.mask_head, pooled, layer=parts.mask_head)
    masks = objects[0], batch["gt_masks"]
    run.run("mask targets", parts.mask_targets, rois, indices, targets["positive_gt"], *masks)
    return run.rows


def ratios(run):
    """Named quotients of the smallest times, and shares of the machine's peak."""
    detect, step = run["detect"]["min"], run["step"]["min"]
    of_detect = {row["part"]: row["min"] for row in run["detect_parts"]}
    forward = {row["part"]: row for row in run["step_parts"] if BACKWARD not in row["part"]}
    both = {row["part"].removesuffix(BACKWARD): row for row in run["step_parts"] if BACKWARD in row["part"]}
    of_step = list((forward | both).values())
    detect_gflop = sum(row["gflop"] for row in run["detect_parts"])
    step_gflop = sum(row["gflop"] for row in of_step)
    return {
        "detect / backbone": detect / of_detect["backbone"],
        "detect / sum of its parts": detect / sum(of_detect.values()),
        "step / detect of as many pictures": step / detect / run["batch"],
        "step / sum of its parts": step / sum(row["min"] for row in of_step),
        "pipeline / step": run["pipeline"] / step,
        "detect, share of peak": detect_gflop / detect / run["peak_gflops"],
        "step, share of peak": step_gflop / step / run["peak_gflops"],
    }


def table(run):
    """The figures as lines of text."""
    lines = [
        f"\n{run['preset']}, {run['size']} x {run['size']} pixels, peak {run['peak_gflops']:.0f} GFLOP/s",
        f"{'':42} {'min ms':>9} {'median':>9} {'GFLOP':>8} {'of peak':>8}",
        _line(f"detect, one picture, {run['detections']} found", run["detect"]),
        *(_line(f"  {row['part']}", row, row) for row in run["detect_parts"]),
        _line(f"training step, {run['batch']} pictures", run["step"]),
        *(_line(f"  {row['part']}", row, row) for row in run["step_parts"]),
        _line(f"pipeline, {run['batch']} pictures", {"min": run["pipeline"], "median": run["pipeline"]}),
        f"{'peak memory, detect':42} {run['detect_memory_gb']:9.2f} GB",
        f"{'peak memory, training':42} {run['step_memory_gb']:9.2f} GB",
        *(f"{name:42} {value:9.2f}" for name, value in run["ratios"].items()),
    ]
    return "\n".join(lines)


def _line(name, times, work=None):
    line = f"{name:42} {times['min'] * 1e3:9.1f} {times['median'] * 1e3:9.1f}"
    return f"{line} {work['gflop']:8.2f} {work['share_of_peak']:8.0%}" if work and work["gflop"] else line


if __name__ == "__main__":
    main()
