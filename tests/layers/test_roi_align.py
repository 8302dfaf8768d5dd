import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers import RoIAlignLayer
from mrcnn_keras.ops.roi_quantised import roi_pool, roi_warp
from mrcnn_keras.ops.roi_sampling import crop_and_resize_rois, roi_align

FEATURES = [tf.random.stateless_normal(shape, [0, 0]) for shape in ((2, 16, 16, 3), (2, 8, 8, 3))]
BOXES = tf.constant([[[0, 0, 20, 20], [5, 9, 60, 50], [0, 0, 0, 0]], [[1, 2, 30, 9], [8, 8, 16, 16], [3, 3, 63, 63]]])
BOXES = tf.cast(BOXES, tf.float32)


def test_boxes_of_a_batch_are_read_from_their_own_picture():
    layer = RoIAlignLayer(4, (4, 8), canonical_size=40.0)
    pooled = layer(FEATURES, BOXES)
    assert pooled.shape == (2, 3, 4, 4, 3)
    for image in (0, 1):
        alone = layer([feature[image : image + 1] for feature in FEATURES], BOXES[image : image + 1])
        np.testing.assert_allclose(pooled[image], alone[0], atol=1e-5)


def test_a_list_of_boxes_names_their_pictures():
    layer = RoIAlignLayer(4, (4, 8), canonical_size=40.0)
    pooled = layer(FEATURES, tf.stack([BOXES[1, 0], BOXES[0, 1]]), tf.constant([1, 0]))
    batched = layer(FEATURES, BOXES)
    np.testing.assert_allclose(pooled, tf.stack([batched[1, 0], batched[0, 1]]), atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"aligned": False},
        {"sampling": 3},
        {"sampling": 0},
        {"reduce": "max"},
        {"canonical_size": 30.0},
        {"canonical_size": 20.01, "level_tolerance": 0.01},
    ],
)
def test_options_reach_the_function(options):
    boxes, images = tf.reshape(BOXES, [-1, 4]), tf.constant([0, 0, 0, 1, 1, 1])
    pooled = RoIAlignLayer(2, (4, 8), **options)(FEATURES, boxes, images)
    np.testing.assert_array_equal(pooled, roi_align(FEATURES, (4, 8), boxes, images, 2, **options))


def test_the_grid_of_corners_is_matterports():
    boxes, images = tf.reshape(BOXES, [-1, 4]), tf.constant([0, 0, 0, 1, 1, 1])
    layer = RoIAlignLayer(2, (4, 8), grid="corners", canonical_size=30.0)
    expected = crop_and_resize_rois(FEATURES, (4, 8), boxes, images, 2, canonical_size=30.0)
    np.testing.assert_array_equal(layer(FEATURES, boxes, images), expected)
    np.testing.assert_array_equal(layer(FEATURES, BOXES), tf.reshape(expected, [2, 3, 2, 2, 3]))


@pytest.mark.parametrize(
    ("operator", "function", "options"),
    [
        ("pool", roi_pool, {"canonical_size": 30.0}),
        ("pool", roi_pool, {"canonical_size": 20.01, "level_tolerance": 0.01}),
        ("warp", roi_warp, {"canonical_size": 20.01, "level_tolerance": 0.01}),
        ("warp", roi_warp, {"sampling": 3, "reduce": "max"}),
        ("warp", roi_warp, {"sampling": 0}),
    ],
)
def test_options_reach_the_other_operators(operator, function, options):
    boxes, images = tf.reshape(BOXES, [-1, 4]), tf.constant([0, 0, 0, 1, 1, 1])
    layer = RoIAlignLayer(2, (4, 8), operator=operator, **options)
    expected = function(FEATURES, (4, 8), boxes, images, 2, **options)
    np.testing.assert_array_equal(layer(FEATURES, boxes, images), expected)
    np.testing.assert_array_equal(layer(FEATURES, BOXES), tf.reshape(expected, [2, 3, 2, 2, 3]))


def test_keras_auto_does_not_choose_xla_and_older_files_with_a_method_load():
    layer = RoIAlignLayer.from_config({**RoIAlignLayer(2, (4, 8)).get_config(), "method": "gather"})
    assert not layer.supports_jit
    np.testing.assert_array_equal(layer(FEATURES, BOXES), RoIAlignLayer(2, (4, 8))(FEATURES, BOXES))


@pytest.mark.parametrize(
    "options", [{}, {"sampling": 0}, {"grid": "corners"}, {"operator": "pool"}, {"operator": "warp"}]
)
def test_no_boxes(options):
    layer = RoIAlignLayer(7, (4, 8), **options)
    assert layer(FEATURES, tf.zeros([2, 0, 4])).shape == (2, 0, 7, 7, 3)
    assert layer(FEATURES, tf.zeros([0, 4]), tf.zeros([0], tf.int32)).shape == (0, 7, 7, 3)
