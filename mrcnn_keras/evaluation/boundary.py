"""Boundary IoU (Cheng et al. 2021, "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation")."""

import cv2
import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.cocoeval import COCOeval

from mrcnn_keras.detections import MaskCrop

DILATION_RATIO = 0.02  # of the picture's diagonal, as in the paper
SQUARE = np.ones((3, 3), np.uint8)


def boundaries(pictures, dilation_ratio):
    """Makes the boundary of each mask: its pixels that are near to a pixel outside.

    Near is a square of 2 d + 1 pixels around, d being the picture's diagonal times `dilation_ratio`, rounded, and at
    least 1. What lies beyond the picture's border is outside.

    Args:
        pictures: Iterable of `Detections`.
        dilation_ratio: Float.

    Returns:
        List with COCO's run lengths of each instance of each picture, `None` for one with a box only.
    """
    found = []
    for one in pictures:
        distance = max(1, round(dilation_ratio * float(np.hypot(*one.size))))
        crops = one.mask_crops or [None] * len(one)
        found += [None if crop is None else _boundary(crop, distance).rle(*one.size) for crop in crops]
    return found


def _boundary(crop, distance):
    if not crop.bits.size:
        return crop
    options = {"iterations": distance, "borderType": cv2.BORDER_CONSTANT, "borderValue": 0}
    inside = cv2.erode(crop.bits.astype(np.uint8), SQUARE, **options).astype(bool)
    return MaskCrop(crop.top, crop.left, crop.bits & ~inside)


class BoundaryEvaluation(COCOeval):
    """COCO's evaluation of masks whose overlap is the smaller one of IoU and boundary IoU.

    Annotations and results have their "boundary" as run lengths.
    """

    def computeIoU(self, imgId, catId):
        ious = super().computeIoU(imgId, catId)
        if not len(ious):
            return ious
        truths, founds = self._gts[imgId, catId], self._dts[imgId, catId]
        order = np.argsort([-found["score"] for found in founds], kind="mergesort")[: self.params.maxDets[-1]]
        objects = [i for i, truth in enumerate(truths) if not truth["iscrowd"]]
        if objects:
            sharp = coco_mask.iou(
                [founds[i]["boundary"] for i in order], [truths[i]["boundary"] for i in objects], [0] * len(objects)
            )
            ious[:, objects] = np.minimum(ious[:, objects], sharp)
        return ious
