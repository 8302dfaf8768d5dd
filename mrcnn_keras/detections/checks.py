"""Checks what instances are made of: each mistake is one sentence."""

import numpy as np

from mrcnn_keras.detections.mask_crop import MaskCrop
from mrcnn_keras.errors import UserError

# Softmax and sigmoid in reduced precision may pass 1 by a rounding step.
SCORE_TOLERANCE = 1e-3


def checked_size(size):
    try:
        height, width = (int(side) for side in size)
    except (TypeError, ValueError) as error:
        raise UserError(f"size {size!r} is not (height, width); give two whole numbers, in pixels") from error
    if height < 1 or width < 1:
        raise UserError(f"size {height} x {width} is not of a photograph; give (height, width) of at least 1 pixel")
    return height, width


def _numbers(values, dtype, name, shape):
    """`values` as a read-only array of `shape`, in which None stands for any length."""
    try:
        array = np.asarray(values, dtype).view()
    except (TypeError, ValueError) as error:
        raise UserError(f"{name} cannot be read as numbers ({error}); give one row per instance") from error
    if array.ndim != len(shape) or any(a not in (b, None) for a, b in zip(shape, array.shape, strict=True)):
        wanted = ", ".join("any" if side is None else str(side) for side in shape)
        raise UserError(f"{name} have shape {array.shape}; give [{wanted}], one row per instance")
    array.setflags(write=False)
    return array


def plain_id(value):
    """An id as JSON can write it: numpy numbers, and arrays or tensors of one number, as plain ones.

    Args:
        value: Number, string, array or tensor.

    Returns:
        Integer, float or string; anything else as it is.
    """
    return value if isinstance(value, str) else np.asarray(value).item()


def check_score(score):
    """Checks the lowest score that detections may have.

    Args:
        score: Float, or `None`: any.

    Raises:
        UserError: If it is not such a number, as with 50 for 50 %.
    """
    if isinstance(score, str) or score is not None and np.any(np.asarray(score) >= 2):
        raise UserError(f"{score!r} is not a lowest score; scores are numbers from 0 to 1, such as 0.5")


def as_boxes(boxes, name="boxes"):
    """Checks boxes.

    Args:
        boxes: `[N, (y1, x1, y2, x2)]`; an empty list is no boxes.
        name: String, what they are, for the message.

    Returns:
        `[N, 4]` float32, read-only.

    Raises:
        UserError: If they have another shape, or corners that are swapped or not finite.
    """
    boxes = _numbers(np.zeros((0, 4)) if np.shape(boxes) == (0,) else boxes, np.float32, name, (None, 4))
    wrong = ~(np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] >= boxes[:, :2]).all(axis=1))
    if wrong.any():
        i = int(np.argmax(wrong))
        row = "box" if name == "boxes" else f"{name}: box"
        raise UserError(f"{row} {i} is {boxes[i].tolist()}; give finite (y1, x1, y2, x2) with y1 <= y2 and x1 <= x2")
    return boxes


def checked_class_ids(class_ids, count):
    given = np.asarray(class_ids)
    if given.size and given.dtype.kind not in "iu":
        raise UserError(f"class_ids are of type {given.dtype}; give whole numbers, 1 for the first class")
    ids = _numbers(given, np.int32, "class_ids", (count,))
    if (ids == 0).any():
        raise UserError(f"class id {int(np.argmax(ids == 0))} is 0, the background; ids begin at 1")
    return ids


def checked_scores(scores, count):
    scores = _numbers(scores, np.float32, "scores", (count,))
    wrong = ~((scores >= 0) & (scores <= 1 + SCORE_TOLERANCE))
    if wrong.any():
        i = int(np.argmax(wrong))
        raise UserError(f"score {i} is {scores[i]}; give probabilities from 0 to 1")
    return scores


def checked_crops(crops, count, size):
    crops = tuple(crops)
    if len(crops) != count:
        raise UserError(f"there are {len(crops)} masks beside {count} boxes; give one MaskCrop per box")
    return tuple(_checked_crop(crop, f"mask {i}", size) for i, crop in enumerate(crops))


def _checked_crop(crop, name, size):
    if crop is None:
        return None
    top, left, bits = crop
    if not isinstance(bits, np.ndarray) or bits.dtype.kind != "b" or bits.ndim != 2:
        raise UserError(f"{name} is not a [h, w] array of bool; threshold it first, such as mask >= 0.5")
    if bits.flags.writeable:
        bits = bits.view()
        bits.flags.writeable = False
    crop = MaskCrop(int(top), int(left), bits)
    y1, x1, y2, x2 = crop.box
    if y1 < 0 or x1 < 0 or y2 > size[0] or x2 > size[1]:
        raise UserError(
            f"{name} covers rows {y1} to {y2}, columns {x1} to {x2} of a {size[0]} x {size[1]} photograph; "
            "cut it at the border"
        )
    return crop


def checked_keypoints(keypoints, count):
    keypoints = _numbers(keypoints, np.float32, "keypoints", (count, None, 3))
    if not np.isfinite(keypoints).all():
        raise UserError("a keypoint is not a finite number; give (y, x, score), zeros where it is unknown")
    return keypoints
