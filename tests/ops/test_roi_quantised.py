"""RoIPool and RoIWarp against the rules written out in loops over cells."""

import math
from contextlib import nullcontext

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mrcnn_keras.ops import roi_quantised as module
from mrcnn_keras.ops.portability import portable
from mrcnn_keras.ops.roi_quantised import roi_pool, roi_warp
from tests.ops.roi_align_reference import pool, random_maps
from tests.ops.roi_align_reference import reference as roi_align_reference

# A map of 6 x 5 cells of 4 pixels: a picture of 24 x 20.
BOXES = {
    "inside": [3.3, 2.1, 17.9, 16.2],
    "one cell": [8, 8, 9, 9],
    "halves of cells": [2, 6, 10, 14],
    "negative halves": [-2, -6, 10, 14],
    "just below a half": [np.nextafter(np.float32(2), 0), 0, 9, 9],
    "the picture": [0, 0, 24, 20],
    "partly outside": [-9.3, 11.2, 8.4, 31.7],
    "outside": [30.5, 30.5, 50, 60],
    "above and left": [-50, -60, -30.5, -30.5],
    "tiny": [11.1, 7.3, 11.11, 7.31],
    "ten pictures large": [-101, -83, 139, 117],
    "larger than whole numbers go": [-1e30, -1e30, 1e30, 1e30],
    "upside down": [17.9, 16.2, 3.3, 2.1],
    "no area": [0, 0, 0, 0],
}
# All four levels where canonical_size is 28.
MAPS, STRIDES = ((2, 16, 20, 3), (2, 8, 10, 3), (2, 4, 5, 3), (2, 2, 3, 3)), (4, 8, 16, 32)
MANY = [
    [3.3, 2.1, 17.9, 16.2],
    [1.2, 3.3, 3.3, 77.1],
    [-9.3, 11.2, 62.4, 13.7],
    [0, 0, 64, 80],
    [11.1, 7.3, 11.3, 7.7],
    [-101, -83, 139, 117],
    [30.5, 20.5, 51.7, 75.2],
    [5.1, 60.3, 61.2, 66.9],
]
IMAGES = [0, 1, 1, 0, 1, 0, 0, 1]


def level_of(box, levels, canonical):
    area = max(box[2] - box[0], 0) * max(box[3] - box[1], 0)
    level = math.floor(2 + math.log2(math.sqrt(area) / canonical)) if area else 0
    return min(max(level, 0), levels - 1)


def to_cell(position):
    """The nearest whole number, the one further from 0 if two are as near; 2^24 stands for all that are larger."""
    return int(math.copysign(math.floor(min(abs(position), 2**24) + 0.5), position))


def whole_cells(box, stride):
    """First cell and number of cells along y, and the same along x."""
    y1, x1, y2, x2 = (to_cell(float(position) / stride) for position in np.asarray(box, np.float32))
    return y1, max(y2 - y1 + 1, 1), x1, max(x2 - x1 + 1, 1)


def cells_of_bins(box, stride, map_shape, size):
    """(i, j) of each bin and the list of its cells (y, x) that are on the map, row by row."""
    y1, height, x1, width = whole_cells(box, stride)

    def cells(first, count, index, side):
        low, high = first + index * count // size, first + math.ceil((index + 1) * count / size)
        return [cell for cell in range(side) if low <= cell < high]

    for i, j in np.ndindex(size, size):
        rows, columns = cells(y1, height, i, map_shape[0]), cells(x1, width, j, map_shape[1])
        yield (i, j), [(y, x) for y in rows for x in columns]


def pool_reference(features, strides, boxes, box_indices, size, canonical=224, back=None):
    """[M, size, size, C]. back [M, size, size, C]: the gradient of the output; then the gradients of the features."""
    pooled = np.zeros((len(boxes), size, size, features[0].shape[-1]))
    gradients = [np.zeros(feature.shape) for feature in features]
    for row, (box, image) in enumerate(zip(boxes, box_indices, strict=True)):
        level = level_of(box, len(features), canonical)
        feature, gradient = features[level][image], gradients[level][image]
        for (i, j), cells in cells_of_bins(box, strides[level], feature.shape, size):
            for channel in range(feature.shape[-1]) if cells else ():
                largest = max(cells, key=lambda cell, values=feature[..., channel]: values[cell])
                pooled[row, i, j, channel] = feature[(*largest, channel)]
                gradient[(*largest, channel)] += 0 if back is None else back[row, i, j, channel]
    return pooled if back is None else gradients


def warp_reference(features, strides, boxes, box_indices, size, sampling=2, reduce="mean", canonical=224):
    """RoIAlign of each box's whole cells, on a map of its own with one pixel per cell."""
    pooled = np.zeros((len(boxes), size, size, features[0].shape[-1]))
    for row, (box, image) in enumerate(zip(boxes, box_indices, strict=True)):
        level = level_of(box, len(features), canonical)
        y1, height, x1, width = whole_cells(box, strides[level])
        cells = [[y1, x1, y1 + height, x1 + width]]
        pooled[row] = roi_align_reference([features[level]], [1], cells, [image], size, sampling, True, reduce)[0]
    return pooled


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_roi_pool_of_each_kind_of_box_equals_the_reference(box, size):
    features = random_maps((2, 6, 5, 3))
    expected = pool_reference(features, [4], [box, box], [1, 0], size)
    np.testing.assert_array_equal(pool(features, [4], [box, box], [1, 0], size, roi_pool), np.float32(expected))


