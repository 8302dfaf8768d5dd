import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mrcnn_keras import resize
from mrcnn_keras.ops.images import (
    boxes_to_network,
    boxes_to_photograph,
    keypoints_to_photograph,
    plan_resize,
    resize_images,
)

PLANS = (
    {"mode": "square", "min_dim": 384, "max_dim": 512, "multiple": 32},
    {"mode": "fit", "min_dim": 800, "max_dim": 1333, "multiple": 32},
    {"mode": "fit", "min_dim": 100, "max_dim": 333, "multiple": 64},
    {"mode": "crop", "min_dim": 512, "max_dim": 512, "scale": 1.5, "limit": 1600, "multiple": 64},
    {"mode": "crop", "min_dim": 512, "max_dim": 512, "scale": 0.3, "limit": None, "multiple": 32},
    {"mode": "fit", "min_dim": 800, "max_dim": 1333, "multiple": 32, "rounding": "floor"},
    {"mode": "square", "min_dim": 80, "max_dim": 102, "min_scale": 1.0, "rounding": "even", "place": "centre"},
    {"mode": "fit", "min_dim": 100, "max_dim": 333, "min_scale": 1.5, "multiple": 32, "rounding": "even"},
    {"mode": "crop", "min_dim": 512, "max_dim": 512, "scale": 0.5, "limit": None, "multiple": 32, "rounding": "even"},
)


def planned(height, width, **plan):
    output = plan_resize(tf.constant(height), tf.constant(width), **plan)
    assert all(part.dtype == tf.int32 for part in output)
    return tuple(tuple(part.numpy().tolist()) for part in output)


def test_sizes_by_hand():
    assert planned(480, 640, mode="fit", min_dim=800, max_dim=1333, multiple=32) == ((800, 1067), (800, 1088), (0, 0))
    assert planned(500, 1000, mode="square", min_dim=800, max_dim=1024) == ((512, 1024), (1024, 1024), (0, 0))
    crop = {"mode": "crop", "min_dim": 64, "max_dim": 64, "multiple": 32}
    assert planned(300, 301, scale=2.0, limit=500, **crop) == ((498, 500), (512, 512), (0, 0))
    assert planned(1, 5000, mode="fit", min_dim=800, max_dim=1333, multiple=32) == ((1, 1333), (32, 1344), (0, 0))
    floor = planned(480, 640, mode="fit", min_dim=800, max_dim=1333, multiple=32, rounding="floor")
    assert floor == ((800, 1066), (800, 1088), (0, 0))
    matterport = {"mode": "square", "min_dim": 800, "max_dim": 1024, "min_scale": 1.0, "rounding": "even"}
    assert planned(480, 640, place="centre", **matterport) == ((768, 1024), (1024, 1024), (128, 0))
    assert planned(1023, 900, place="centre", **matterport) == ((1023, 900), (1024, 1024), (0, 62))


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 6000), st.integers(1, 6000), st.sampled_from(PLANS))
def test_sizes_are_those_of_resize(height, width, plan):
    expected = resize.plan_resize(height, width, **plan)
    assert planned(height, width, **plan) == (expected.resized, expected.network, expected.offset)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(90, 61), (20, 47), (1, 1)])
def test_pixels_are_those_of_resize_within_a_grey_level(size, antialias):
    plan = {"mode": "square", "min_dim": 40, "max_dim": 64, "multiple": 32}
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3)).astype(np.uint8)
    padded = resize_images(tf.constant(images), *plan_resize(*size, **plan), "triangle" if antialias else "bilinear")
    assert padded.dtype == tf.float32
    for image, output in zip(images, padded.numpy(), strict=True):
        expected, _ = resize.resize_image(image, antialias=antialias, **plan)
        assert output.shape == expected.shape
        assert np.abs(output - expected).max() <= 1


def test_below_and_right_of_the_picture_is_zero():
    padded = resize_images(
        tf.fill([1, 4, 4, 3], 9.0), tf.constant([2, 3]), tf.constant([4, 5]), tf.constant([0, 0]), "bilinear"
    ).numpy()
    assert padded[0, ..., 0].tolist() == [[9, 9, 9, 0, 0]] * 2 + [[0] * 5] * 2


def test_a_picture_in_the_middle_has_the_odd_row_below_and_the_odd_column_to_the_right():
    image = tf.fill([1, 2, 1, 3], tf.constant(9, tf.uint8))
    sizes = plan_resize(2, 1, mode="square", min_dim=2, max_dim=5, min_scale=1.0, rounding="even", place="centre")
    assert [part.numpy().tolist() for part in sizes] == [[4, 2], [5, 5], [0, 1]]
    sizes = tf.constant([2, 1]), tf.constant([5, 4]), tf.constant([1, 1])
    padded = resize_images(image, *sizes, "skimage").numpy()
    assert padded[0, ..., 2].tolist() == [[0] * 4, [0, 9, 0, 0], [0, 9, 0, 0], [0] * 4, [0] * 4]


