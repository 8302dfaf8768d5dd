"""The part of a picture that is kept, and what is left of its objects."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections, MaskCrop
from tests.data.augment.examples import example


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
