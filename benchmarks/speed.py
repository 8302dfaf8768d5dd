"""Times detection and training steps, and their parts: see README.md beside this file."""

import argparse
import concurrent.futures
import json
import multiprocessing
import time
from pathlib import Path

import machine
from memory import peak_memory
from parts import BACKWARD, detect_parts, make_undecided, step_parts

import mrcnn_keras as mk

CLASSES = 4  # the background and the three of ShapesDataset
PIPELINE_BATCHES = 12


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", nargs="+", default=["resnet18_fpn"], help="names of presets")
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512], help="sides of the pictures, pixels")
    parser.add_argument("--batch", type=int, default=2, help="pictures per training step")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs after the warm-up")
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all figures")
    options = parser.parse_args()
    result = {"machine": machine.describe(), "runs": []}
    print("  ".join(f"{name}: {value}" for name, value in result["machine"].items()))
    for preset in options.preset:
        for size in options.sizes:
            run = in_own_process(measure, preset, size, options.batch, options.repeat)
            result["runs"].append(run)
            print(table(run))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def in_own_process(function, *arguments):
    """Each measurement runs in its own process, because peak memory is that of a process."""
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
    make_undecided(model)
    model.compile()
    run = {"preset": preset, "size": size, "batch": batch, "repeat": repeat}
    peaks = [machine.matmul_peak(repeat)]

    image = data.load_image(0)
    run["detections"] = len(model.detect([image])[0])
    run["detect"] = machine.seconds(lambda: model.detect([image]), repeat)
    run["detect_memory_gb"] = peak_memory()
    run["detect_parts"] = detect_parts(model, image, repeat)
    peaks.append(machine.matmul_peak(repeat))

    batches = iter(mk.make_pipeline(data, config))
    first = next(batches)
    run["step"] = machine.seconds(lambda: model.train_on_batch(first), repeat)
    run["step_memory_gb"] = peak_memory()
    run["pipeline"] = pipeline_seconds(batches)

    run["step_parts"] = step_parts(model, first, repeat)
    peaks.append(machine.matmul_peak(repeat))
    run["peak_gflops"] = max(peaks) / 1e9  # other programs may use the machine at times
    for row in run["detect_parts"] + run["step_parts"]:
        row["share_of_peak"] = row["gflop"] / row["min"] / run["peak_gflops"]
    run["ratios"] = ratios(run)
    return run


def pipeline_seconds(batches):
    """Seconds per batch when nothing else runs."""
    for _ in range(4):  # prefetched batches
        next(batches)
    start = time.perf_counter()
    for _ in range(PIPELINE_BATCHES):
        next(batches)
    return (time.perf_counter() - start) / PIPELINE_BATCHES


def ratios(run):
    """Named ratios of the smallest times, and shares of the machine's peak."""
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
    """The figures as text."""
    lines = [
        f"\n{run['preset']}, {run['size']} x {run['size']} pixels, peak {run['peak_gflops']:.0f} GFLOP/s",
        f"{'':42} {'min ms':>9} {'median':>9} {'cpu':>9} {'GFLOP':>8} {'of peak':>8}",
        _line(f"detect, one picture, {run['detections']} found", run["detect"]),
        *(_line(f"  {row['part']}", row, row) for row in run["detect_parts"]),
        _line(f"training step, {run['batch']} pictures", run["step"]),
        *(_line(f"  {row['part']}", row, row) for row in run["step_parts"]),
        f"{'pipeline, ' + str(run['batch']) + ' pictures':42} {run['pipeline'] * 1e3:9.1f}",
        f"{'peak memory, detect':42} {run['detect_memory_gb']:9.2f} GB",
        f"{'peak memory, training':42} {run['step_memory_gb']:9.2f} GB",
        *(f"{name:42} {value:9.2f}" for name, value in run["ratios"].items()),
    ]
    return "\n".join(lines)


def _line(name, times, work=None):
    line = " ".join([f"{name:42}", *(f"{times[key] * 1e3:9.1f}" for key in ("min", "median", "cpu"))])
    return f"{line} {work['gflop']:8.2f} {work['share_of_peak']:8.0%}" if work and work["gflop"] else line


if __name__ == "__main__":
    main()
