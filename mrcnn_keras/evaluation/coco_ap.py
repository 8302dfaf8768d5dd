"""Average precision and recall as COCO defines them, by pycocotools.

The numbers come from pycocotools' `precision` and `recall` arrays, not from its `summarize`, which reads some of them
at 100 detections per picture and class, whatever limit is set.
"""

import contextlib
import io
import math

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mrcnn_keras.evaluation.boundary import DILATION_RATIO, BoundaryEvaluation, boundaries
from mrcnn_keras.evaluation.predictions import collect

# pycocotools' names of objects of less than 32^2, of 32^2 to 96^2, and of more pixels.
SIZES = {"small": "APs", "medium": "APm", "large": "APl"}
# COCO's keypoint evaluation uses the best detections of each picture, at most this many.
KEYPOINT_DETECTIONS = 20


def evaluate(model, dataset, *, max_detections=None, limit=None, progress=None, batch_size=4):
    """Computes COCO's average precision and recall of a model on a dataset.

    The kinds are "bbox", "segm" if both dataset and model have masks, and "keypoints" if both have keypoints. For
    "segm", objects with a box only are treated as crowd regions that fill their box: they are not counted, and masks
    found in them are ignored. Each has
    AP (mean over IoU 0.5 to 0.95), AP50, AP75, APs, APm, APl (objects of less than 32^2, of up to 96^2 and of more
    pixels; keypoints have no APs), AR (recall at `max_detections`) and AP/<class name>. A class with objects but
    without detections has 0; NaN means that there are no objects of that class or size. Crowd regions do not count as
    objects, and detections in them are ignored.

    For keypoints, object keypoint similarity (OKS) replaces IoU. Its sigmas are the model's setting KEYPOINT_SIGMAS or
    else the dataset's; an object's area is that of its mask, or 0.53 of its box; objects without an annotated keypoint
    are treated as crowd regions.

    Args:
        model: `MaskRCNN`, or any object with `detect(list of [H, W, 3] uint8 images)` that returns a list of
            `Detections`. If its `takes_proposals` is true, `detect` also gets `dataset.load_proposals`. If its
            `class_names` include all of the dataset's and others, classes are matched by name and detections of other
            classes are left out (COCO's 80 classes on a dataset of people and dogs).
        dataset: `Dataset`, or any object with its `image_ids`, `class_names` (background first), `load_example`,
            `image_name` and, for keypoints, `keypoint_layout`.
        max_detections: Integer, the number of best detections per picture and class that count, or `None`: the model's
            `max_detections` (setting DETECTION_MAX_INSTANCES), or 100 as in COCO's tables; 20 for keypoints.
        limit: Integer, use only the first `limit` pictures, or `None`.
        progress: `True` to print progress, or a function called with (finished pictures, total) after each batch.
        batch_size: Integer, pictures per call of the model; while it works the next ones are read, and no more are in
            memory.

    Returns:
        Dict such as `{"bbox/AP": 0.41, ...}` of floats from 0 to 1.

    Raises:
        UserError: If the model's detections do not fit the dataset's picture sizes, classes or keypoints.
    """
    predictions = collect(model, dataset, limit=limit, progress=progress, batch_size=batch_size)
    return coco_scores(predictions, max_detections=max_detections)


def coco_scores(predictions, *, max_detections=None):
    """Computes what `evaluate` returns from what a model has found already.

    Args:
        predictions: `Predictions`.
        max_detections: Integer, as of `evaluate`; `None`: as the predictions say, 20 for keypoints.

    Returns:
        Dict as of `evaluate`.
    """
    scores = {}
    for kind in predictions.kinds:
        scores |= scores_of(predictions, kind, coco_run(predictions, kind, max_detections))
    return scores


def boundary_scores(predictions, *, dilation_ratio=DILATION_RATIO, max_detections=None):
    """Computes boundary AP (Cheng et al. 2021, "Boundary IoU", section 5): COCO's AP of masks with sharp outlines.

    The overlap of two masks is the smaller one of their IoU and their boundary IoU, which is that of the pixels of each
    mask near its outline; in large objects a coarse outline hardly changes the IoU. In crowd regions IoU alone counts.

    Args:
        predictions: `Predictions` with masks.
        dilation_ratio: Float, how near is near, as a share of the picture's diagonal.
        max_detections: Integer, as of `coco_scores`.

    Returns:
        Dict such as `{"boundary/AP": 0.3, ...}`, with the names of `evaluate`.

    Raises:
        UserError: If there are no masks.
    """
    predictions.kind("segm")
    return scores_of(predictions, "boundary", coco_run(predictions, "boundary", max_detections, dilation_ratio))


