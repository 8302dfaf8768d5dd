import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mrcnn_keras import resize
from mrcnn_keras.ops.images import plan_resize, resize_images

PLANS = (
    {"mode": "square", "min_dim": 384, "max_dim": 512, "multiple": 32},
    {"mode": "fit", "min_dim": 800, "max_dim": 1333, "multiple": 32},
    {"mode": "fit", "min_dim": 100, "max_dim": 333, "multiple": 64},
    {"mode": "crop", "min_dim": 512, "max_dim": 512, "scale": 1.5, "limit": 1600, "multiple": 64},
    {"mode": "crop", "min_dim": 512, "max_dim": 512, "scale": 0.3, "limit": None, "multiple": 32},
    {"mode": "fit", "min_dim": 800, "max_dim": 1333, "multiple": 32, "rounding": "floor"},
    {"mode": "square", "min_dim": 80, "max_dim": 102, "min_scale": 1.0, "rounding": "even", "place": "centre"},
)


def planned(height, width, **plan):
    answer = plan_resize(tf.constant(height), tf.constant(width), **plan)
    assert all(part.dtype == tf.int32 for part in answer)
    return tuple(tuple(part.numpy().tolist()) for part in answer)


def test_sizes_by_hand():
    assert planned(480, 640, mode="fit", min_dim=800, max_dim=1333) == ((800, 1067), (800, 1088), (0, 0))
    assert planned(500, 1000, mode="square", min_dim=800, max_dim=1024) == ((512, 1024), (1024, 1024), (0, 0))
    crop = {"mode": "crop", "min_dim": 64, "max_dim": 64}
    assert planned(300, 301, scale=2.0, limit=500, **crop) == ((498, 500), (512, 512), (0, 0))
    assert planned(1, 5000, mode="fit", min_dim=800, max_dim=1333) == ((1, 1333), (32, 1344), (0, 0))


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
    for image, answer in zip(images, padded.numpy(), strict=True):
        expected, _ = resize.resize_image(image, antialias=antialias, **plan)
        assert answer.shape == expected.shape
        assert np.abs(answer - expected).max() <= 1


def test_below_and_right_of_the_picture_is_zero():
    padded = resize_images(
        tf.fill([1, 4, 4, 3], 9.0), tf.constant([2, 3]), tf.constant([4, 5]), tf.constant([0, 0]), "bilinear"
    ).numpy()
    assert padded[0, ..., 0].tolist() == [[9, 9, 9, 0, 0]] * 2 + [[0] * 5] * 2


def test_no_pictures():
    sizes = tf.constant([2, 3]), tf.constant([32, 32]), tf.constant([0, 0])
    padded = resize_images(tf.zeros([0, 4, 4, 3], tf.uint8), *sizes, "triangle")
    assert padded.shape == (0, 32, 32, 3)
