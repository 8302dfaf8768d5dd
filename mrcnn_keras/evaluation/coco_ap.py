"""Average precision and recall as COCO defines them, by pycocotools.

The numbers come from pycocotools' `precision` and `recall` arrays, not from its `summarize`, which reads some of them
at 100 detections per picture and class, whatever limit is set.
"""

from mrcnn_keras.evaluation.boundary import DILATION_RATIO
from mrcnn_keras.evaluation.coco_matching import coco_run, mean_of
from mrcnn_keras.evaluation.predictions import collect

# pycocotools' names of objects of less than 32^2, of 32^2 to 96^2, and of more pixels.
SIZES = {"small": "APs", "medium": "APm", "large": "APl"}


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
        max_detections: Integer, as in `evaluate`; `None`: as the predictions say, 20 for keypoints.

    Returns:
        Dict as from `evaluate`.
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
        max_detections: Integer, as in `coco_scores`.

    Returns:
        Dict such as `{"boundary/AP": 0.3, ...}`, with the names of `evaluate`.

    Raises:
        UserError: If there are no masks.
    """
    predictions.kind("segm")
    return scores_of(predictions, "boundary", coco_run(predictions, "boundary", max_detections, dilation_ratio))


def scores_of(predictions, kind, run):
    """Averages what a run of pycocotools has measured.

    Args:
        predictions: `Predictions`.
        kind: String, put in front of the names.
        run: `CocoRun`.

    Returns:
        Dict as from `evaluate`, of one kind.
    """
    scores = {
        "AP": mean_of(run.precision[..., 0]),
        "AP50": mean_of(run.precision[run.at(0.5), ..., 0]),
        "AP75": mean_of(run.precision[run.at(0.75), ..., 0]),
    }
    for area, size in enumerate(run.sizes[1:], start=1):
        scores[SIZES[size]] = mean_of(run.precision[..., area])
    scores["AR"] = mean_of(run.recall[..., 0])
    keys = class_keys(predictions.class_names)
    scores |= {f"AP/{key}": mean_of(run.precision[:, :, k, 0]) for k, key in enumerate(keys)}
    return {f"{kind}/{name}": value for name, value in scores.items()}


def class_keys(class_names):
    """Names classes so that no two have the same key.

    Args:
        class_names: Sequence of strings, background first.

    Returns:
        List of strings, one per class without background.
    """
    names = list(class_names[1:])
    return [name if names.count(name) == 1 else f"{name} ({k})" for k, name in enumerate(names, start=1)]
