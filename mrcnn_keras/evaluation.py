"""Average precision and recall as COCO defines them, by pycocotools.

The numbers come from pycocotools' `precision` and `recall` arrays, not from its `summarize`, which reads some of them
at 100 detections per picture and class, whatever limit is set.
"""

import contextlib
import dataclasses
import io
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mrcnn_keras.errors import UserError
from mrcnn_keras.progress import ProgressLine

# pycocotools' names of objects of less than 32^2, of 32^2 to 96^2, and of more pixels.
SIZES = {"small": "APs", "medium": "APm", "large": "APl"}
# COCO's keypoint evaluation uses the best detections of each picture, at most this many.
KEYPOINT_DETECTIONS = 20
# A person's area as a share of the box if there is no mask: about the average in COCO.
BOX_SHARE = 0.53


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
    names = dataset.class_names
    same = classes_by_name(model, dataset)
    layout = getattr(dataset, "keypoint_layout", None)
    limits = {"keypoints": max_detections or KEYPOINT_DETECTIONS}
    limits |= dict.fromkeys(("bbox", "segm"), max_detections or getattr(model, "max_detections", 100))
    progress = ProgressLine().counting("measured picture") if progress is True else progress
    image_ids = [int(image_id) for image_id in dataset.image_ids[:limit]]
    images, truths, results = [], [], []
    model_has_masks, truth_has_mask = True, []
    model_has_keypoints = layout is not None
    batches = [image_ids[start : start + batch_size] for start in range(0, len(image_ids), batch_size)]
    for batch, examples in zip(batches, _read_ahead(dataset, batches), strict=True):
        detected = detect_in(model, dataset, batch, [image for image, _ in examples])
        for image_id, (_, truth), found in zip(batch, examples, detected, strict=True):
            found = renamed(found, same)
            _check(found, truth, dataset.image_name(image_id), len(names))
            model_has_keypoints &= found.keypoints is not None
            truth_has_mask += truth.has_mask.tolist()
            model_has_masks &= found.mask_crops is not None
            images.append({"id": image_id, "height": truth.size[0], "width": truth.size[1]})
            truths += _truth_records(truth, image_id)
            results += _result_records(found, image_id)
        if progress:
            progress(len(images), len(image_ids))
    categories = [{"id": i, "name": name} for i, name in enumerate(names) if i > 0]
    truth_has_masks = any(truth_has_mask) or not truth_has_mask
    kinds = ["bbox", "segm"] if truth_has_masks and model_has_masks else ["bbox"]
    sigmas = ()
    if model_has_keypoints:
        kinds.append("keypoints")
        sigmas = getattr(model, "keypoint_sigmas", ()) or layout.sigmas
    scores = {}
    for kind in kinds:
        scores |= _scores(kind, images, categories, truths, results, limits[kind], sigmas)
    return scores


def _read_ahead(dataset, batches):
    """Yields the examples of each batch of ids; the next batch is read in another thread meanwhile."""

    def load(batch):
        return [dataset.load_example(image_id) for image_id in batch]

    with ThreadPoolExecutor(1) as reader:
        coming = None
        for batch in [*batches, None]:
            ready, coming = coming, batch and reader.submit(load, batch)
            if ready:
                yield ready.result()


def detect_in(model, dataset, image_ids, images, *min_score):
    """Calls model.detect on loaded pictures of a dataset, with their proposals if the model takes any."""
    if not getattr(model, "takes_proposals", False):
        return model.detect(images, *min_score)
    return model.detect(images, *min_score, proposals=[dataset.load_proposals(image_id) for image_id in image_ids])


def classes_by_name(model, dataset):
    """Returns {model's class id: dataset's} if the model has all of the dataset's class names, but in other places.

    Returns None if the names are the same, or do not determine the classes.
    """
    names = list(dataset.class_names)
    theirs = list(getattr(model, "class_names", None) or names)
    if theirs == names or any(theirs.count(name) != 1 for name in names[1:]):
        return None
    return {theirs.index(name): i for i, name in enumerate(names) if i > 0}


def renamed(found, same):
    """Returns the detections of the dataset's classes, with its class ids; same: from classes_by_name."""
    if same is None:
        return found
    known = found[np.isin(found.class_ids, list(same))]
    return dataclasses.replace(known, class_ids=np.array([same[i] for i in known.class_ids.tolist()], int))


