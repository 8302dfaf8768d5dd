"""mrcnn export --check: a table that compares the model and its export on the same pictures."""

import dataclasses
import math
import time
from pathlib import Path
from statistics import median

from mrcnn_keras.data import read_image
from mrcnn_keras.evaluation import PackedDetections, classes_by_name, coco_scores, collect, renamed
from mrcnn_keras.export.answering import reader_process
from mrcnn_keras.export.checking import AGREEMENTS, compare, expectation, summarize
from mrcnn_keras.progress import ProgressLine


def check_export(model, path, kind, quantize, files=(), proposals=None, dataset=None):
    """Runs both in turn on each picture, prints the table and returns its figures.

    path: the export, run in its own process. files: pictures. proposals: [N, 4] per picture, if the model takes any.
    dataset: annotated pictures instead, on which AP of both is measured, too. The figures are those of `summarize` and
    bytes (of the file, or of the files in the folder), peak_memory (bytes, None if the system does not report it), the
    medians ms and model_ms, and AP such as segm/AP and model_segm/AP.
    """
    agreement = AGREEMENTS[kind, quantize]
    progress = ProgressLine().counting("compared picture")
    with reader_process(path) as process:
        both = _Both(model, expectation(model, path), process, agreement)
        for index, file in enumerate(files):
            both.ask(read_image(file), *([] if proposals is None else [proposals[index]]))
            progress(index + 1, len(files))
        precisions = {} if dataset is None else _precisions(both, dataset, progress)
        peak_memory = process.peak_memory()
    figures = {
        **summarize(both.rows, agreement, precisions),
        "bytes": _size(Path(path)),
        "peak_memory": peak_memory,
        "ms": median(both.times),
        "model_ms": median(both.model_times),
    }
    print(_table(figures, agreement, kind, _parts(model.config), precisions))
    for name, (of_model, of_file) in precisions.items():
        figures |= {f"model_{name}": of_model, name: of_file}
    return figures


class _Both:
    """A model and its export, asked in turn; for `collect` it detects what the model does."""

    def __init__(self, model, expect, process, agreement):
        self.model, self.expect, self.process, self.agreement = model, expect, process, agreement
        self.rows, self.times, self.model_times, self.founds = [], [], [], PackedDetections()

    def __getattr__(self, name):  # what `collect` asks of a model
        return getattr(self.model, name)

    def ask(self, image, *given):
        """Compares the Detections of the model and those of its export, and returns both."""
        if not self.rows:  # the first run is slower, since the runtime prepares itself
            self.expect(image, *given)
            self.process.answer(image, *given)
        began = time.perf_counter()
        expected = self.expect(image, *given)
        self.model_times.append(1000 * (time.perf_counter() - began))
        found, seconds = self.process.answer(image, *given)
        self.times.append(1000 * seconds)
        self.rows.append(compare(found, expected, self.agreement))
        return expected, found

    def detect(self, images, proposals=None):
        """Detections of the model; those of its export are added to `founds`."""
        given = [()] * len(images) if proposals is None else [(boxes,) for boxes in proposals]
        answers = [self.ask(image, *boxes) for image, boxes in zip(images, given, strict=True)]
        for _, found in answers:
            self.founds.append(found)
        return [expected for expected, _ in answers]


def _precisions(both, dataset, progress):
    """{"segm/AP": (the model's, the file's), ...} on annotated pictures."""
    mine = collect(both, dataset, progress=progress, batch_size=1)
    same = classes_by_name(both, dataset)
    other = dataclasses.replace(mine, founds=PackedDetections(renamed(found, same) for found in both.founds))
    scores = coco_scores(mine), coco_scores(other)
    return {name: tuple(one[name] for one in scores) for name in (f"{kind}/AP" for kind in mine.kinds)}


def _size(path):
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _parts(config):
    """Which of the optional outputs the model has."""
    return {"mask_iou": config.MASKS, "keypoint_difference": bool(config.NUM_KEYPOINTS)}


def _table(figures, agreement, kind, parts, precisions):
    """Lines of four columns: figure, model, export, required value."""
    by_ap = agreement.is_by_ap(precisions)
    peak = "unknown" if figures["peak_memory"] is None else f"{figures['peak_memory'] / 1e6:.0f} MB"
    pixels = "any" if math.isinf(agreement.pixels) else f"{agreement.pixels:g}"
    rows = [
        (f"{figures['pictures']} pictures", "model", kind, "required"),
        ("detections", str(figures["expected"]), str(figures["found"]), ""),
        ("matched one to one", "", f"{figures['matched']} of {figures['counted']}", ""),
        ("", "", f"{100 * figures['share']:.2f} %", "" if by_ap else f"{100 * agreement.share:g} %"),
        ("largest box difference, pixels", "", f"{figures['box_difference']:.4f}", pixels),
        ("largest score difference", "", f"{figures['score_difference']:.6f}", f"{agreement.score:g}"),
        ("smallest mask IoU", "", f"{figures['mask_iou']:.4f}", f"{agreement.mask_iou:g}"),
        ("largest keypoint difference, pixels", "", f"{figures['keypoint_difference']:.4f}", pixels),
        *(
            (name.replace("/", " "), f"{model:.3f}", f"{file:.3f}", f"{model - agreement.ap_loss:.3f}" if by_ap else "")
            for name, (model, file) in precisions.items()
        ),
        ("size", "", f"{figures['bytes'] / 1e6:.1f} MB", ""),
        ("peak memory of its process", "", peak, ""),
        ("median time per picture", f"{figures['model_ms']:.0f} ms", f"{figures['ms']:.0f} ms", ""),
    ]
    absent = {"smallest mask IoU": "mask_iou", "largest keypoint difference, pixels": "keypoint_difference"}
    rows = [row for row in rows if parts.get(absent.get(row[0]), True)]
    verdict = "agrees" if figures["agrees"] else "does NOT agree"
    lines = [f"{what:36}{model:>10}{export:>16}{asked:>11}".rstrip() for what, model, export, asked in rows]
    return "\n".join([*lines, f"the {kind} {verdict} with the model"])
