"""RoIAlign with as many samples per bin as it has cells, rounded up: Detectron2's default."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mrcnn_keras.ops.roi_sampling import roi_align
from tests.ops.roi_align_reference import pool, random_maps, reference

MAPS = (2, 16, 20, 3), (2, 8, 10, 3), (2, 4, 5, 3), (2, 2, 3, 3)
STRIDES = (4, 8, 16, 32)
# From one to eight samples per bin of three along an axis, on all four levels where canonical_size is 28.
BOXES = [
    [3.3, 2.1, 17.9, 16.2],
    [1.2, 3.3, 3.3, 77.1],
    [-9.3, 11.2, 62.4, 13.7],
    [0, 0, 64, 80],
    [11.1, 7.3, 11.3, 7.7],
    [-101, -83, 139, 117],
    [30.5, 20.5, 41.7, 75.2],
    [5.1, 60.3, 61.2, 66.9],
]
IMAGES = [0, 1, 1, 0, 1, 0, 0, 1]


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("reduce", ["mean", "max"])
def test_boxes_of_all_shapes_and_levels_equal_the_reference(aligned, reduce):
    features = random_maps(*MAPS)
    expected = reference(features, STRIDES, BOXES, IMAGES, 3, 0, aligned, reduce, canonical=28)
    options = {"sampling": 0, "aligned": aligned, "reduce": reduce, "canonical_size": 28.0}
    np.testing.assert_allclose(pool(features, STRIDES, BOXES, IMAGES, 3, **options), expected, atol=1e-4)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(-10, 60, width=32),
    st.floats(-10, 60, width=32),
    st.floats(0, 200, width=32),
    st.floats(0, 200, width=32),
    st.booleans(),
)
def test_any_box_equals_the_reference(y1, x1, height, width, aligned):
    features, box = random_maps((1, 12, 9, 2)), np.array([y1, x1, y1 + height, x1 + width], np.float32)
    # float32 may count one sample more, or a sample right at the cut-off on the other side of it.
    for low, high, cells in ((box[0], box[2], 12), (box[1], box[3], 9)):
        side = (high - low) / 4 if aligned else max((high - low) / 4, 1)
        assume(abs(side / 3 - round(side / 3)) > 1e-4 or side == 1)
        count = 3 * max(int(np.ceil(side / 3)), 1)
        indices = low / 4 + (np.arange(count) + 0.5) / count * side - (0.5 if aligned else 0)
        assume((np.abs(indices + 1) > 1e-3).all() and (np.abs(indices - cells) > 1e-3).all())
    expected = reference(features, [4], [box], [0], 3, 0, aligned)
    pooled = pool(features, [4], [box], [0], 3, sampling=0, aligned=aligned)
    np.testing.assert_allclose(pooled, expected, atol=2e-4)


def test_a_bin_is_the_mean_of_the_cells_that_it_covers():
    # A box of 4 x 6 cells in 2 x 2 bins: each bin has 2 x 3 cells and a sample at the centre of each.
    (feature,) = random_maps((1, 8, 8, 1))
    pooled = pool([feature], [1], [[1, 2, 5, 8]], [0], 2, sampling=0)[0, ..., 0]
    np.testing.assert_allclose(pooled, feature[0, 1:5, 2:8, 0].reshape(2, 2, 2, 3).mean(axis=(1, 3)), atol=1e-6)


def test_no_boxes():
    features = random_maps(*MAPS)
    assert pool(features, STRIDES, [], [], 7, sampling=0).shape == (0, 7, 7, 3)


def test_a_graph_that_knows_no_sizes_gives_the_same():
    signature = [
        [tf.TensorSpec([None, None, None, 3], tf.float32) for _ in MAPS],
        tf.TensorSpec([None, 4], tf.float32),
        tf.TensorSpec([None], tf.int32),
    ]

    @tf.function(input_signature=signature)
    def graph(features, boxes, box_indices):
        return roi_align(features, STRIDES, boxes, box_indices, 3, sampling=0, canonical_size=28.0)

    features = [tf.constant(f) for f in random_maps(*MAPS)]
    eager = pool(features, STRIDES, BOXES, IMAGES, 3, sampling=0, canonical_size=28.0)
    for count in (len(BOXES), 1, 0):
        output = graph(features, tf.reshape(tf.constant(BOXES[:count]), [-1, 4]), tf.constant(IMAGES[:count], tf.int32))
        np.testing.assert_allclose(output, eager[:count], atol=1e-6)
    assert graph.get_concrete_function().output_shapes.as_list() == [None, 3, 3, 3]


@pytest.mark.parametrize("in_graph", [False, True])
def test_the_gradient_is_that_of_the_reference(in_graph):
    # The reference is linear in the features: its gradient is its output for a one in each cell.
    features, boxes, images = random_maps((1, 4, 5, 1), (1, 2, 3, 1)), [BOXES[0], BOXES[1], [1, 1, 9, 30]], [0, 0, 0]
    (g,) = random_maps((3, 2, 2, 1), seed=5)

    def gradient(*maps):
        with tf.GradientTape() as tape:
            tape.watch(maps)
            pooled = roi_align(
                list(maps), (4, 8), tf.constant(boxes), tf.constant(images), 2, sampling=0, canonical_size=30.0
            )
            total = tf.reduce_sum(g * pooled)
        return tape.gradient(total, maps)

    found = (tf.function(gradient) if in_graph else gradient)(*(tf.constant(f) for f in features))
    for level, part in enumerate(found):
        for place in np.ndindex(*part.shape):
            ones = [np.zeros_like(f) for f in features]
            ones[level][place] = 1
            expected = np.sum(g * reference(ones, (4, 8), boxes, images, 2, 0, canonical=30))
            assert part.numpy()[place] == pytest.approx(expected, abs=1e-5), (level, place)


def test_no_gradient_reaches_the_boxes():
    boxes = tf.constant(BOXES)
    with tf.GradientTape() as tape:
        tape.watch(boxes)
        pooled = roi_align(
            [tf.constant(f) for f in random_maps(*MAPS)], STRIDES, boxes, tf.constant(IMAGES), 3, sampling=0
        )
    assert tape.gradient(pooled, boxes) is None
