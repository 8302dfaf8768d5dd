"""Annotated and found instances as COCO's records, with areas and run lengths."""

from dataclasses import dataclass

import numpy as np

# A person's area as a share of the box if there is no mask: about the average in COCO.
BOX_SHARE = 0.53


@dataclass(frozen=True)
class CocoRecords:
    """images, truths and results: lists of COCO's dicts; kinds: what can be measured of "bbox", "segm", "keypoints"."""

    images: list
    truths: list
    results: list
    kinds: tuple


def coco_records(predictions):
    """Writes all pictures of `Predictions` as COCO's records.

    Args:
        predictions: `Predictions`.

    Returns:
        `CocoRecords`.
    """
    images, truths, results, drawn = [], [], [], []
    model_has_masks, keypoints = True, bool(predictions.keypoint_sigmas)
    for image_id, truth, found in zip(predictions.image_ids, predictions.truths, predictions.founds, strict=True):
        images.append({"id": image_id, "height": truth.size[0], "width": truth.size[1]})
        truths += _truth_records(truth, image_id)
        results += _result_records(found, image_id)
        drawn += truth.has_mask.tolist()
        model_has_masks &= found.mask_crops is not None
        keypoints &= found.keypoints is not None
    masks = model_has_masks and (any(drawn) or not drawn)
    kinds = ("bbox", *["segm"] * masks, *["keypoints"] * keypoints)
    return CocoRecords(images, truths, results, kinds)


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
