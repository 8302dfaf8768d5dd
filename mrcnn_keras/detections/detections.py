"""The one type that carries instances, found by a model or drawn by a person.

Each mask is kept as the crop around its object; full masks, run lengths and polygons are made on request.
"""

from dataclasses import dataclass

import numpy as np

from mrcnn_keras.detections.mask_crop import MaskCrop, crop_mask
from mrcnn_keras.errors import UserError

# Softmax and sigmoid in reduced precision may pass 1 by a rounding step.
SCORE_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class Detections:
    """N instances of one photograph; the arrays are read-only.

    Args:
        size: (height, width) of the photograph, pixels.
        boxes: `[N, (y1, x1, y2, x2)]` float32, pixels of the photograph; may reach outside it.
        class_ids: `[N]` int32, 1 to C - 1; negative for a crowd region of class -id (ground truth only); never 0.
        scores: `[N]` float32, 0 to 1; `None` for ground truth.
        mask_crops: One `MaskCrop` per instance, each inside the photograph, or `None` for an annotated one with a box
            only; `None` instead of all where there are boxes only.
        keypoints: `[N, K, (y, x, third)]` float32, pixels; `None` without keypoints. The third number is the score of
            a found one; of an annotated one its visibility: 0 not annotated, 1 annotated but hidden, 2 visible.

    Raises:
        UserError: If these do not fit together, or a number is not finite.
    """

    size: tuple[int, int]
    boxes: np.ndarray
    class_ids: np.ndarray
    scores: np.ndarray | None = None
    mask_crops: tuple[MaskCrop, ...] | None = None
    keypoints: np.ndarray | None = None

    def __post_init__(self):
        size = _checked_size(self.size)
        boxes = as_boxes(self.boxes)
        checked = {"size": size, "boxes": boxes, "class_ids": _checked_class_ids(self.class_ids, len(boxes))}
        if self.scores is not None:
            checked["scores"] = _checked_scores(self.scores, len(boxes))
        if self.mask_crops is not None:
            checked["mask_crops"] = _checked_crops(self.mask_crops, len(boxes), size)
        if self.keypoints is not None:
            checked["keypoints"] = _checked_keypoints(self.keypoints, len(boxes))
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_masks(cls, masks, class_ids, scores=None, boxes=None, keypoints=None):
        """Makes instances from full masks.

        Args:
            masks: `[H, W, N]` bool.
            class_ids: `[N]`.
            scores: `[N]`, or `None`.
            boxes: `[N, 4]`; `None`: drawn tight around the masks.
            keypoints: `[N, K, 3]`, or `None`.

        Returns:
            `Detections`.

        Raises:
            UserError: If a mask has no pixel, and so no place.
        """
        masks = np.asarray(masks)
        if masks.ndim != 3:
            raise UserError(f"masks have shape {masks.shape}; give [height, width, N], also for one mask")
        crops = tuple(crop_mask(masks[:, :, i]) for i in range(masks.shape[2]))
        for i, crop in enumerate(crops):
            if not crop.bits.size:
                raise UserError(f"mask {i} of {len(crops)} has no pixel; leave it and its class id out")
        if boxes is None:
            boxes = np.array([crop.box for crop in crops], np.float32).reshape(-1, 4)
        return cls(masks.shape[:2], boxes, class_ids, scores, crops, keypoints)

    @classmethod
    def empty(cls, size, masks=True):
        """Makes a photograph without instances.

        Args:
            size: (height, width) of the photograph, pixels.
            masks: Boolean; `False`: of a model with boxes only.

        Returns:
            `Detections`.
        """
        return cls(size, np.zeros((0, 4)), np.zeros(0, int), np.zeros(0), () if masks else None)

    def __len__(self):
        return len(self.boxes)

    def __repr__(self):
        parts = [n for n in ("scores", "mask_crops", "keypoints") if getattr(self, n) is not None]
        return f"Detections({', '.join([f'{len(self)} in {self.size[0]} x {self.size[1]}', *parts])})"

    def __iter__(self):
        """Yields boxes, masks, class_ids, scores: `display_instances(image, *detections, class_names)`.

        It does not yield instances: those are `detections[i] for i in range(len(detections))`.
        """
        return iter((self.boxes, self.masks, self.class_ids, self.scores))

    def __getitem__(self, index):
        """The instances at an index, slice, index array or boolean array, as Detections."""
        if not isinstance(index, slice) and np.size(index) == 0:
            index = np.zeros(0, int)  # numpy takes an empty list for one of floats
        picks = np.atleast_1d(np.arange(len(self))[index])
        return Detections(
            self.size,
            self.boxes[picks],
            self.class_ids[picks],
            None if self.scores is None else self.scores[picks],
            None if self.mask_crops is None else tuple(self.mask_crops[i] for i in picks),
            None if self.keypoints is None else self.keypoints[picks],
        )

    def above(self, score):
        """Selects the instances that score high enough; those without scores (ground truth) all stay.

        Args:
            score: Float, the lowest score that stays.

        Returns:
            `Detections`.

        Raises:
            UserError: If `score` is no such number, as 50 for 50 %.
        """
        check_score(score)
        return self if self.scores is None else self[self.scores >= score]

    @property
    def masks(self):
        """[H, W, N] bool over the whole photograph, made on each call; None where there are no masks.

        That of an object with a box only is false everywhere.
        """
        if self.mask_crops is None:
            return None
        masks = np.zeros((*self.size, len(self)), bool)
        for i, crop in enumerate(self.mask_crops):
            if crop is not None:
                masks[(*crop.window, i)] = crop.bits
        return masks

    @property
    def has_mask(self):
        """[N] bool: false where an instance has a box only."""
        return np.array([crop is not None for crop in self.mask_crops or [None] * len(self)], bool)

    def mask(self, i):
        """Gives one mask over the whole photograph.

        Args:
            i: Index of the instance.

        Returns:
            `[H, W]` bool.
        """
        mask = np.zeros(self.size, bool)
        crop = self._crops()[i]
        if crop is None:
            raise UserError(f"instance {i} has a box only; has_mask says which have masks")
        mask[crop.window] = crop.bits
        return mask

    @property
    def areas(self):
        """[N] float64, pixels: of the masks, or of the boxes where there are no masks."""
        areas = np.prod(self.boxes[:, 2:].astype(float) - self.boxes[:, :2], axis=1)
        for i in np.flatnonzero(self.has_mask):
            areas[i] = np.count_nonzero(self.mask_crops[i].bits)
        return areas

    def rle(self):
        """Gives the masks as COCO's compressed run lengths.

        Returns:
            List with one dict `{"size": [H, W], "counts": str}` per instance, `None` for one with a box only.
        """
        return [None if crop is None else crop.rle(*self.size) for crop in self._crops()]

    def polygons(self):
        """Draws the outlines of each instance along the edges of its pixels: pixel (0, 0) is the square to (1, 1).

        A mask in pieces has several. Holes are filled: formats of polygons cannot express them, `rle` keeps them.

        Returns:
            One list per instance of `[K, (y, x)]` float32 polygons, pixels; an empty one where it has a box only.
        """
        return [[] if crop is None else crop.outlines() for crop in self._crops()]

    def as_dict(self):
        """Gives the instances as Matterport's package does, with boxes as float32.

        Returns:
            Dict of `rois`, `class_ids`, `scores` and `masks`, and `keypoints` where there are any.
        """
        found = {"rois": self.boxes, "class_ids": self.class_ids, "scores": self.scores, "masks": self.masks}
        return found if self.keypoints is None else {**found, "keypoints": self.keypoints}

    def coco_results(self, image_id, category_ids=None):
        """Writes these instances as COCO results, with masks and keypoints where there are any.

        Args:
            image_id: The picture's id in COCO's file; a numpy number, as of a pandas column, is written as a plain one.
            category_ids: Mapping or sequence from class id to the id that is written; `None`: the class id itself.

        Returns:
            List of dicts.

        Raises:
            UserError: If there are no scores, which COCO's results need.
        """
        if self.scores is None:
            raise UserError("these instances have no scores; COCO results are of detections, not of truth")
        image_id = plain_id(image_id)
        ids = [plain_id(i if category_ids is None else category_ids[i]) for i in self.class_ids.tolist()]
        ids = [i if isinstance(i, str) else int(i) for i in ids]
        results = []
        for category_id, box, score in zip(ids, self.boxes.tolist(), self.scores.tolist(), strict=True):
            y1, x1, y2, x2 = box
            bbox = [x1, y1, x2 - x1, y2 - y1]
            results.append({"image_id": image_id, "category_id": category_id, "bbox": bbox, "score": score})
        if self.mask_crops is not None:
            for result, segmentation in zip(results, self.rle(), strict=True):
                result |= {} if segmentation is None else {"segmentation": segmentation}
        if self.keypoints is not None:
            for result, points in zip(results, self.coco_keypoints(), strict=True):
                result["keypoints"] = points
        return results

    def coco_keypoints(self):
        """Writes keypoints as COCO does: pixel indices, not centres, so 0.5 less; what is not annotated is 0, 0, 0.

        Returns:
            One list `[x, y, third, x, y, third, ...]` per instance.
        """
        points = self.keypoints[..., [1, 0, 2]].astype(float) - (0.5, 0.5, 0)
        if self.scores is None:
            points *= self.keypoints[..., 2:] > 0
        return points.reshape(len(self), 3 * points.shape[1]).tolist()

    def _crops(self):
        if self.mask_crops is None:
            raise UserError("these instances have boxes only; take masks from a model or data that has them")
        return self.mask_crops


