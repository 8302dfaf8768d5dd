"""What a model found in annotated pictures, measured and written as the page report.html."""

import math
import time

import numpy as np

from mrcnn_keras.evaluation import (
    ALL_CLASSES,
    calibration,
    class_table,
    coco_scores,
    collect,
    confused_with,
    confusion_matrix,
    counting_scores,
    crowding_table,
    error_types,
    precision_recall,
    score_curves,
    size_table,
    worst_pictures,
)
from mrcnn_keras.evaluation.tide import MAIN_TYPES
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.report import OUTCOMES, Chart, Confusion, Curve, Picture, Table, write_report

IOU = 0.5  # of a match, in what is not a mean over several
MIN_SCORE = 0.5  # where nothing right was found, so that no score is best
GRID = np.arange(101) / 100
THINGS = {"segm": "masks", "bbox": "boxes"}


def report_evaluation(path, predictions, load_image, *, title, config, facts=None, rows=(), scores=None):
    """Measures predictions and writes the page of their evaluation.

    Args:
        path: Path of the HTML file.
        predictions: `Predictions`.
        load_image: Function of one of their image ids that returns `[H, W, 3]` uint8, RGB.
        title: String.
        config: `Config` of the model.
        facts: Dict from strings to what stands beside them at the top of the page.
        rows: List of dicts, the epochs of the training as `RunFolder.rows` gives them.
        scores: Dict, what `evaluate` returns of them, and other figures if wanted; `None`: computed here.

    Returns:
        Integer, the number of pictures in the page.
    """
    kind = predictions.kind()
    curves = score_curves(predictions, kind=kind, iou=IOU)
    best = curves[ALL_CLASSES].best()
    # Whole hundredths, as the slider has them.
    min_score = MIN_SCORE if best is None else math.floor(100 * curves[ALL_CLASSES].scores[best]) / 100
    errors = error_types(predictions, kind=kind, iou=IOU)
    facts = {
        **(facts or {}),
        "pictures": len(predictions),
        "architecture": config.PRESET or config.BACKBONE,
        "lowest score": f"{min_score:.2f}, " + ("no object was found" if best is None else "where F1 is highest"),
        "measured": time.strftime("%Y-%m-%d %H:%M"),
    }
    matrix = confusion_matrix(predictions, kind=kind, iou=IOU, min_score=min_score)
    order = [row["index"] for row in worst_pictures(predictions, kind=kind, min_score=min_score)]
    return write_report(
        path,
        title=title,
        class_names=predictions.class_names,
        facts=facts,
        settings=config.to_dict(),
        rows=rows,
        scores=coco_scores(predictions) if scores is None else scores,
        tables=[_classes(predictions, kind), _errors(errors)],
        details=_details(predictions, kind, min_score),
        charts=_charts(predictions, kind, curves),
        confusion=Confusion(matrix, min_score, IOU),
        pictures=_pictures(predictions, kind, load_image, errors, min_score, order),
        shown=len(predictions),
        min_score=min_score,
    )


def report_training(run, config, recorder, facts):
    """Writes the page of a training: its curves, and what best.keras finds in the pictures that it was measured on.

    Args:
        run: `RunFolder`.
        config: `Config` of the model.
        recorder: `Recorder` of the training.
        facts: Dict as in `report_evaluation`.
    """
    rows, title = run.rows(), f"training in {run.path}"
    if recorder.validation is None:
        facts = {**facts, "pictures": "none: without validation pictures nothing was measured"}
        write_report(run.report, title=title, class_names=(), facts=facts, settings=config.to_dict(), rows=rows)
        return
    measured = recorder.measured_pictures
    predictions = recorder.best_predictions
    if predictions is None:  # best.keras is from before the training was resumed
        predictions = collect(MaskRCNN.load(run.best), measured)
    report_evaluation(run.report, predictions, measured.load_image, title=title, config=config, facts=facts, rows=rows)