def scores_of(predictions, kind, coco):
    """Averages what a run of pycocotools has measured.

    Args:
        predictions: `Predictions`.
        kind: String, put in front of the names.
        coco: `COCOeval` of `coco_run`.

    Returns:
        Dict as of `evaluate`, of one kind.
    """
    precision, recall = coco.eval["precision"][..., 0], coco.eval["recall"][..., 0]
    at_50, at_75 = (threshold_index(coco, iou) for iou in (0.5, 0.75))
    scores = {
        "AP": mean_of(precision[..., 0]),
        "AP50": mean_of(precision[at_50, ..., 0]),
        "AP75": mean_of(precision[at_75, ..., 0]),
    }
    for area, size in enumerate(coco.params.areaRngLbl[1:], start=1):
        scores[SIZES[size]] = mean_of(precision[..., area])
    scores["AR"] = mean_of(recall[..., 0])
    scores |= {f"AP/{key}": mean_of(precision[:, :, k, 0]) for k, key in enumerate(class_keys(predictions.class_names))}
    return {f"{kind}/{name}": value for name, value in scores.items()}


def coco_run(predictions, kind, max_detections=None, dilation_ratio=DILATION_RATIO):
    """Runs pycocotools on predictions, once for each kind and limit.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm", "keypoints", or "boundary": masks that are as near as they and their boundaries are.
        max_detections: Integer, or `None` as of `coco_scores`.
        dilation_ratio: Float, of "boundary", see `boundary_scores`.

    Returns:
        `COCOeval` after `accumulate`; its `eval` has "precision" `[IoU, recall, class, size, 1]` and "recall"
        `[IoU, class, size, 1]`, -1 where there are no objects; `evalImgs` is by class, size and picture.
    """
    limit = max_detections or (KEYPOINT_DETECTIONS if kind == "keypoints" else predictions.max_detections)
    return predictions.remembered(_coco_run, kind, limit, dilation_ratio)


def _coco_run(predictions, kind, max_detections, dilation_ratio):
    records, regions = predictions.records, "segm" if kind == "boundary" else kind
    results = [{**result, "area": result["areas"][regions], "iscrowd": 0} for result in records.results]
    truths = [{**truth, "area": truth["areas"][regions]} for truth in records.truths]
    if regions == "segm":
        truths = [{**truth, "iscrowd": int(truth["iscrowd"] or truth["box_only"])} for truth in truths]
    if kind == "boundary":
        for rows, pictures in ((truths, predictions.truths), (results, predictions.founds)):
            for row, boundary in zip(rows, boundaries(pictures, dilation_ratio), strict=True):
                row["boundary"] = boundary
    categories = [{"id": i, "name": name} for i, name in enumerate(predictions.class_names) if i > 0]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        truths, results = (_coco(records.images, categories, rows) for rows in (truths, results))
        coco = (BoundaryEvaluation if kind == "boundary" else COCOeval)(truths, results, iouType=regions)
        coco.params.maxDets = [max_detections]
        coco.params.kpt_oks_sigmas = np.array(predictions.keypoint_sigmas)
        coco.evaluate()
        coco.accumulate()
    return coco


def _coco(images, categories, annotations):
    coco = COCO()
    # Ids begin at 1: COCOeval takes a match with annotation 0 for no match.
    numbered = [{**annotation, "id": i} for i, annotation in enumerate(annotations, start=1)]
    coco.dataset = {"info": {}, "images": images, "categories": categories, "annotations": numbered}
    coco.createIndex()
    return coco


def evaluated_pictures(coco, k, size=0):
    """Gives what pycocotools has matched of one class in each picture.

    Args:
        coco: `COCOeval` of `coco_run`.
        k: Integer, index of the class, without background.
        size: Integer, index of the size; 0 is all sizes.

    Returns:
        List of dicts with "gtIds", "gtIgnore", "gtMatches" `[IoU, A]`, "dtScores", "dtIgnore" and "dtMatches"
        `[IoU, F]` of the pictures that have any.
    """
    pictures = len(coco.params.imgIds)
    start = (k * len(coco.params.areaRng) + size) * pictures
    return [one for one in coco.evalImgs[start : start + pictures] if one is not None]


def num_objects(evaluated):
    """Counts the objects that are to be found.

    Args:
        evaluated: List of dicts of `evaluated_pictures`.

    Returns:
        Integer.
    """
    return sum(int(np.count_nonzero(np.asarray(one["gtIgnore"]) == 0)) for one in evaluated)


def threshold_index(coco, iou):
    """Finds an IoU among the thresholds of a run.

    Args:
        coco: `COCOeval`.
        iou: Float.

    Returns:
        Integer, the index of the nearest one.
    """
    return int(np.argmin(np.abs(coco.params.iouThrs - iou)))


def class_keys(class_names):
    """Names classes so that no two have the same key.

    Args:
        class_names: Sequence of strings, background first.

    Returns:
        List of strings, one per class without background.
    """
    names = list(class_names[1:])
    return [name if names.count(name) == 1 else f"{name} ({k})" for k, name in enumerate(names, start=1)]


def mean_of(values):
    """Averages entries of pycocotools' arrays.

    Args:
        values: Array, -1 where there are no objects.

    Returns:
        Float, the mean of the others, NaN if there are none.
    """
    values = values[values > -1]
    return float(values.mean()) if values.size else math.nan