def _checked_size(size):
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
    """Checks the lowest score that detections shall have.

    Args:
        score: Float, or `None`: any.

    Raises:
        UserError: If it is no such number, as 50 for 50 %.
    """
    if isinstance(score, str) or score is not None and np.any(np.asarray(score) >= 2):
        raise UserError(f"{score!r} is no lowest score; scores are numbers from 0 to 1, such as 0.5")


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


def _checked_class_ids(class_ids, count):
    given = np.asarray(class_ids)
    if given.size and given.dtype.kind not in "iu":
        raise UserError(f"class_ids are of type {given.dtype}; give whole numbers, 1 for the first class")
    ids = _numbers(given, np.int32, "class_ids", (count,))
    if (ids == 0).any():
        raise UserError(f"class id {int(np.argmax(ids == 0))} is 0, the background; ids begin at 1")
    return ids


def _checked_scores(scores, count):
    scores = _numbers(scores, np.float32, "scores", (count,))
    wrong = ~((scores >= 0) & (scores <= 1 + SCORE_TOLERANCE))
    if wrong.any():
        i = int(np.argmax(wrong))
        raise UserError(f"score {i} is {scores[i]}; give probabilities from 0 to 1")
    return scores


def _checked_crops(crops, count, size):
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
    crop = MaskCrop(int(top), int(left), _numbers(bits, bool, name, bits.shape))
    y1, x1, y2, x2 = crop.box
    if y1 < 0 or x1 < 0 or y2 > size[0] or x2 > size[1]:
        raise UserError(
            f"{name} covers rows {y1} to {y2}, columns {x1} to {x2} of a {size[0]} x {size[1]} photograph; "
            "cut it at the border"
        )
    return crop


def _checked_keypoints(keypoints, count):
    keypoints = _numbers(keypoints, np.float32, "keypoints", (count, None, 3))
    if not np.isfinite(keypoints).all():
        raise UserError("a keypoint is not a finite number; give (y, x, score), zeros where it is unknown")
    return keypoints