def on_photograph(box, size, resized, offset=(0, 0), **options):
    """One box in network pixels -> in pixels of the photograph."""
    boxes = tf.constant([[box]], tf.float32)
    sizes = (tf.constant(part) for part in (size, resized, offset))
    return boxes_to_photograph(boxes, *sizes, **options)[0, 0].numpy().tolist()


def test_boxes_are_scaled_axis_by_axis_and_clipped_to_the_photograph():
    assert on_photograph([10, 20, 30, 60], (50, 400), (100, 200)) == [5, 40, 15, 120]
    assert on_photograph([-10, 20, 300, 600], (50, 400), (100, 200)) == [0, 40, 50, 400]


def test_boxes_of_a_picture_in_the_middle():
    assert on_photograph([12, 20, 32, 60], (50, 400), (100, 200), (2, 10)) == [5, 20, 15, 100]


def test_by_the_rule_of_pixels_the_first_pixel_becomes_the_first_and_the_last_the_last():
    # 101 of 201 rows, 21 of 41 columns: from index to index twice as far; behind the last pixel one pixel more.
    options = {"corners": "pixel", "whole_pixels": False}
    assert on_photograph([0, 0, 101, 21], (201, 41), (101, 21), **options) == [0, 0, 201, 41]
    assert on_photograph([10, 5, 11, 6], (201, 41), (101, 21), **options) == [20, 10, 21, 11]
    assert on_photograph([10, 5, 20, 15], (201, 41), (101, 21), (7, 2), **options) == [6, 6, 25, 25]
    # One row alone has no distance from its first to its last pixel.
    assert on_photograph([0, 0, 1, 21], (1, 41), (1, 21), **options) == [0, 0, 1, 41]


def test_whole_pixels_are_rounded_half_to_even():
    assert on_photograph([1, 3, 5, 7], (100, 100), (200, 200), whole_pixels=True) == [0, 2, 2, 4]
    # Matterport: np.around(share * (side - 1) + (0, 0, 1, 1)), here of shares 1/8, 3/8, 5/8, 7/8 of 20.
    box = [5, 15, 25 + 1, 35 + 1]
    assert on_photograph(box, (21, 21), (41, 41), corners="pixel", whole_pixels=True) == [2, 8, 14, 18]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 300), st.integers(1, 300), st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4))
def test_boxes_on_the_photograph_are_those_of_resize(height, width, fractions):
    plan = {"mode": "square", "min_dim": 80, "max_dim": 102, "place": "centre"}
    sizes = plan_resize(height, width, **plan)
    box = np.array(fractions, np.float32) * [height, width, height, width]
    planned = resize.plan_resize(height, width, **plan)
    output = on_photograph(planned.boxes_to_network(box), (height, width), sizes[0].numpy(), sizes[2].numpy())
    np.testing.assert_allclose(output, box, atol=1e-2)


def test_keypoints_go_with_their_boxes():
    size, resized, offset = (100, 220), (50, 55), (3, 4)
    sides = [tf.constant(side) for side in (size, resized, offset)]
    found = keypoints_to_photograph(tf.constant([[[[13.0, 24.0, 0.7]]]]), *sides)
    np.testing.assert_allclose(found[0, 0, 0], [20, 80, 0.7], rtol=1e-6)
    # By the rule of pixels the centre of the first pixel stays one, and so does that of the last.
    corners = tf.constant([[[3.5, 4.5, 1.0], [52.5, 58.5, 1.0]]])
    found = keypoints_to_photograph(corners, *sides, corners="pixel")
    np.testing.assert_allclose(found[0, :, :2], [[0.5, 0.5], [99.5, 219.5]], rtol=1e-5)


def test_no_pictures():
    sizes = tf.constant([2, 3]), tf.constant([32, 32]), tf.constant([0, 0])
    padded = resize_images(tf.zeros([0, 4, 4, 3], tf.uint8), *sizes, "triangle")
    assert padded.shape == (0, 32, 32, 3)


def test_boxes_to_network_equals_resize():
    """A photograph of 40 x 60 that became 80 x 90 and lies 8 pixels below the top."""
    boxes = [[0, 0, 40, 60], [10, 20, 30, 40], [5, 5, 5, 5]]
    moved = boxes_to_network(tf.constant([boxes], tf.float32), tf.constant([40, 60]), [80, 90], [8, 0])
    assert moved.numpy().tolist() == [[[8, 0, 88, 90], [28, 30, 68, 60], [18, 7.5, 18, 7.5]]]
    planned_before = resize.Resize((40, 60), (80, 90), (96, 96), (8, 0))
    np.testing.assert_array_equal(moved[0], planned_before.boxes_to_network(boxes))
