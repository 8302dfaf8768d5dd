"""The cell that is right, and the point that a map means: by hand, and against plain float64 arithmetic."""

import math

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.ops import keypoints


def cells(points, box, side):
    return keypoints.cells_of(tf.constant([points], tf.float32), tf.constant([box], tf.float32), side)[0].numpy()


def test_cells_by_hand():
    # The box is 8 pixels high and 16 wide: a cell of 4 x 4 has 2 rows and 4 columns.
    box = [10, 20, 18, 36]
    points = [[10, 20, 2], [11.9, 24, 2], [12, 35.9, 1], [17.9, 27.9, 2]]
    assert cells(points, box, 4).tolist() == [0, 1, 4 + 3, 12 + 1]


def test_the_lower_and_right_edge_belongs_to_the_last_cell():
    box = [10, 20, 18, 36]
    assert cells([[18, 36, 2], [18, 20, 2], [10, 36, 2]], box, 4).tolist() == [15, 12, 3]


def test_unlabelled_and_outside_keypoints_do_not_count():
    box = [10, 20, 18, 36]
    points = [[12, 22, 0], [12, 22, 1], [9.9, 22, 2], [12, 19.9, 2], [18.1, 22, 2], [12, 36.1, 2], [0, 0, 0]]
    assert cells(points, box, 4).tolist() == [-1, 4, -1, -1, -1, -1, -1]


def test_no_boxes_have_no_cells():
    assert keypoints.cells_of(tf.zeros([0, 5, 3]), tf.zeros([0, 4]), 56).shape == (0, 5)


def test_bicubic_weights_by_hand():
    # Half way between two cells: 0.59375 of each and -0.09375 of the next, which at the border are the same cells.
    weights = keypoints.cubic_weights(4, 2).numpy()
    np.testing.assert_allclose(weights, [[0.5, 0.59375, -0.09375, 0], [0, -0.09375, 0.59375, 0.5]], atol=1e-6)
    np.testing.assert_allclose(keypoints.cubic_weights(5, 5), np.eye(5), atol=1e-6)


def resized(values, count):
    """The first axis to `count` values in float64: each from its four neighbours, with the coefficient -0.75."""
    side, output = len(values), []
    for i in range(count):
        position = (i + 0.5) * side / count - 0.5
        first, total = math.floor(position), 0.0
        for tap in range(first - 1, first + 3):
            d = abs(position - tap)
            near, far = 1.25 * d**3 - 2.25 * d**2 + 1, -0.75 * (d**3 - 5 * d**2 + 8 * d - 4)
            total = total + (near if d <= 1 else far) * values[min(max(tap, 0), side - 1)]
        output.append(total)
    return np.array(output)


@pytest.mark.parametrize(("cells", "count"), [(4, 1), (4, 3), (14, 14), (14, 37), (56, 20), (56, 131)])
def test_bicubic_weights_are_those_of_four_neighbours(cells, count):
    weights = keypoints.cubic_weights(cells, count).numpy()
    np.testing.assert_allclose(weights, resized(np.eye(cells), count), atol=2e-5)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)


def decoded(maps, boxes, score="logit"):
    return keypoints.decode(tf.constant(maps, tf.float32), tf.constant(boxes, tf.float32), score).numpy()


def test_a_map_of_the_boxs_size_means_the_centre_of_its_largest_cell():
    maps = np.zeros((1, 8, 8, 2))
    maps[0, 3, 5, 0] = maps[0, 7, 0, 1] = 4
    found = decoded(maps, [[100, 200, 108, 208]])
    np.testing.assert_allclose(found[0], [[103.5, 205.5, 4], [107.5, 200.5, 4]], rtol=1e-6)


def test_boxes_of_any_size_against_float64():
    random = np.random.default_rng(0)
    maps = random.normal(size=(5, 8, 8, 3))
    boxes = np.array([[0, 0, 8, 8], [3.2, 5.1, 20.9, 13.3], [7, 7, 7.3, 7.9], [1, 2, 61.5, 4.2], [5, 5, 5, 5]])
    found, shares = decoded(maps, boxes), decoded(maps, boxes, "softmax")
    for i, (y1, x1, y2, x2) in enumerate(boxes):
        height, width = max(y2 - y1, 1), max(x2 - x1, 1)
        rows, columns = math.ceil(height), math.ceil(width)
        for k in range(3):
            values = resized(resized(maps[i, :, :, k], rows).T, columns).T
            row, column = np.unravel_index(values.argmax(), values.shape)
            place = (y1 + (row + 0.5) * height / rows, x1 + (column + 0.5) * width / columns)
            np.testing.assert_allclose(found[i, k], [*place, values.max()], rtol=1e-5)
            share = 1 / np.exp(maps[i, :, :, k] - values.max()).sum()
            np.testing.assert_allclose(shares[i, k], [*place, share], rtol=1e-4)


def test_the_score_of_a_sure_map_is_1_and_of_a_flat_one_is_a_cells_share():
    maps = np.zeros((1, 8, 8, 2))
    maps[0, 3, 5, 1] = 50
    found = decoded(maps, [[0, 0, 8, 8]], "softmax")
    np.testing.assert_allclose(found[0, :, 2], [1 / 64, 1], rtol=1e-5)
    # of equal values the upper left is taken
    np.testing.assert_allclose(found[0, 0, :2], [0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("score", keypoints.SCORES)
def test_no_boxes_have_no_points(score):
    assert decoded(np.zeros((0, 8, 8, 3)), np.zeros((0, 4)), score).shape == (0, 3, 3)
