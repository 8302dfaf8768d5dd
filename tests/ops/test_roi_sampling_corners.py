"""Matterport's RoIAlign: one sample per bin, the outermost on the box's corners, as shares of the last index."""

import math

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.ops.roi_sampling import crop_and_resize_rois
from tests.ops.roi_align_reference import pool, random_maps

SIDE = 64
MAPS = (2, 16, 16, 3), (2, 8, 8, 3), (2, 4, 4, 3), (2, 2, 2, 3)
STRIDES = (4, 8, 16, 32)
BOXES = {
    "inside": [3.3, 2.1, 17.9, 16.2],
    "the picture": [0, 0, 63, 63],
    "tall": [1.2, 30.3, 61.9, 34.4],
    "partly outside": [-9.3, 51.2, 8.4, 71.7],
    "outside": [70, 70, 90, 95],
    "tiny": [11.1, 7.3, 11.3, 7.7],
    "large": [-20, -30, 90, 80],
    "small": [20, 20, 30, 32],
    "no area": [0, 0, 0, 0],
}


def linear_or_zero(feature, y, x):
    """The value at index (y, x) between four cells, 0 outside the outermost centres."""
    height, width, channels = feature.shape
    if not (0 <= y <= height - 1 and 0 <= x <= width - 1):
        return np.zeros(channels)
    top, left = math.floor(y), math.floor(x)
    bottom, right = math.ceil(y), math.ceil(x)
    upper = feature[top, left] * (1 - x + left) + feature[top, right] * (x - left)
    lower = feature[bottom, left] * (1 - x + left) + feature[bottom, right] * (x - left)
    return upper * (1 - y + top) + lower * (y - top)


def level_of(box, network, canonical):
    """0 .. 3 for P2 .. P5: log2 of the side as a share of the picture, rounded half to even."""
    height, width = (box[2] - box[0]) / (network[0] - 1), (box[3] - box[1]) / (network[1] - 1)
    if height * width <= 0:
        return 0
    level = 4 + np.round(np.log2(np.sqrt(height * width) / (canonical / math.sqrt(network[0] * network[1]))))
    return int(np.clip(level, 2, 5)) - 2


def reference(features, boxes, box_indices, size, canonical):
    """[M, size, size, C] float64."""
    network = [side * STRIDES[0] for side in features[0].shape[1:3]]
    pooled = np.zeros((len(boxes), size, size, features[0].shape[-1]))
    for row, (box, image) in enumerate(zip(boxes, box_indices, strict=True)):
        feature = features[level_of(box, network, canonical)][image].astype(np.float64)
        (y1, x1, y2, x2), (height, width) = np.array(box) / (np.tile(network, 2) - 1), feature.shape[:2]
        for i, j in np.ndindex(size, size):
            y = (y1 + i * (y2 - y1) / (size - 1)) * (height - 1)
            x = (x1 + j * (x2 - x1) / (size - 1)) * (width - 1)
            pooled[row, i, j] = linear_or_zero(feature, y, x)
    return pooled


@pytest.mark.parametrize("size", [2, 7])
def test_each_kind_of_box_equals_the_reference(size):
    features, boxes, images = random_maps(*MAPS), list(BOXES.values()), [0, 1, 0, 1, 1, 0, 1, 0, 1]
    assert {level_of(box, (SIDE, SIDE), 20.0) for box in boxes} == {0, 1, 2, 3}
    expected = reference(features, boxes, images, size, 20.0)
    pooled = pool(features, STRIDES, boxes, images, size, crop_and_resize_rois, canonical_size=20.0)
    np.testing.assert_allclose(pooled, expected, atol=1e-4)


def test_many_boxes_in_a_picture_that_is_no_square():
    features = random_maps((1, 16, 32, 2), (1, 8, 16, 2), (1, 4, 8, 2), (1, 2, 4, 2))
    rng = np.random.default_rng(3)
    corners, sides = rng.uniform(0, 50, (40, 2)), np.exp(rng.uniform(0, 5, (40, 2)))
    boxes = np.concatenate([corners, corners + sides], axis=1).astype(np.float32).astype(np.float64)
    pooled = pool(features, STRIDES, boxes, [0] * 40, 3, crop_and_resize_rois, canonical_size=30.0)
    expected = reference(features, boxes, [0] * 40, 3, 30.0)
    # A sample on the outermost centre may be lost to rounding.
    assert np.mean(np.abs(pooled - expected).max(axis=(1, 2, 3)) > 1e-3) == 0


def test_the_border_of_a_level_lies_halfway_on_the_scale_of_the_logarithm():
    # In a picture of 1024 pixels: 224 / sqrt(2) pixels, less one in 1024.
    features = [tf.fill([1, 1024 // stride, 1024 // stride, 1], float(level)) for level, stride in enumerate(STRIDES)]
    border = 224 / math.sqrt(2) * 1023 / 1024
    sides = np.array(
        [border / 2 - 0.01, border / 2 + 0.01, border - 0.01, border + 0.01, 2 * border - 0.01, 2 * border + 0.01]
    )
    boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=-1)
    pooled = pool(features, STRIDES, boxes, [0] * 6, 2, crop_and_resize_rois)
    assert pooled[:, 0, 0, 0].tolist() == [0, 1, 1, 2, 2, 3]


def test_the_whole_picture_in_as_many_bins_as_cells_is_the_map():
    features = random_maps((1, 4, 4, 2))
    pooled = pool(features, [8], [[0, 0, 31, 31]], [0], 4, crop_and_resize_rois)
    np.testing.assert_allclose(pooled, features[0], atol=1e-5)


def test_no_boxes_and_no_gradient_to_boxes():
    features = random_maps(*MAPS)
    assert pool(features, STRIDES, [], [], 7, crop_and_resize_rois).shape == (0, 7, 7, 3)
    boxes, maps = tf.constant([BOXES["inside"]]), [tf.constant(f) for f in features]
    with tf.GradientTape() as tape:
        tape.watch([boxes, *maps])
        total = tf.reduce_sum(crop_and_resize_rois(maps, STRIDES, boxes, tf.constant([1]), 3))
    to_boxes, to_fine, *_ = tape.gradient(total, [boxes, *maps])
    assert to_boxes is None
    # Each of the nine samples spreads a weight of one over the cells of the second picture.
    assert tf.reduce_sum(to_fine, axis=[1, 2, 3]).numpy().tolist() == pytest.approx([0, 27])
