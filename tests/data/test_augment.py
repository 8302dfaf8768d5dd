"""Augmentation: pictures and instances move together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections, MaskCrop


def example(seed=0, size=(12, 17), count=4):
    """A picture whose red channel is 200 + i where instance i is drawn, the later ones over the earlier."""
    rng = np.random.default_rng(seed)
    image, masks = rng.integers(0, 200, (*size, 3), dtype=np.uint8), np.zeros((*size, count), bool)
    for i in range(count):
        y, x = (rng.integers(0, side - 3) for side in size)
        masks[y : y + rng.integers(2, 9), x : x + rng.integers(2, 9), i] = True
        masks[y, x, i] = rng.random() < 0.5
        image[masks[:, :, i], 0] = 200 + i
    return image, Detections.from_masks(masks, rng.choice([1, 2, -1], count))


def without_masks(found):
    return Detections(found.size, found.boxes, found.class_ids)


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


@given(st.integers(0, 99), st.tuples(st.integers(0, 11), st.integers(0, 16)), st.tuples(*[st.integers(1, 20)] * 2))
def test_a_crop_keeps_what_is_left_of_each_mask(seed, place, window):
    image, found = example(seed)
    (top, left), (height, width) = place, window
    cut_image, cut = augment.crop(image, found, top, left, height, width)
    part = np.s_[top : top + height, left : left + width]
    assert (cut_image == image[part]).all()
    masks = found.masks[part]
    whole, areas = found.masks.sum(axis=(0, 1)), masks.sum(axis=(0, 1))
    kept = (areas > 0) & ((areas >= 0.1 * whole) | (areas >= 16) | (found.class_ids < 0))
    expected = Detections.from_masks(masks[:, :, kept], found.class_ids[kept])
    assert cut.size == expected.size
    assert (cut.boxes == expected.boxes).all()
    assert (cut.masks == expected.masks).all()
    assert (cut.class_ids == expected.class_ids).all()


def test_crop_drops_slivers_but_not_crowds():
    """Of a 20 x 20 square 1 x 20 pixels are left, then 1 x 15: the second is under 10 % and under 16 pixels."""
    image, mask = np.zeros((40, 40, 3), np.uint8), np.ones((20, 20), bool)
    square = Detections((40, 40), [[0, 0, 20, 20]], [1], mask_crops=[MaskCrop(0, 0, mask)])
    assert len(augment.crop(image, square, 19, 0, 20, 20)[1]) == 1
    assert len(augment.crop(image, square, 19, 5, 20, 20)[1]) == 0
    crowd = Detections((40, 40), [[0, 0, 20, 20]], [-1], mask_crops=[MaskCrop(0, 0, mask)])
    assert augment.crop(image, crowd, 19, 5, 20, 20)[1].boxes.tolist() == [[0, 0, 1, 15]]
    assert len(augment.crop(image, crowd, 20, 20, 20, 20)[1]) == 0
    small = Detections((40, 40), [[0, 0, 2, 2]], [1], mask_crops=[MaskCrop(0, 0, mask[:2, :2])])
    assert len(augment.crop(image, small, 1, 1, 20, 20)[1]) == 1  # one pixel, but a quarter of it


def test_crop_of_boxes_without_masks():
    image = np.zeros((40, 40, 3), np.uint8)
    boxes = Detections((40, 40), [[0, 0, 20, 20], [5, 5, 6, 6]], [1, 2])
    cut = augment.crop(image, boxes, 10, 5, 100, 100)[1]
    assert (cut.size, cut.boxes.tolist(), cut.class_ids.tolist()) == ((30, 35), [[0, 0, 10, 15]], [1])


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


def test_adjust_colours_by_hand():
    """Mean 100: contrast 2 makes 50, 150 of 75, 125; then brightness 1.5 makes 75, 225."""
    image = np.repeat(np.array([[75, 125]], np.uint8)[:, :, None], 3, axis=2)
    assert augment.adjust_colours(image, 1.5, 2)[0, :, 0].tolist() == [75, 225]
    assert augment.adjust_colours(image, 9, 1)[0, :, 0].tolist() == [255, 255]
    noise = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    assert (augment.adjust_colours(noise, 1, 1) == noise).all()


@given(
    st.tuples(*[st.integers(1, 60)] * 2),
    st.tuples(*[st.integers(1, 60)] * 2),
    st.lists(st.tuples(*[st.floats(0, 60)] * 2), max_size=3),
    st.integers(0, 9),
)
def test_a_window_lies_inside_the_picture(size, window, corners, seed):
    boxes = np.array([(y, x, y + 3, x + 3) for y, x in corners]).reshape(-1, 4)
    place = augment.choose_window(size, window, boxes, np.random.default_rng(seed))
    for start, length, side in zip(place, window, size, strict=True):
        assert start == 0 if length >= side else 0 <= start <= side - length


def test_half_of_the_windows_contain_a_small_object():
    """A window of 10 x 10 anywhere in 1000 x 1000 holds the pixel (700, 300) once in 10,000 times."""
    rng = np.random.default_rng(0)
    boxes = np.array([[699.0, 299.0, 702.0, 302.0]])
    places = np.array([augment.choose_window((1000, 1000), (10, 10), boxes, rng) for _ in range(400)])
    inside = ((places <= (700, 300)) & (places + 10 > (700, 300))).all(axis=1)
    assert 160 < inside.sum() < 240
    assert len(np.unique(places[inside], axis=0)) > 60  # of the 100 places that hold it
