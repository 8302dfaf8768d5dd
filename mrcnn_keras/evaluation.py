"""Average precision and recall as COCO defines them, by pycocotools.

The numbers come from pycocotools' `precision` and `recall` arrays, not from its `summarize`, which looks for
some of them at 100 detections a picture and class, whatever was asked for.
"""

import contextlib
import dataclasses
import io
import math
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mrcnn_keras.errors import UserError

# What pycocotools calls objects of less than 32^2, of 32^2 to 96^2, and of more pixels.
SIZES = {"small": "APs", "medium": "APm", "large": "APl"}
# People that count in COCO's keypoint evaluation, the best of each picture.
KEYPOINT_DETECTIONS = 20
# A person's area as a share of the box, where there is no mask to measure: about what COCO's have.
BOX_SHARE = 0.53


def evaluate(model, dataset, *, max_detections=None, limit=None, progress=None, batch_size=4):
    """Scores a model on a dataset -> {"bbox/AP": 0.41, ...}, numbers from 0 to 1.

    model           anything with detect(list of [H, W, 3] uint8 images) -> list of Detections; where its
                    `takes_proposals` is true, detect is given dataset.load_proposals too; where it has
                    `class_names`, and these have all of the dataset's among others, classes are matched by name and
                    what it finds of other classes is left out (COCO's 80 classes in a data set of people and dogs)
    dataset         a Dataset: image_ids, class_names (the background first), load_example, image_name, and
                    keypoint_layout where its objects have keypoints
    max_detections  detections that count, the best of each picture and class; None: as many as the model gives, its
                    `max_detections` (the setting DETECTION_MAX_INSTANCES), or 100 as in COCO's tables; for keypoints
                    20, as in COCO's
    limit           only the first `limit` pictures
    progress        True: a line on stderr; or a function called with (pictures done, in all) after each batch
    batch_size      pictures given to the model at once; no more than these are in memory

    For "bbox", for "segm" where dataset and model both have masks, and for "keypoints" where both have keypoints: AP
    (mean over IoU 0.5 to 0.95), AP50, AP75, APs, APm, APl (objects of less than 32^2, 96^2 and more pixels; of
    keypoints there is no APs), AR (recall at `max_detections`) and AP/<class name>. A class of which there are objects
    but no detections has 0; nan means that there are no objects of that class or size. Crowd regions are no objects,
    and what is found in them is not counted.

    For keypoints object keypoint similarity (OKS) takes the place of IoU. Its sigmas are those of the model's setting
    KEYPOINT_SIGMAS, or else of the dataset; an object's area is that of its mask, or 0.53 of its box; objects without
    an annotated keypoint count as crowd regions do.
    Raises UserError where the model's answer does not belong to the dataset's pictures, classes and keypoints.
    """
    names = dataset.class_names
    same = classes_by_name(model, dataset)
    layout = getattr(dataset, "keypoint_layout", None)
    limits = {"keypoints": max_detections or KEYPOINT_DETECTIONS}
    limits |= dict.fromkeys(("bbox", "segm"), max_detections or getattr(model, "max_detections", 100))
    progress = _tell if progress is True else progress
    image_ids = [int(image_id) for image_id in dataset.image_ids[:limit]]
    images, truths, results = [], [], []
    truth_has_masks = model_has_masks = True
    model_has_keypoints = layout is not None
    for start in range(0, len(image_ids), batch_size):
        batch = image_ids[start : start + batch_size]
        examples = [dataset.load_example(image_id) for image_id in batch]
        answers = detect_in(model, dataset, batch, [image for image, _ in examples])
        for image_id, (_, truth), found in zip(batch, examples, answers, strict=True):
            found = renamed(found, same)
            _check(found, truth, dataset.image_name(image_id), len(names))
            model_has_keypoints &= found.keypoints is not None
            truth_has_masks &= not len(truth) or truth.mask_crops is not None
            model_has_masks &= found.mask_crops is not None
            images.append({"id": image_id, "height": truth.size[0], "width": truth.size[1]})
            truths += _truth_records(truth, image_id)
            results += _result_records(found, image_id)
        if progress:
            progress(start + len(batch), len(image_ids))
    categories = [{"id": i, "name": name} for i, name in enumerate(names) if i > 0]
    kinds = ["bbox", "segm"] if truth_has_masks and model_has_masks else ["bbox"]
    sigmas = ()
    if model_has_keypoints:
        kinds.append("keypoints")
        sigmas = getattr(model, "keypoint_sigmas", ()) or layout.sigmas
    scores = {}
    for kind in kinds:
        scores |= _scores(kind, images, categories, truths, results, limits[kind], sigmas)
    return scores


