"""mrcnn evaluate: COCO AP of a model, a page that shows how well it does, and pictures beside their annotations."""

import contextlib
from pathlib import Path

from mrcnn_keras.cli.evaluate_tables import tables
from mrcnn_keras.cli.measured import fit_to_model, load_measured
from mrcnn_keras.cli.models import load_model
from mrcnn_keras.data import findings
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import ALL_CLASSES, best_thresholds, boundary_scores, class_keys, coco_scores, collect
from mrcnn_keras.files import write_image
from mrcnn_keras.model import Tiled, save_class_min_scores
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.training import RunFolder, report_evaluation
from mrcnn_keras.visualize import draw_comparison

DRAWN = 20
MIN_SCORE_DRAWN = 0.5


def evaluate_model(
    model_path, data, out, proposals, settings=(), precision=None, *, save_thresholds=False, tile=None, overlap=0.2
):
    """Prints and returns the figures of mk.evaluate on a DataArgument; writes a page and pictures to `out` if given.

    Also prints a table of classes and what the types of errors cost. save_thresholds: whether the best score of each
    class is written into the model's file. tile, overlap: of `Tiled`, or None.
    """
    dataset, where = load_measured(data)
    model = load_model(model_path, settings, precision)
    dataset = fit_to_model(dataset, data, model, model_path, proposals)
    for line in findings(dataset):
        print(line)
    limit = "any number of" if tile else f"up to {model.max_detections}"
    line = ProgressLine()
    try:
        looker = Tiled(model, tile, overlap) if tile else model
        predictions = collect(looker, dataset, progress=line.counting("measured"))
    finally:
        line.clear()
    scores = coco_scores(predictions)
    print(f"{dataset.num_images} pictures of {where}, {limit} detections per picture and class")
    for name, value in scores.items():
        print(f"{name:24} {value:.3f}")
    print(f"\n{tables(predictions)}\n")
    if out:
        _write(Path(out), model_path, model.config, dataset, predictions, scores, where)
    if save_thresholds:
        _save_thresholds(model, model_path, predictions)
    return scores


def _save_thresholds(model, model_path, predictions):
    """Writes the best score of each of the model's classes into its file; one that was not measured has that of all."""
    best = best_thresholds(predictions)
    names = class_keys(model.config.CLASS_NAMES or predictions.class_names)
    file = save_class_min_scores(model_path, [best.get(name, best[ALL_CLASSES]) for name in names])
    print(f"saved the best score of each class in {file}: `mrcnn detect {model_path} ... --min-score best` uses them")


def _write(out, model_path, config, dataset, predictions, scores, where):
    """Writes the page, and pictures of annotations beside what was found."""
    rows = []
    with contextlib.suppress(UserError):  # a metrics.csv of something else
        rows = RunFolder(model_path).rows()
    shown = report_evaluation(
        out / "report.html",
        predictions,
        dataset.load_image,
        title=f"mrcnn evaluate {model_path}",
        config=config,
        facts={"model": model_path, "data": where},
        rows=rows,
        scores=scores | (boundary_scores(predictions) if "segm" in predictions.kinds else {}),
    )
    print(f"wrote {out / 'report.html'} with {shown} pictures")
    lowest = max(MIN_SCORE_DRAWN, config.DETECTION_MIN_CONFIDENCE)
    sides = (predictions.image_ids, predictions.truths, predictions.founds)
    for image_id, truth, found in zip(*(side[:DRAWN] for side in sides), strict=True):
        image, names = dataset.load_image(image_id), dataset.class_names
        picture = draw_comparison(image, truth, found.above(lowest), names, skeleton=config.KEYPOINT_SKELETON)
        write_image(out / f"{image_id:04d}.png", picture)
    print(f"wrote {min(DRAWN, len(predictions))} pictures to {out}")