def _pictures(predictions, kind, load_image, errors, min_score, order):
    """Yields a `Picture` for each index; what is beyond the limit of detections is left out, as it does not count."""
    confused = confused_with(predictions, kind=kind, iou=IOU, min_score=min_score)
    for index in order:
        outcomes = errors.founds[index]
        kept = [i for i, outcome in enumerate(outcomes) if outcome != "left out"]
        of_truth, of_found = confused[index]
        image_id = predictions.image_ids[index]
        yield Picture(
            name=predictions.names[index],
            load=lambda image_id=image_id: load_image(image_id),
            truth=predictions.truths[index],
            found=predictions.founds[index][kept],
            outcomes=[outcomes[i] for i in kept],
            partners=[errors.partners[index][i] for i in kept],
            found_cells=of_found[kept].tolist(),
            truth_cells=of_truth.tolist(),
            ignored=[outcome == "ignored" for outcome in errors.truths[index]],
        )


def _classes(predictions, kind):
    note = (
        f"Of {THINGS[kind]}. threshold: the lowest score that gives the highest F1 at IoU {IOU}; precision, recall and "
        "F1 are those of that threshold."
    )
    return _table("Classes", class_table(predictions, kind=kind), note)


def _errors(errors):
    rows = [(OUTCOMES[name][0], errors.counts[name], errors.costs[name]) for name in MAIN_TYPES]
    rows += [(f"every {name}", "", errors.costs[name]) for name in errors.costs if name not in MAIN_TYPES]
    note = (
        "Of all detections, whatever their score. AP50 lost: how much AP50 would rise without these errors (TIDE, "
        "Bolya et al. 2020)."
    )
    return Table("Error types", ("error", "number", "AP50 lost"), rows, note)


def _details(predictions, kind, min_score):
    counted = counting_scores(predictions, kind=kind, min_score=min_score)
    numbers = ("right", "false", "missed", "accuracy", "precision", "recall", "f1", "panoptic_quality")
    rows = [(f"{iou:.2f}", *(counted[name][i] for name in numbers)) for i, iou in enumerate(counted["ious"])]
    note = (
        f"Of {THINGS[kind]} that score at least {min_score:.2f}. accuracy = right / (right + false + missed), the "
        "measure of the Data Science Bowl 2018 and of StarDist; its mean is "
        f"{counted['mean_accuracy']:.3f}."
    )
    crowding = "By the overlap of an object's box with that of another one: none, up to 0.2, more."
    return [
        _table("Sizes", size_table(predictions, kind=kind), "small: below 32 x 32 pixels; large: above 96 x 96."),
        _table("Crowding", crowding_table(predictions, kind=kind), crowding),
        Table("Counting", ("IoU", *(name.replace("_", " ") for name in numbers)), rows, note),
    ]


def _table(title, rows, note):
    """A `Table` of dicts that have the same keys."""
    return Table(title, tuple(rows[0]) if rows else (), [tuple(row.values()) for row in rows], note)


def _charts(predictions, kind, curves):
    ids = {key: class_id for class_id, key in enumerate((ALL_CLASSES, *(key for key in curves if key != ALL_CLASSES)))}
    recalls, precisions = precision_recall(predictions, kind=kind, iou=IOU)

    def drawn(lines):
        """The curve of all classes comes last; a single class needs no other."""
        some = [Curve(key, x.tolist(), y.tolist(), ids[key]) for key, (x, y) in lines.items() if np.isfinite(y).any()]
        return some if len(lines) > 2 else some[:1]

    by_score = {
        name: drawn({key: (GRID, _on_the_grid(curve, getattr(curve, name))) for key, curve in curves.items()})
        for name in ("f1", "precision", "recall")
    }
    found = calibration(predictions, kind=kind, iou=IOU)
    note = f"mean error {found.error:.3f}" if math.isfinite(found.error) else ""
    line = Curve(ALL_CLASSES, found.scores.tolist(), found.precision.tolist(), note=note)
    lines = drawn({key: (recalls, precision) for key, precision in precisions.items()})
    return [
        Chart(f"precision by recall, IoU {IOU}", "recall", "precision", lines),
        Chart("F1 by score", "lowest score", "F1", by_score["f1"]),
        Chart("precision by score", "lowest score", "precision", by_score["precision"]),
        Chart("recall by score", "lowest score", "recall", by_score["recall"]),
        Chart("calibration", "score", "share that is right", [line], diagonal=True),
    ]


def _on_the_grid(curve, values):
    """[101] values of a `ScoreCurve` for the lowest scores 0, 0.01, ...; NaN above the highest score."""
    last = np.searchsorted(-curve.scores, -GRID, side="right") - 1
    return np.append(values, np.nan)[last] if len(values) else np.full(len(GRID), np.nan)