def detect_in(model, dataset, image_ids, images, *min_score):
    """model.detect of pictures of a dataset, which the caller has loaded, with their proposals if it takes any."""
    if not getattr(model, "takes_proposals", False):
        return model.detect(images, *min_score)
    return model.detect(images, *min_score, proposals=[dataset.load_proposals(image_id) for image_id in image_ids])


def classes_by_name(model, dataset):
    """{model's class id: dataset's} where all of the dataset's names are among the model's and the two differ.

    None where they are the same, or where the names do not tell.
    """
    names = list(dataset.class_names)
    theirs = list(getattr(model, "class_names", None) or names)
    if theirs == names or any(theirs.count(name) != 1 for name in names[1:]):
        return None
    return {theirs.index(name): i for i, name in enumerate(names) if i > 0}


def renamed(found, same):
    """The detections of classes that the dataset has, with its class ids; same: from classes_by_name."""
    if same is None:
        return found
    known = found[np.isin(found.class_ids, list(same))]
    return dataclasses.replace(known, class_ids=np.array([same[i] for i in known.class_ids.tolist()], int))


def _tell(done, total):
    print(f"\rscored {done} of {total} pictures", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _check(found, truth, name, num_classes):
    if found.size != truth.size:
        raise UserError(
            f"image {name!r}: the answer is for {found.size[0]} x {found.size[1]} pixels but the picture has "
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
                f"image {name!r}: {theirs} keypoints an object were found, but the dataset has {ours}; evaluate "
                "a model on data with the keypoints it was trained for"
            )


def _truth_records(truth, image_id):
    """COCO annotations of one picture; the area is the mask's also where boxes are scored, as COCO has it."""
    share = BOX_SHARE if truth.mask_crops is None else 1
    segmentations = [None] * len(truth) if truth.mask_crops is None else truth.rle()
    keypoints = [[]] * len(truth) if truth.keypoints is None else truth.coco_keypoints()
    return [
        {
            "image_id": image_id,
            "category_id": abs(class_id),
            "iscrowd": int(class_id < 0),
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "areas": {"bbox": area, "segm": area, "keypoints": share * area},
            "segmentation": segmentation,
            "keypoints": points,
            "num_keypoints": sum(visibility > 0 for visibility in points[2::3]),
        }
        for class_id, (y1, x1, y2, x2), area, segmentation, points in zip(
            truth.class_ids.tolist(), truth.boxes.tolist(), truth.areas.tolist(), segmentations, keypoints, strict=True
        )
    ]


def _result_records(found, image_id):
    """COCO results of one picture, with the area that counts for boxes, for masks and for keypoints."""
    records = found.coco_results(image_id)
    for record, mask_area in zip(records, found.areas.tolist(), strict=True):
        record["areas"] = {"bbox": record["bbox"][2] * record["bbox"][3], "segm": mask_area}
        if "keypoints" in record:  # as pycocotools has it: what the keypoints span
            record["areas"]["keypoints"] = float(np.ptp(record["keypoints"][0::3]) * np.ptp(record["keypoints"][1::3]))
    return records


def _scores(kind, images, categories, truths, results, max_detections, sigmas):
    results = [{**result, "area": result["areas"][kind], "iscrowd": 0} for result in results]
    truths = [{**truth, "area": truth["areas"][kind]} for truth in truths]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells its progress
        coco = COCOeval(_coco(images, categories, truths), _coco(images, categories, results), iouType=kind)
        coco.params.maxDets = [max_detections]
        coco.params.kpt_oks_sigmas = np.array(sigmas)
        coco.evaluate()
        coco.accumulate()
    precision = coco.eval["precision"][..., 0]  # [IoU, recall, class, area]; -1 where there is no object
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
