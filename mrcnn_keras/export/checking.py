"""The detections of a written file beside those of the model."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from mrcnn_keras.export.readers import kind_of, load
from mrcnn_keras.export.tflite_reader import as_the_file_is_fed, has_own_size
from mrcnn_keras.ops import boxes as box_ops


class Agreement(NamedTuple):
    """How near a file has to come to its model.

    A detection agrees with one of the same class where the corners of the boxes and the keypoints differ by at most
    `pixels`, the scores by `score`, and the boxes and the masks overlap by at least box_iou and mask_iou. Of the
    detections that score at least min_score at least `share` have to agree, each with one of its own. Where the
    pictures are annotated and `ap_loss` is given, AP counts instead: the file may lose that much of the model's.
    """

    share: float = 0.995
    pixels: float = 0.1
    score: float = 1e-3
    box_iou: float = 0.5
    mask_iou: float = 0.99
    min_score: float = 0.0
    ap_loss: float | None = None

    def is_by_ap(self, precisions):
        """Whether AP decides. precisions: as in `summarize`."""
        return bool(precisions) and self.ap_loss is not None


FLOAT32 = Agreement()
# Weights of 8 bits move every number a little. What counts then is what a user notices: the same objects with
# nearly the same score in nearly the same place; what has a low score in both does not count. Published files of this
# kind of network lose 0.2 to 0.6 points of AP.
INT8 = Agreement(share=0.95, pixels=float("inf"), score=0.1, box_iou=0.8, mask_iou=0.8, min_score=0.5, ap_loss=0.01)
# (kind of file, quantization) -> what is asked of it. The runtime of TFLite has convolutions of its own.
AGREEMENTS = {
    ("savedmodel", "none"): FLOAT32,
    ("onnx", "none"): FLOAT32,
    ("onnx", "int8"): INT8,
    ("tflite", "none"): Agreement(share=0.99),
    ("tflite", "fp16"): Agreement(share=0.98, ap_loss=0.003),
    ("tflite", "int8"): INT8,
    ("tflite", "int8_weights"): INT8,
}


def check(model, path, images, proposals=None, agreement=None):
    """Runs a written file and compares it with the model it came from.

    Args:
        model: A `MaskRCNN`.
        path: What `saved_model`, `tflite` or `onnx` wrote.
        images: List of `[H, W, 3]` uint8 RGB pictures.
        proposals: As in `model.detect`, where the model takes any.
        agreement: `Agreement`, what counts as equal; `None`: that of the kind of file without quantization.

    Returns:
        List with one dict per picture, for `summarize`: `picture` (its index), `height`, `width`, and the figures of
        `compare`, with the model's detections as `expected` and the file's as `found`.

    Raises:
        UserError: If `path` cannot be read.
    """
    answer, expect = load(path), expectation(model, path)
    agreement = agreement or AGREEMENTS[kind_of(path), "none"]
    rows = []
    for index, image in enumerate(images):
        given = () if proposals is None else (proposals[index],)
        found, expected = answer(image, *given), expect(image, *given)
        sides = {"picture": index, "height": expected.size[0], "width": expected.size[1]}
        rows.append({**sides, **compare(found, expected, agreement)})
    return rows


def expectation(model, path):
    """What the file `path` should find: a function from (image, proposals=None) to Detections.

    It is model.detect, except for a TFLite file whose input has another size than the model's: then its network at that
    size.
    """
    if kind_of(path) == "tflite" and not has_own_size(model.config, path):
        return as_the_file_is_fed(model, path)
    return lambda image, *given: model.detect([image], proposals=[*given] or None)[0]


def summarize(rows, agreement=FLOAT32, precisions=None):
    """Sums all rows of `check` up.

    Args:
        rows: What `check` returned.
        agreement: `Agreement`, which says how many have to agree.
        precisions: Dict of AP from 0 to 1, the model's and the file's, such as `{"segm/AP": (0.5, 0.49)}`, or `None`
            where the pictures are not annotated.

    Returns:
        Dict of `pictures`; over all of them `expected`, `found`, `counted`, `matched` and the largest differences;
        `share`, matched of counted; `equal`, whether all agree; `agrees`, whether this satisfies `agreement`.
    """
    totals = {name: sum(row[name] for row in rows) for name in ("expected", "found", "counted", "matched")}
    share = totals["matched"] / totals["counted"] if totals["counted"] else 1.0
    agrees = share >= agreement.share
    if agreement.is_by_ap(precisions):
        agrees = all(model - file <= agreement.ap_loss for model, file in precisions.values())
    return {
        "pictures": len(rows),
        **totals,
        "share": share,
        "box_difference": max((row["box_difference"] for row in rows), default=0.0),
        "score_difference": max((row["score_difference"] for row in rows), default=0.0),
        "mask_iou": min((row["mask_iou"] for row in rows), default=1.0),
        "keypoint_difference": max((row["keypoint_difference"] for row in rows), default=0.0),
        "equal": all(row["equal"] for row in rows),
        "agrees": agrees,
    }


def compare(found, expected, agreement=FLOAT32):
    """Compares detections of one picture with others, matched one to one.

    Pairs are of the same class, taken by falling overlap of their boxes as long as it is at least agreement.box_iou.

    Args:
        found: `Detections`.
        expected: `Detections`.
        agreement: `Agreement`, what counts as equal.

    Returns:
        Dict of `expected` and `found` (counts); `counted`, pairs and detections left over that score at least
        agreement.min_score, of pairs the better one; `matched`, pairs among them that agree; over all of these pairs,
        also those that do not agree, `box_difference` (largest of a corner, pixels), `score_difference` (largest),
        `mask_iou` (smallest; 1 without masks, 0 where one side has none) and `keypoint_difference` (largest of a
        coordinate, pixels; 0 without keypoints); and `equal`, whether all that is counted agrees.
    """
    pairs = _match(found, expected, agreement.box_iou)
    left_over = np.delete(found.scores, [i for i, _ in pairs]), np.delete(expected.scores, [j for _, j in pairs])
    pairs = [(i, j) for i, j in pairs if max(found.scores[i], expected.scores[j]) >= agreement.min_score]
    mine, other = found[[i for i, _ in pairs]], expected[[j for _, j in pairs]]
    boxes = np.abs(mine.boxes - other.boxes).max(axis=1, initial=0)
    scores = np.abs(mine.scores - other.scores)
    overlaps, keypoints = np.ones(len(pairs)), np.zeros(len(pairs))
    if found.mask_crops is not None and expected.mask_crops is not None:
        crops = zip(mine.mask_crops, other.mask_crops, strict=True)
        overlaps = np.array([_mask_iou(*pair) for pair in crops])
    elif found.mask_crops is not None or expected.mask_crops is not None:
        overlaps = np.zeros(len(pairs))  # what has no masks does not agree with what has some
    if found.keypoints is not None and expected.keypoints is not None:
        keypoints = np.abs(mine.keypoints - other.keypoints)[..., :2].max(axis=(1, 2), initial=0)
    agree = (np.maximum(boxes, keypoints) <= agreement.pixels) & (scores <= agreement.score)
    matched = int(np.count_nonzero(agree & (overlaps >= agreement.mask_iou)))
    counted = len(pairs) + sum(int(np.count_nonzero(alone >= agreement.min_score)) for alone in left_over)
    return {
        "expected": len(expected),
        "found": len(found),
        "counted": counted,
        "matched": matched,
        "box_difference": float(boxes.max(initial=0)),
        "score_difference": float(scores.max(initial=0)),
        "mask_iou": float(overlaps.min(initial=1)),
        "keypoint_difference": float(keypoints.max(initial=0)),
        "equal": matched == counted,
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
