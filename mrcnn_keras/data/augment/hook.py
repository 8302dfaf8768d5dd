"""A user's own augmentation: any callable of the form that albumentations has, without a dependency on it.

`hook(image=..., masks=..., bboxes=..., keypoints=...)` returns a dict with the same keys, as an
`albumentations.Compose` with `bbox_params=BboxParams("pascal_voc")` does.
"""

import random
import threading
from contextlib import contextmanager

import numpy as np

from mrcnn_keras.data.augment.keypoints import keypoints_inside
from mrcnn_keras.data.augment.moves import moved, tighten
from mrcnn_keras.detections import MaskCrop
from mrcnn_keras.errors import UserError

# One call at a time: random numbers of hooks come from generators that threads share.
_ONE = threading.Lock()
_WHOSE = "the function of augment="


def check_hook(hook, config):
    """Raises UserError for what cannot be called, and where it could not move everything there is."""
    if hook is None:
        return
    if not callable(hook):
        raise UserError(
            f"augment={hook!r:.80} cannot be called; give a function of image, masks, bboxes (and keypoints) that "
            "returns a dict, such as an albumentations.Compose; named sets are a setting: AUGMENT='few'"
        )
    if config.PROPOSALS == "given":
        raise UserError("augment= cannot move given proposals; leave it out, or set PROPOSALS='rpn'")


def apply_hook(hook, image, found, seed):
    """The picture and its instances as the hook changes them.

    The hook gets `image` [H, W, 3] uint8 RGB; `masks`, one [H, W] uint8 of 0 and 1 per object, all 0 for one with a box
    only; `bboxes`, one (x1, y1, x2, y2, number of the object) each, in pixels; and `keypoints`, (x, y) one after the
    other, where objects have some. It may return a picture of another size with masks of that size. An object stays if
    its number is still among the bboxes and its mask has a pixel; its box is that of the mask, and that of the bboxes
    where there is no mask. Before the call, `random`, `np.random` and, if the hook has it, its `set_random_seed` are
    seeded with `seed`, so that a training can be repeated and resumed. Raises UserError for a result of another form.
    """
    with _ONE, _seeded(hook, seed):
        given = _arguments(image, found)
        changed = _called(hook, given)
        if not isinstance(changed, dict) or "image" not in changed:
            raise UserError(f"{_WHOSE} returned {_kind(changed)}; return a dict with image, masks and bboxes")
        image = np.asarray(changed["image"])
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise UserError(
                f"{_WHOSE} returned an image {image.dtype} of shape {list(image.shape)}; return uint8 [height, width, "
                "3]: normalising and turning it into a tensor is the model's own work"
            )
        return np.ascontiguousarray(image), _instances(changed, found, image.shape[:2])


def _called(hook, given):
    try:
        return hook(**given)
    except Exception as error:
        raise UserError(
            f"{_WHOSE} failed ({type(error).__name__}: {error}) when called with {', '.join(given)}; an "
            "albumentations.Compose needs bbox_params=BboxParams('pascal_voc')"
            + (" and keypoint_params=KeypointParams('xy', remove_invisible=False)" if "keypoints" in given else "")
        ) from error


def _arguments(image, found):
    """What the hook is called with."""
    boxes = np.clip(found.boxes, 0, np.float32(found.size * 2))
    sized = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    masks = found.masks
    masks = np.zeros((*found.size, len(found)), bool) if masks is None else masks
    given = {
        "image": image.copy(),
        "masks": [np.ascontiguousarray(masks[:, :, i], np.uint8) for i in range(len(found))],
        "bboxes": [[*map(float, boxes[i][[1, 0, 3, 2]]), int(i)] for i in sized],
    }
    if found.keypoints is not None:
        given["keypoints"] = [tuple(xy) for xy in found.keypoints[..., 1::-1].reshape(-1, 2).tolist()]
    return given


def _instances(changed, found, size):
    """The Detections in a changed picture of (height, width) `size`."""
    boxes, kept = found.boxes, np.arange(len(found))
    if changed.get("bboxes") is not None:
        kept, boxes = _boxes(changed["bboxes"], found)
    boxes = np.clip(boxes, 0, np.float32(size * 2))
    crops = None if found.mask_crops is None else _crops(changed.get("masks"), found, size)
    points = None if found.keypoints is None else _keypoints(changed.get("keypoints"), found, size)
    return tighten(moved(found, boxes, crops, points, size)[np.sort(kept)])


def _boxes(rows, found):
    """The numbers of the objects whose boxes were returned, and the boxes [N, 4] of all."""
    rows = [np.asarray(row, np.float64).ravel() for row in rows]
    numbers = [int(row[4]) if len(row) > 4 else -1 for row in rows]
    if any(not 0 <= number < len(found) for number in numbers):
        raise UserError(
            f"{_WHOSE} returned bboxes of another form; return those that stay as (x1, y1, x2, y2, number), with the "
            "number that each had"
        )
    boxes = found.boxes.copy()
    for number, row in zip(numbers, rows, strict=True):
        boxes[number] = row[[1, 0, 3, 2]]
    if not np.isfinite(boxes).all() or (boxes[:, 2:] < boxes[:, :2]).any():
        raise UserError(f"{_WHOSE} returned a box that ends before it begins; return (x1, y1, x2, y2, number), pixels")
    return np.array(sorted({*numbers}), int), boxes


def _crops(masks, found, size):
    masks = [np.asarray(mask) for mask in (() if masks is None else masks)]
    if len(masks) != len(found):
        raise UserError(f"{_WHOSE} returned {len(masks)} masks for {len(found)} objects; return all, also empty ones")
    for mask in masks:
        if mask.shape != size:
            raise UserError(
                f"{_WHOSE} returned a mask of shape {list(mask.shape)} for an image of {list(size)}; return one "
                "[height, width] per object, changed as the image is"
            )
    return [
        MaskCrop(0, 0, mask > 0) if has_mask else None for mask, has_mask in zip(masks, found.has_mask, strict=True)
    ]


def _keypoints(rows, found, size):
    shape = found.keypoints.shape
    rows = [np.asarray(row, np.float64).ravel() for row in (() if rows is None else rows)]
    if len(rows) != shape[0] * shape[1] or any(len(row) < 2 for row in rows):
        raise UserError(
            f"{_WHOSE} returned {len(rows)} keypoints for {shape[0] * shape[1]}; return all as (x, y), also those "
            "outside (albumentations: KeypointParams('xy', remove_invisible=False))"
        )
    yx = np.array([row[1::-1] for row in rows]).reshape(*shape[:2], 2)
    annotated = found.keypoints[..., 2:] > 0
    points = np.where(annotated, np.concatenate([yx, found.keypoints[..., 2:]], axis=-1), 0)
    return keypoints_inside(points.astype(np.float32), size)


@contextmanager
def _seeded(hook, seed):
    """Inside, the shared generators give numbers of this seed; afterwards they go on as if nothing had happened."""
    states = random.getstate(), np.random.get_state()
    try:
        random.seed(seed)
        np.random.seed(seed)
        if hasattr(hook, "set_random_seed"):
            hook.set_random_seed(seed)
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _kind(value):
    return f"a dict without image ({', '.join(map(str, value))})" if isinstance(value, dict) else f"{type(value)}"
