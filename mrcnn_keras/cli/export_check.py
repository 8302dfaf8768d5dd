"""mrcnn export --check: a table that compares the model and its export on the same pictures."""

import math
import time
from pathlib import Path
from statistics import median

from mrcnn_keras.data import read_image
from mrcnn_keras.export.answering import reader_process
from mrcnn_keras.export.checking import AGREEMENTS, compare, expectation, summarize
from mrcnn_keras.progress import ProgressLine


def check_export(model, path, kind, quantize, files, proposals=None):
    """Runs both in turn on each picture, prints the table and returns its figures.

    path: the export, run in its own process. files: pictures. proposals: [N, 4] per picture, if the model takes any.
    The figures are those of `summarize` and bytes (of the file, or of the files in the folder), peak_memory (bytes,
    None if the system does not report it), and the medians ms and model_ms.
    """
    agreement = AGREEMENTS[kind, quantize]
    expect = expectation(model, path)
    rows, times, model_times = [], [], []
    progress = ProgressLine().counting("compared picture")
    with reader_process(path) as process:
        for index, file in enumerate(files):
            image, given = read_image(file), () if proposals is None else (proposals[index],)
            if not index:  # the first run is slower, since the runtime prepares itself
                _timed(expect, image, given)
                process.answer(image, *given)
            expected, seconds = _timed(expect, image, given)
            model_times.append(1000 * seconds)
            found, seconds = process.answer(image, *given)
            times.append(1000 * seconds)
            rows.append(compare(found, expected, agreement))
            progress(index + 1, len(files))
        peak_memory = process.peak_memory()
    figures = {
        **summarize(rows, agreement),
        "bytes": _size(Path(path)),
        "peak_memory": peak_memory,
        "ms": median(times),
        "model_ms": median(model_times),
    }
    print(_table(figures, agreement, kind, _parts(model.config)))
    return figures


def _timed(answer, image, given):
    began = time.perf_counter()
    return answer(image, *given), time.perf_counter() - began


def _size(path):
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _parts(config):
    """Which of the optional outputs the model has."""
    return {"mask_iou": config.MASKS, "keypoint_difference": bool(config.NUM_KEYPOINTS)}


def _table(figures, agreement, kind, parts):
    """Lines of four columns: figure, model, export, required value."""
    peak = "unknown" if figures["peak_memory"] is None else f"{figures['peak_memory'] / 1e6:.0f} MB"
    pixels = "any" if math.isinf(agreement.pixels) else f"{agreement.pixels:g}"
    rows = [
        (f"{figures['pictures']} pictures", "model", kind, "required"),
        ("detections", str(figures["expected"]), str(figures["found"]), ""),
        ("matched one to one", "", f"{figures['matched']} of {figures['counted']}", ""),
        ("", "", f"{100 * figures['share']:.2f} %", f"{100 * agreement.share:g} %"),
        ("largest box difference, pixels", "", f"{figures['box_difference']:.4f}", pixels),
        ("largest score difference", "", f"{figures['score_difference']:.6f}", f"{agreement.score:g}"),
        ("smallest mask IoU", "", f"{figures['mask_iou']:.4f}", f"{agreement.mask_iou:g}"),
        ("largest keypoint difference, pixels", "", f"{figures['keypoint_difference']:.4f}", pixels),
        ("size", "", f"{figures['bytes'] / 1e6:.1f} MB", ""),
        ("peak memory of its process", "", peak, ""),
        ("median time per picture", f"{figures['model_ms']:.0f} ms", f"{figures['ms']:.0f} ms", ""),
    ]
    absent = {"smallest mask IoU": "mask_iou", "largest keypoint difference, pixels": "keypoint_difference"}
    rows = [row for row in rows if parts.get(absent.get(row[0]), True)]
    verdict = "agrees" if figures["agrees"] else "does NOT agree"
    lines = [f"{what:36}{model:>10}{export:>16}{asked:>11}".rstrip() for what, model, export, asked in rows]
    return "\n".join([*lines, f"the {kind} {verdict} with the model"])