coordinates = st.one_of(st.floats(-20, 70, width=32), st.integers(-10, 30).map(lambda half: 2.0 * half))
sides = st.one_of(st.floats(0, 80, width=32), st.floats(0, 5000, width=32), st.sampled_from([0.0, 2.0, 34.0]))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(coordinates, coordinates, sides, sides), min_size=0, max_size=4), st.integers(1, 5))
def test_roi_pool_of_any_boxes_equals_the_reference(corners_and_sides, size):
    features = random_maps((1, 12, 9, 2))
    boxes = [[y, x, y + height, x + width] for y, x, height, width in corners_and_sides]
    expected = pool_reference(features, [4], boxes, [0] * len(boxes), size)
    np.testing.assert_array_equal(pool(features, [4], boxes, [0] * len(boxes), size, roi_pool), np.float32(expected))


@settings(deadline=None, max_examples=60)
@given(coordinates, coordinates, sides, sides, st.sampled_from(["mean", "max"]), st.integers(1, 3))
def test_roi_warp_of_any_box_equals_the_reference(y1, x1, height, width, reduce, sampling):
    features, box = random_maps((1, 12, 9, 2)), [y1, x1, y1 + height, x1 + width]
    # float32 may place a sample right at the cut-off, one cell outside, on the other side of it.
    first_y, rows, first_x, columns = whole_cells(box, 4)
    for first, count, cells in ((first_y, rows, 12), (first_x, columns, 9)):
        indices = first + (np.arange(3 * sampling) + 0.5) / (3 * sampling) * count - 0.5
        assume((np.abs(indices + 1) > 1e-3).all() and (np.abs(indices - cells) > 1e-3).all())
    expected = warp_reference(features, [4], [box], [0], 3, sampling, reduce)
    for way in (nullcontext, portable):
        with way():
            pooled = pool(features, [4], [box], [0], 3, roi_warp, sampling=sampling, reduce=reduce)
        np.testing.assert_allclose(pooled, expected, atol=5e-4)


@pytest.mark.parametrize("values_at_once", [1, 500, 1 << 20])
def test_each_box_is_read_from_its_level_and_its_picture(values_at_once, monkeypatch):
    # In steps of one bin, of some, and of all.
    monkeypatch.setattr(module, "VALUES_AT_ONCE", values_at_once)
    features = random_maps(*MAPS)
    assert {level_of(box, 4, 28) for box in MANY} == {0, 1, 2, 3}
    expected = pool_reference(features, STRIDES, MANY, IMAGES, 3, canonical=28)
    pooled = pool(features, STRIDES, MANY, IMAGES, 3, roi_pool, canonical_size=28.0)
    np.testing.assert_array_equal(pooled, np.float32(expected))


@pytest.mark.parametrize("way", [nullcontext, portable])
@pytest.mark.parametrize("options", [{}, {"reduce": "max"}, {"sampling": 0}, {"sampling": 0, "reduce": "max"}])
def test_each_box_is_warped_from_its_level_and_its_picture(options, way):
    features = random_maps(*MAPS)
    expected = warp_reference(features, STRIDES, MANY, IMAGES, 3, **options, canonical=28)
    with way():
        pooled = pool(features, STRIDES, MANY, IMAGES, 3, roi_warp, canonical_size=28.0, **options)
    np.testing.assert_allclose(pooled, expected, atol=1e-4)


def test_bins_overlap_where_the_cells_cannot_be_shared_evenly():
    # Cells 1 to 3 in two bins: cells 1, 2 and cells 2, 3.
    feature = np.arange(25, dtype=np.float32).reshape(1, 5, 5, 1)
    assert pool([feature], [4], [[4, 4, 12, 12]], [0], 2, roi_pool)[0, ..., 0].tolist() == [[12, 13], [17, 18]]
    # Three bins of one cell each; with quantised corners a box that is a little smaller reads the same.
    cells = [[6, 7, 8], [11, 12, 13], [16, 17, 18]]
    for box in ([4, 4, 12, 12], [5.9, 5.9, 10.1, 10.1]):
        assert pool([feature], [4], [box], [0], 3, roi_pool)[0, ..., 0].tolist() == cells
        np.testing.assert_allclose(pool([feature], [4], [box], [0], 3, roi_warp)[0, ..., 0], cells, rtol=1e-5)
    # The mean of four samples at quarters of a cell is the centre, the largest of them lies down and right of it.
    largest = pool([feature], [4], [[4, 4, 12, 12]], [0], 3, roi_warp, reduce="max")[0, ..., 0]
    np.testing.assert_allclose(largest, np.array(cells) + 0.25 * 5 + 0.25, rtol=1e-5)


