"""Flips and quarter turns: pictures and instances move together."""

import numpy as np
import pytest

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections, MaskCrop
from tests.data.augment.examples import example, without_masks


@pytest.mark.parametrize(
    ("move", "of_array"),
    [
        (augment.flip_lr, lambda a: a[:, ::-1]),
        (augment.flip_ud, lambda a: a[::-1]),
        *[
            (lambda image, found, k=k: augment.rot90(image, found, k), lambda a, k=k: np.rot90(a, k))
            for k in range(-1, 5)
        ],
    ],
    ids=["left-right", "upside down", *[f"{k} quarter turns" for k in range(-1, 5)]],
)
@pytest.mark.parametrize("seed", range(3))
def test_flips_and_rotations(move, of_array, seed):
    image, found = example(seed)
    moved_image, moved = move(image, found)
    assert (moved_image == of_array(image)).all()
    assert (moved.masks == of_array(found.masks)).all()
    expected = Detections.from_masks(of_array(found.masks), found.class_ids)
    assert moved.size == expected.size
    assert (moved.boxes == expected.boxes).all()
    assert (moved.class_ids == found.class_ids).all()
    boxes = move(image, without_masks(found))[1]
    assert (boxes.boxes == expected.boxes).all()
    assert boxes.mask_crops is None


def test_objects_with_a_box_only_move_beside_masks():
    image, crop = np.zeros((40, 60, 3), np.uint8), MaskCrop(0, 0, np.ones((20, 20), bool))
    mixed = Detections((40, 60), [[0.5, 1, 20.5, 21], [0, 0, 20, 20]], [1, 2], mask_crops=[None, crop])
    for move in (augment.flip_lr, augment.flip_ud, lambda *both: augment.rot90(*both, 1)):
        moved = move(image, mixed)[1]
        assert moved.has_mask.tolist() == [False, True]
        assert moved.boxes[:1].tolist() == move(image, without_masks(mixed))[1].boxes[:1].tolist()
    cut = augment.crop(image, mixed, 10, 5, 100, 100)[1]
    assert cut.boxes.tolist() == [[0, 0, 10.5, 16], [0, 0, 10, 15]]
    assert cut.has_mask.tolist() == [False, True]
    # 0.5 x 16 pixels of the first are left, under 10 %; nothing of the second.
    assert len(augment.crop(image, mixed, 20, 5, 100, 100)[1]) == 0
    assert augment.tighten(mixed).boxes.tolist() == mixed.boxes.tolist()
