"""Detections of many pictures in little memory: masks as the run lengths of their crops until they are asked for."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from pycocotools import mask as coco_mask

from mrcnn_keras.detections import MaskCrop


class PackedDetections(Sequence):
    """A list of `Detections` that rebuilds each one when it is asked for.

    100 masks of 500 x 500 pixels take 25 MB as crops, and some 100 kB here.

    Args:
        detections: Iterable of `Detections`.
    """

    def __init__(self, detections=()):
        self._kept = []
        for one in detections:
            self.append(one)

    def append(self, one):
        """Adds a picture's detections at the end.

        Args:
            one: `Detections`.
        """
        masks = None if one.mask_crops is None else [_packed(crop) for crop in one.mask_crops]
        self._kept.append((dataclasses.replace(one, mask_crops=None), masks))

    def __len__(self):
        return len(self._kept)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        one, masks = self._kept[index]
        return one if masks is None else dataclasses.replace(one, mask_crops=tuple(map(_unpacked, masks)))


def _packed(crop):
    """-> (top, left, run lengths, or the crop's bits where it has no pixel), None for an instance with a box only"""
    if crop is None or not crop.bits.size:
        return crop
    return crop.top, crop.left, coco_mask.encode(np.asfortranarray(crop.bits, np.uint8))


def _unpacked(packed):
    if packed is None or isinstance(packed, MaskCrop):
        return packed
    top, left, run_lengths = packed
    return MaskCrop(top, left, coco_mask.decode(run_lengths).astype(bool))