def test_a_box_just_short_of_a_level_counts_as_that_level_within_the_tolerance():
    features = [tf.zeros([1, 80, 80, 1]), tf.zeros([1, 40, 40, 1]), tf.ones([1, 20, 20, 1])]
    boxes = [[0, 0, 223.9999, 223.9999]]
    for function in (roi_pool, roi_warp):
        for tolerance, value in ((0.0, 0), (1e-6, 1)):
            pooled = pool(features, (4, 8, 16), boxes, [0], 1, function, level_tolerance=tolerance)
            assert pooled.item() == value


@pytest.mark.parametrize("function", [roi_pool, roi_warp])
def test_a_graph_that_knows_no_sizes_gives_the_same(function):
    signature = [
        [tf.TensorSpec([None, None, None, 3], tf.float32) for _ in MAPS],
        tf.TensorSpec([None, 4], tf.float32),
        tf.TensorSpec([None], tf.int32),
    ]

    @tf.function(input_signature=signature)
    def graph(features, boxes, box_indices):
        return function(features, STRIDES, boxes, box_indices, 3, canonical_size=28.0)

    features = [tf.constant(f) for f in random_maps(*MAPS)]
    eager = pool(features, STRIDES, MANY, IMAGES, 3, function, canonical_size=28.0)
    for count in (len(MANY), 1, 0):
        output = graph(features, tf.reshape(tf.constant(MANY[:count]), [-1, 4]), tf.constant(IMAGES[:count], tf.int32))
        np.testing.assert_allclose(output, eager[:count], atol=1e-5)
    assert graph.get_concrete_function().output_shapes.as_list() == [None, 3, 3, 3]


def test_roi_warp_by_gather_compiles_under_xla():
    features = [tf.constant(f) for f in random_maps(*MAPS)]
    arguments = features, STRIDES, tf.constant(MANY), tf.constant(IMAGES), 3
    compiled = tf.function(roi_warp, jit_compile=True)
    with portable():
        found, expected = (function(*arguments, canonical_size=28.0) for function in (compiled, roi_warp))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def gradients(function, features, boxes, images, back, **options):
    """Of the sum of back * output with respect to the boxes and to each map."""
    maps, boxes = [tf.convert_to_tensor(f) for f in features], tf.convert_to_tensor(boxes)
    strides = STRIDES[: len(maps)]
    with tf.GradientTape() as tape:
        tape.watch([boxes, *maps])
        pooled = function(maps, strides, boxes, tf.convert_to_tensor(images), back.shape[1], **options)
        total = tf.reduce_sum(back * pooled)
    return tape.gradient(total, [boxes, *maps])


@pytest.mark.parametrize("in_graph", [False, True])
def test_the_gradient_of_roi_pool_goes_to_the_largest_cells_and_not_to_the_boxes(in_graph):
    features, (back,) = random_maps(*MAPS), random_maps((len(MANY), 3, 3, 3), seed=5)
    of = tf.function(gradients) if in_graph else gradients
    to_boxes, *found = of(roi_pool, features, MANY, IMAGES, back, canonical_size=28.0)
    assert to_boxes is None
    expected = pool_reference(features, STRIDES, MANY, IMAGES, 3, canonical=28, back=back)
    for part, whole in zip(found, expected, strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(part), whole, atol=1e-5)
        assert whole.any()


def test_of_equal_cells_the_first_has_the_gradient():
    _, found = gradients(roi_pool, [np.zeros((1, 6, 5, 1), np.float32)], [[4.0, 4, 12, 16]], [0], np.ones((1, 1, 1, 1)))
    found = tf.convert_to_tensor(found).numpy()[0, ..., 0]
    assert found[1, 1] == found.sum() == 1


@pytest.mark.parametrize("way", [nullcontext, portable])
def test_the_gradient_of_roi_warp_is_that_of_the_reference(way):
    # The reference is linear in the features: its gradient is its output for a one in each cell.
    features, boxes, images = random_maps((1, 4, 5, 1), (1, 2, 3, 1)), [MANY[0], MANY[1], [1, 1, 9, 30]], [0, 0, 0]
    (back,) = random_maps((3, 2, 2, 1), seed=5)
    with way():
        to_boxes, *found = gradients(roi_warp, features, boxes, images, back, canonical_size=30.0)
    assert to_boxes is None
    for level, part in enumerate(found):
        for place in np.ndindex(*part.shape):
            ones = [np.zeros_like(f) for f in features]
            ones[level][place] = 1
            expected = np.sum(back * warp_reference(ones, STRIDES, boxes, images, 2, canonical=30))
            assert tf.convert_to_tensor(part).numpy()[place] == pytest.approx(expected, abs=1e-5), (level, place)


def test_features_that_are_no_numbers_do_not_stop_roi_pool():
    features = np.full((1, 6, 5, 2), np.nan, np.float32)
    assert np.isnan(pool([features], [4], [BOXES["inside"]], [0], 3, roi_pool)).all()
