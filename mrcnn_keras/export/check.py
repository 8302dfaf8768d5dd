"""What a written file answers, beside what the model answers."""

import numpy as np
import tensorflow as tf

from mrcnn_keras.detections import Detections, as_boxes
from mrcnn_keras.errors import UserError
from mrcnn_keras.mask_crop import crop_mask, paste_mask
from mrcnn_keras.ops import boxes as box_ops

# Answers that differ by no more than this are called equal: what another order of float32 sums can do.
BOX_TOLERANCE = 0.01  # pixels; of keypoints too
SCORE_TOLERANCE = 1e-4
MASK_TOLERANCE = 0.99  # smallest intersection over union


def check(model, path, images, proposals=None):
    """Runs a written SavedModel and compares it with the model it came from.

    images: list of [H, W, 3] uint8 RGB; proposals: as of model.detect, where the model takes any. Returns one
    dict a picture: picture (its index), height, width, and what `compare` tells, with the model's detections as
    `expected` and the SavedModel's as `found`. `summarize` puts these rows together. Raises UserError where
    `path` holds no SavedModel that `saved_model` wrote.
    """
    answer = load_saved_model(path)
    rows = []
    for index, expected in enumerate(model.detect(images, proposals=proposals)):
        sides = {"picture": index, "height": expected.size[0], "width": expected.size[1]}
        given = None if proposals is None else proposals[index]
        rows.append({**sides, **compare(answer(images[index], given), expected)})
    return rows


def summarize(rows):
    """All rows of `check` as one dict: totals, the largest differences, and whether all are `equal`."""
    totals = {name: sum(row[name] for row in rows) for name in ("expected", "found", "matched")}
    return {
        "pictures": len(rows),
        **totals,
        "box_difference": max((row["box_difference"] for row in rows), default=0.0),
        "score_difference": max((row["score_difference"] for row in rows), default=0.0),
        "mask_iou": min((row["mask_iou"] for row in rows), default=1.0),
        "keypoint_difference": max((row["keypoint_difference"] for row in rows), default=0.0),
        "equal": all(row["equal"] for row in rows),
    }


def compare(found, expected, min_iou=0.5):
    """Detections of one picture against others, matched one to one.

    Pairs are of the same class, taken by falling overlap of their boxes as long as it is at least min_iou.
    Returns a dict: expected, found and matched (counts); over the matched ones box_difference (largest of a
    corner, pixels), score_difference (largest), mask_iou (smallest; 1 without masks) and keypoint_difference
    (largest of a coordinate, pixels; 0 without keypoints); equal (none is left over and the differences are within the
    tolerances of this file).
    """
    pairs = _match(found, expected, min_iou)
    mine, other = found[[i for i, _ in pairs]], expected[[j for _, j in pairs]]
    box_difference = float(np.abs(mine.boxes - other.boxes).max(initial=0))
    score_difference = float(np.abs(mine.scores - other.scores).max(initial=0))
    mask_iou = 1.0
    if found.mask_crops is not None and expected.mask_crops is not None:
        overlaps = [_mask_iou(*crops) for crops in zip(mine.mask_crops, other.mask_crops, strict=True)]
        mask_iou = min(overlaps, default=1.0)
    keypoint_difference = 0.0
    if found.keypoints is not None and expected.keypoints is not None:
        keypoint_difference = float(np.abs(mine.keypoints - other.keypoints)[..., :2].max(initial=0))
    equal = (
        len(pairs) == len(found) == len(expected)
        and box_difference <= BOX_TOLERANCE
        and score_difference <= SCORE_TOLERANCE
        and mask_iou >= MASK_TOLERANCE
        and keypoint_difference <= BOX_TOLERANCE
    )
    return {
        "expected": len(expected),
        "found": len(found),
        "matched": len(pairs),
        "box_difference": box_difference,
        "score_difference": score_difference,
        "mask_iou": mask_iou,
        "keypoint_difference": keypoint_difference,
        "equal": equal,
    }


def _match(found, expected, min_iou):
    """[(index in found, index in expected)], each index at most once."""
    overlaps = box_ops.iou(tf.constant(found.boxes), tf.constant(expected.boxes)).numpy()
    overlaps[found.class_ids[:, None] != expected.class_ids[None, :]] = -1
    best_first = np.argsort(-overlaps, axis=None, kind="stable")
    candidates = best_first[overlaps.reshape(-1)[best_first] >= min_iou]
    pairs, taken_found, taken_expected = [], set(), set()
    for i, j in zip(*(index.tolist() for index in np.unravel_index(candidates, overlaps.shape)), strict=True):
        if i not in taken_found and j not in taken_expected:
            pairs.append((i, j))
            taken_found.add(i)
            taken_expected.add(j)
    return pairs


def _mask_iou(one, other):
    """Intersection over union of two MaskCrops of one picture; 1 where both are empty."""
    (top, left, bottom, right), (other_top, other_left, other_bottom, other_right) = one.box, other.box
    top, left = max(top, other_top), max(left, other_left)
    bottom, right = max(min(bottom, other_bottom), top), max(min(right, other_right), left)
    parts = [
        crop.bits[max(top - crop.top, 0) : bottom - crop.top, max(left - crop.left, 0) : right - crop.left]
        for crop in (one, other)
    ]
    shared = np.count_nonzero(parts[0] & parts[1]) if parts[0].shape == parts[1].shape else 0
    union = np.count_nonzero(one.bits) + np.count_nonzero(other.bits) - shared
    return float(shared / union) if union else 1.0


def load_saved_model(path):
    """Reads what `saved_model` wrote -> a function from a picture [H, W, 3] uint8 RGB to Detections.

    Where the model takes proposals, the function does so, too: [N, (y1, x1, y2, x2)] in the picture's pixels.
    """
    try:
        loaded = tf.saved_model.load(str(path))
    except (OSError, tf.errors.OpError) as error:
        raise UserError(f"{path} holds no SavedModel that can be read; give the folder with saved_model.pb") from error
    if "serving_default" not in loaded.signatures:
        raise UserError(f"the SavedModel {path} has no signature serving_default; give one of mrcnn_keras.export")

    def answer(image, proposals=None):
        inputs = {"images": tf.constant(image[None])}
        if proposals is not None:
            inputs["proposals"] = tf.constant(as_boxes(proposals)[None])
        answers = loaded.signatures["serving_default"](**inputs)
        return _as_detections({name: value[0].numpy() for name, value in answers.items()}, image.shape[:2])

    return answer


def _as_detections(answers, size):
    """The answers for one picture, with full (uint8) or small (float32) masks or none, as Detections."""
    real = slice(int(answers["num_detections"]))
    boxes = answers["boxes"][real]
    crops = None
    if "masks" in answers:
        masks = answers["masks"][real]
        if masks.dtype == np.uint8:
            crops = [crop_mask(mask) for mask in masks]
        else:
            spread = answers["mask_boxes"][real]
            crops = [paste_mask(*pair, size) for pair in zip(masks, spread, strict=True)]
    keypoints = answers["keypoints"][real] if "keypoints" in answers else None
    return Detections(size, boxes, answers["class_ids"][real], answers["scores"][real], crops, keypoints)
