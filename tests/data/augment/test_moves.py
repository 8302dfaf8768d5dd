"""Tight boxes."""

import numpy as np

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections, MaskCrop


def test_augmentation_without_instances():
    image, nothing = np.zeros((6, 8, 3), np.uint8), Detections((6, 8), [], [], mask_crops=())
    for moved in (
        augment.flip_lr(image, nothing),
        augment.flip_ud(image, nothing),
        augment.rot90(image, nothing, 1),
        augment.crop(image, nothing, 1, 1, 2, 2),
    ):
        assert len(moved[1]) == 0
        assert moved[0].shape[:2] == moved[1].size
    assert len(augment.tighten(nothing)) == 0


def test_tighten_leaves_out_empty_masks():
    loose = np.zeros((5, 5), bool)
    loose[1:3, 2:5] = True
    crops = [MaskCrop(10, 20, loose), MaskCrop(0, 0, np.zeros((5, 5), bool))]
    found = augment.tighten(Detections((40, 40), [[0, 0, 40, 40]] * 2, [1, 2], mask_crops=crops))
    assert found.boxes.tolist() == [[11, 22, 13, 25]]
    assert found.class_ids.tolist() == [1]
