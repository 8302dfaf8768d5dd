"""The one type that carries instances, found by a model or drawn by a person.

Each mask is kept as the crop around its object; full masks, run lengths and polygons are made on request.
"""

from dataclasses import dataclass

import numpy as np

from mrcnn_keras.detections.box_formats import as_places, in_format
from mrcnn_keras.detections.checks import (
    as_boxes,
    check_score,
    checked_class_ids,
    checked_crops,
    checked_keypoints,
    checked_scores,
    checked_size,
    plain_id,
)
from mrcnn_keras.detections.mask_crop import MaskCrop, crop_mask
from mrcnn_keras.detections.outlines import as_one_polygon, parts_of
from mrcnn_keras.detections.region_properties import PROPERTIES, shape_of
from mrcnn_keras.detections.to_coco import coco_annotations, segmentation_of
from mrcnn_keras.detections.to_html import html_view
from mrcnn_keras.detections.to_labelme import labelme_shapes
from mrcnn_keras.detections.to_supervision import as_supervision
from mrcnn_keras.errors import UserError


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
        size = checked_size(self.size)
        boxes = as_boxes(self.boxes)
        checked = {"size": size, "boxes": boxes, "class_ids": checked_class_ids(self.class_ids, len(boxes))}
        if self.scores is not None:
            checked["scores"] = checked_scores(self.scores, len(boxes))
        if self.mask_crops is not None:
            checked["mask_crops"] = checked_crops(self.mask_crops, len(boxes), size)
        if self.keypoints is not None:
            checked["keypoints"] = checked_keypoints(self.keypoints, len(boxes))
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

    def _repr_html_(self):
        """What a notebook shows: a drawing of the instances, without the photograph, and a table of the best."""
        return html_view(self)

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
            UserError: If `score` is not such a number, as with 50 for 50 %.
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
        """Returns one mask over the whole photograph.

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

    def region_properties(self):
        """Measures the shapes of the masks, by scikit-image's `regionprops`.

        Returns:
            Dict of `[N]` float64, NaN for an instance with a box only: `perimeter`, pixels, through the centres of the
            pixels at the edge; `major_axis` and `minor_axis`, pixels, of the ellipse with the same second moments; and
            `orientation`, degrees from the vertical to its longer axis, counter-clockwise, -90 to 90.
        """
        measured = [shape_of(crop) for crop in self.mask_crops or [None] * len(self)]
        return {name: np.array([one[name] for one in measured], float) for name in PROPERTIES}

    def rle(self):
        """Returns the masks as COCO's compressed run lengths.

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
        """Returns the instances as Matterport's package does, with boxes as float32.

        Returns:
            Dict of `rois`, `class_ids`, `scores` and `masks`, and `keypoints` where there are any.
        """
        found = {"rois": self.boxes, "class_ids": self.class_ids, "scores": self.scores, "masks": self.masks}
        return found if self.keypoints is None else {**found, "keypoints": self.keypoints}

    def to_dict(self, bounding_box_format="yxyx"):
        """Returns the instances as arrays under Keras's names, with boxes in one of its formats.

        Args:
            bounding_box_format: `"yxyx"`, `"xyxy"`, `"yxhw"`, `"xywh"`, `"center_yxhw"` or `"center_xywh"`, pixels; or
                one of these with `rel_` in front, such as `"rel_xyxy"`: shares of height and width.

        Returns:
            Dict of `boxes` `[N, 4]` float32 and `labels` `[N]` int32, the class ids; where there are any also `scores`
            `[N]`, `masks` `[H, W, N]` bool, and `keypoints` `[N, K, 3]`, places in the order and unit of the format.

        Raises:
            UserError: If there is no such format.
        """
        content = {"boxes": in_format(self.boxes, self.size, bounding_box_format), "labels": self.class_ids}
        if self.scores is not None:
            content["scores"] = self.scores
        if self.mask_crops is not None:
            content["masks"] = self.masks
        if self.keypoints is not None:
            places = as_places(self.keypoints[..., :2], self.size, bounding_box_format)
            content["keypoints"] = np.concatenate([places, self.keypoints[..., 2:]], axis=-1).astype(np.float32)
        return content

    def to_coco(self, image_id=1, category_ids=None, first_id=1, tolerance=0.0):
        """Writes the instances as annotations of a COCO file; `coco_results` is for its evaluation.

        Args:
            image_id: The picture's id in the file.
            category_ids: Mapping or sequence from class id to category id; `None`: the class id itself.
            first_id: Integer, the id of the first annotation.
            tolerance: Float, pixels that outlines may be simplified by; 0: they follow each pixel.

        Returns:
            List of dicts with `id`, `image_id`, `category_id`, `bbox`, `area`, `iscrowd`; where there are any also
            `segmentation` (polygons; with holes and of crowds run lengths), `keypoints`, and `score`, which COCO's own
            annotations lack.
        """
        ids = range(int(np.abs(self.class_ids).max(initial=0)) + 1) if category_ids is None else category_ids
        ids = {abs(i): plain_id(ids[abs(i)]) for i in self.class_ids.tolist()}
        crops = self.mask_crops or [None] * len(self)
        segmentations = [
            None if crop is None else segmentation_of(crop, parts_of(crop, tolerance), self.size, class_id < 0)
            for crop, class_id in zip(crops, self.class_ids, strict=True)
        ]
        annotations = coco_annotations(self, plain_id(image_id), ids, first_id, segmentations)
        for annotation, score in zip(annotations, () if self.scores is None else self.scores.tolist(), strict=False):
            annotation["score"] = score
        return annotations

    def to_labelme(self, class_names, tolerance=0.0):
        """Writes the instances as shapes of a labelme file. Crowd regions and keypoints are left out.

        Args:
            class_names: List of strings, background first.
            tolerance: Float, pixels that outlines may be simplified by; 0: they follow each pixel.

        Returns:
            List of dicts for `"shapes"`: polygons, those of one instance in pieces with a `group_id`, holes cut in;
            rectangles of instances with a box only.

        Raises:
            UserError: If a class has no name.
        """
        largest = int(self.class_ids.max(initial=0))
        if largest >= len(class_names):
            raise UserError(f"class id {largest} has no name among the {len(class_names)} class_names; give them all")
        shapes, crops = [], self.mask_crops or [None] * len(self)
        for number, (class_id, box, crop) in enumerate(zip(self.class_ids, self.boxes, crops, strict=True), 1):
            if class_id > 0:
                parts = None if crop is None else parts_of(crop, tolerance)
                polygons = parts and [as_one_polygon([outer, *holes]) for outer, holes in parts]
                shapes += labelme_shapes(str(class_names[class_id]), box, polygons, number)
        return shapes

    def to_supervision(self, class_names=None):
        """Converts the instances for the package supervision: its annotators, trackers and counters.

        Args:
            class_names: List of strings, background first, for `data["class_name"]`; `None`: without names.

        Returns:
            `supervision.Detections` with `xyxy`, `mask` `[N, H, W]`, `confidence`, `class_id`, which counts from 1, and
            `data["iscrowd"]`. Keypoints are left out.

        Raises:
            UserError: If supervision is not installed, or a class has no name.
        """
        return as_supervision(self, class_names)

    def coco_results(self, image_id, category_ids=None):
        """Writes these instances as COCO results, with masks and keypoints where there are any.

        Args:
            image_id: The picture's id in COCO's file; a numpy number, as in a pandas column, is written as a plain one.
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
