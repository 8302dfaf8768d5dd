"""Overlaps of all found with all annotated instances of each picture, whatever their classes."""

from dataclasses import dataclass

import numpy as np
from pycocotools import mask as coco_mask

from mrcnn_keras.errors import UserError


@dataclass(frozen=True, eq=False)
class PictureOverlaps:
    """One picture: A annotated objects that count, K crowd regions, F found instances.

    truth_ids: [A] integers, indices in the picture's `truths`; truth_classes: [A]; region_classes: [K];
    found_classes: [F]; scores: [F] floats; ious: [F, A] float64; within: [F, K] float64, the share of a found instance
    that lies in a crowd region. For masks, annotated objects with a box only are crowd regions that fill their box.
    """

    truth_ids: np.ndarray
    truth_classes: np.ndarray
    region_classes: np.ndarray
    found_classes: np.ndarray
    scores: np.ndarray
    ious: np.ndarray
    within: np.ndarray

    @property
    def best_first(self):
        """[F] indices of found instances, highest score first."""
        return np.argsort(-self.scores, kind="stable")

    @property
    def same_class(self):
        """[F, A] bool: found and annotated instance are of one class."""
        return self.found_classes[:, None] == self.truth_classes

    def in_a_region(self, share):
        """Returns which found instances lie in a crowd region of their class.

        Args:
            share: Float, the least share of the instance that must lie there.

        Returns:
            `[F]` bool.
        """
        same = self.found_classes[:, None] == self.region_classes
        return ((self.within >= share) & same).any(axis=1)


def overlaps_of(predictions, kind=None):
    """Computes the overlaps in each picture, once for each kind.

    Args:
        predictions: `Predictions`.
        kind: "bbox" or "segm"; `None`: masks where there are any.

    Returns:
        List of `PictureOverlaps`, one per picture.

    Raises:
        UserError: If there is no such overlap.
    """
    kind = predictions.kind(kind)
    if kind == "keypoints":
        raise UserError("keypoints have no overlap; give kind='bbox' or kind='segm'")
    return predictions.remembered(_overlaps_of, kind)


def _overlaps_of(predictions, kind):
    records = predictions.records
    truths, founds = _by_picture(records.truths), _by_picture(records.results)
    return [
        _of_picture(kind, image, truths.get(image["id"], []), founds.get(image["id"], [])) for image in records.images
    ]


def _by_picture(rows):
    found = {}
    for row in rows:
        found.setdefault(row["image_id"], []).append(row)
    return found


def _of_picture(kind, image, truths, founds):
    region = [row["iscrowd"] or (kind == "segm" and row["box_only"]) for row in truths]
    region = np.array(region, bool)
    shapes = [_shape(row, kind, image) for row in truths]
    found_shapes = [_shape(row, kind, image) for row in founds]
    ious, within = (
        _iou(found_shapes, [shapes[i] for i in np.flatnonzero(mask)], is_region)
        for mask, is_region in ((~region, 0), (region, 1))
    )
    classes = np.array([row["category_id"] for row in truths], int)
    return PictureOverlaps(
        truth_ids=np.flatnonzero(~region),
        truth_classes=classes[~region],
        region_classes=classes[region],
        found_classes=np.array([row["category_id"] for row in founds], int),
        scores=np.array([row["score"] for row in founds], float),
        ious=ious,
        within=within,
    )


def _shape(row, kind, image):
    """What pycocotools' `iou` takes: (x, y, width, height), or run lengths."""
    if kind == "bbox":
        return row["bbox"]
    if isinstance(row["segmentation"], list):
        return coco_mask.merge(coco_mask.frPyObjects(row["segmentation"], image["height"], image["width"]))
    return row["segmentation"]


def _iou(founds, truths, is_region):
    if not founds or not truths:
        return np.zeros((len(founds), len(truths)))
    return np.asarray(coco_mask.iou(founds, truths, [is_region] * len(truths)))