def _check(found, truth, name, num_classes):
    if found.size != truth.size:
        raise UserError(
            f"image {name!r}: the detections are for {found.size[0]} x {found.size[1]} pixels but the picture has "
            f"{truth.size[0]} x {truth.size[1]}; give instances in the picture's own pixels"
        )
    largest = int(np.abs(np.concatenate([found.class_ids, truth.class_ids])).max(initial=0))
    if largest >= num_classes:
        raise UserError(
            f"image {name!r}: class id {largest}, but the dataset has {num_classes - 1} classes; evaluate "
            f"a model on data with the classes it was trained for"
        )
    if found.keypoints is not None and truth.keypoints is not None:
        theirs, ours = found.keypoints.shape[1], truth.keypoints.shape[1]
        if theirs != ours:
            raise UserError(
                f"image {name!r}: {theirs} keypoints per object were found, but the dataset has {ours}; evaluate "
                "a model on data with the keypoints it was trained for"
            )


def _truth_records(truth, image_id):
    """COCO annotations of one picture; as in COCO, the area is that of the mask, for boxes too.

    `box_only` says which stand in for a mask by the polygon of their box.
    """
    segmentations = [None] * len(truth) if truth.mask_crops is None else truth.rle()
    keypoints = [[]] * len(truth) if truth.keypoints is None else truth.coco_keypoints()
    return [
        {
            "image_id": image_id,
            "category_id": abs(class_id),
            "iscrowd": int(class_id < 0),
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "areas": {"bbox": area, "segm": area, "keypoints": area * (BOX_SHARE if segmentation is None else 1)},
            "segmentation": segmentation or [[x1, y1, x2, y1, x2, y2, x1, y2]],
            "box_only": segmentation is None,
            "keypoints": points,
            "num_keypoints": sum(visibility > 0 for visibility in points[2::3]),
        }
        for class_id, (y1, x1, y2, x2), area, segmentation, points in zip(
            truth.class_ids.tolist(), truth.boxes.tolist(), truth.areas.tolist(), segmentations, keypoints, strict=True
        )
    ]


def _result_records(found, image_id):
    """COCO results of one picture, with their areas as boxes, masks and keypoints."""
    records = found.coco_results(image_id)
    for record, mask_area in zip(records, found.areas.tolist(), strict=True):
        record["areas"] = {"bbox": record["bbox"][2] * record["bbox"][3], "segm": mask_area}
        if "keypoints" in record:  # as in pycocotools: the box around the keypoints
            record["areas"]["keypoints"] = float(np.ptp(record["keypoints"][0::3]) * np.ptp(record["keypoints"][1::3]))
    return records


def _scores(kind, images, categories, truths, results, max_detections, sigmas):
    results = [{**result, "area": result["areas"][kind], "iscrowd": 0} for result in results]
    truths = [{**truth, "area": truth["areas"][kind]} for truth in truths]
    if kind == "segm":
        truths = [{**truth, "iscrowd": int(truth["iscrowd"] or truth["box_only"])} for truth in truths]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        coco = COCOeval(_coco(images, categories, truths), _coco(images, categories, results), iouType=kind)
        coco.params.maxDets = [max_detections]
        coco.params.kpt_oks_sigmas = np.array(sigmas)
        coco.evaluate()
        coco.accumulate()
    precision = coco.eval["precision"][..., 0]  # [IoU, recall, class, area]; -1 without objects
    recall = coco.eval["recall"][..., 0]  # [IoU, class, area]
    at_50, at_75 = (int(np.argmin(np.abs(coco.params.iouThrs - iou))) for iou in (0.5, 0.75))
    scores = {
        "AP": _mean(precision[..., 0]),
        "AP50": _mean(precision[at_50, ..., 0]),
        "AP75": _mean(precision[at_75, ..., 0]),
    }
    for area, size in enumerate(coco.params.areaRngLbl[1:], start=1):
        scores[SIZES[size]] = _mean(precision[..., area])
    scores["AR"] = _mean(recall[..., 0])
    names = [category["name"] for category in categories]
    for k, name in enumerate(names):
        key = name if names.count(name) == 1 else f"{name} ({k + 1})"  # two classes may have the same name
        scores[f"AP/{key}"] = _mean(precision[:, :, k, 0])
    return {f"{kind}/{name}": value for name, value in scores.items()}


def _coco(images, categories, annotations):
    coco = COCO()
    # Ids begin at 1: COCOeval takes a match with annotation 0 for no match.
    numbered = [{**annotation, "id": i} for i, annotation in enumerate(annotations, start=1)]
    coco.dataset = {"info": {}, "images": images, "categories": categories, "annotations": numbered}
    coco.createIndex()
    return coco


def _mean(values):
    values = values[values > -1]
    return float(values.mean()) if values.size else math.nan
