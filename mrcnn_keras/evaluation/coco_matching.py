"""pycocotools' evaluation of predictions, and what of it is worth keeping."""

import contextlib
import io
import math
from dataclasses import dataclass

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mrcnn_keras.evaluation.boundary import DILATION_RATIO, BoundaryEvaluation, boundaries

# COCO's keypoint evaluation uses the best detections of each picture, at most this many.
KEYPOINT_DETECTIONS = 20


@dataclass(frozen=True, eq=False)
class ClassMatches:
    """Found instances and objects of a class in all pictures, at T overlaps.

    scores: [F] floats; right: [T, F] bool; ignored: [T, F] bool, in crowd regions; object_ids: [A] integers, the places
    of the objects in the records of what is annotated; found: [T, A] bool.
    """

    scores: np.ndarray
    right: np.ndarray
    ignored: np.ndarray
    object_ids: np.ndarray
    found: np.ndarray


@dataclass(frozen=True, eq=False)
class CocoRun:
    """ious: [T] floats; recalls: [101] floats; sizes: S names, the first is "all"; precision: [T, 101, K, S] and
    recall: [T, K, S] by class without background, NaN where there are no objects; objects: [K, S] integers; classes: K
    `ClassMatches`, of all sizes.

    pycocotools' own results are a hundred times as large.
    """

    ious: np.ndarray
    recalls: np.ndarray
    sizes: tuple
    precision: np.ndarray
    recall: np.ndarray
    objects: np.ndarray
    classes: list

    def at(self, iou):
        """The index of the overlap that is nearest to `iou`."""
        return int(np.argmin(np.abs(self.ious - iou)))


def coco_run(predictions, kind, max_detections=None, dilation_ratio=DILATION_RATIO):
    """Runs pycocotools on predictions, once for each kind and limit.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm", "keypoints", or "boundary": masks, by the smaller IoU of them and of their boundaries.
        max_detections: Integer, or `None`: as the predictions say, 20 for keypoints.
        dilation_ratio: Float, of "boundary", see `boundary_scores`.

    Returns:
        `CocoRun`.
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
    return _kept(coco)


def _coco(images, categories, annotations):
    coco = COCO()
    # Ids begin at 1: COCOeval takes a match with annotation 0 for no match.
    numbered = [{**annotation, "id": i} for i, annotation in enumerate(annotations, start=1)]
    coco.dataset = {"info": {}, "images": images, "categories": categories, "annotations": numbered}
    coco.createIndex()
    return coco


def _kept(coco):
    params = coco.params
    sizes, pictures = len(params.areaRng), len(params.imgIds)
    parts = [coco.evalImgs[start : start + pictures] for start in range(0, len(coco.evalImgs), max(pictures, 1))]
    parts = [[one for one in part if one is not None] for part in parts] or [[]] * (len(params.catIds) * sizes)
    objects = [sum(int(np.count_nonzero(np.equal(one["gtIgnore"], 0))) for one in part) for part in parts]
    precision, recall = (
        np.where(part < 0, np.nan, part)[..., 0] for part in (coco.eval["precision"], coco.eval["recall"])
    )
    return CocoRun(
        params.iouThrs,
        params.recThrs,
        tuple(params.areaRngLbl),
        precision,
        recall,
        np.array(objects, int).reshape(-1, sizes),
        [_matches(part, len(params.iouThrs)) for part in parts[::sizes]],
    )


def _matches(part, overlaps):
    """ClassMatches of pycocotools' results for one class and all sizes, a dict for each picture with any."""
    columns = np.zeros((overlaps, 0), bool)

    def joined(name):
        return np.concatenate([columns, *(np.asarray(one[name], bool).reshape(overlaps, -1) for one in part)], axis=1)

    counted = np.concatenate([[], *(np.equal(one["gtIgnore"], 0) for one in part)]).astype(bool)
    ids = np.concatenate([[], *(one["gtIds"] for one in part)]).astype(int) - 1
    return ClassMatches(
        scores=np.concatenate([[], *(one["dtScores"] for one in part)]),
        right=joined("dtMatches"),
        ignored=joined("dtIgnore"),
        object_ids=ids[counted],
        found=joined("gtMatches")[:, counted],
    )


def mean_of(values):
    """Averages precisions or recalls.

    Args:
        values: Array, NaN where there are no objects.

    Returns:
        Float, the mean of the others, NaN if there are none.
    """
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else math.nan
