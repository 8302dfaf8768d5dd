import pytest
import tensorflow as tf

from mrcnn_keras.layers import BoxCorners

BOXES = tf.constant(
    [[[2, 3, 10, 20], [0, 0, 1, 1], [0, 0, 0, 0]], [[5, 5, 9, 9], [0, 0, 0, 0], [0, 0, 0, 0]]], tf.float32
)
CLASS_IDS = tf.constant([[4, -1, 0], [1, 0, 0]])  # a crowd region is a box as well
PADDING = [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("to_edges", "expected"),
    [
        (False, [[[2, 3, 9, 19], [0, 0, 0, 0], PADDING], [[5, 5, 8, 8], PADDING, PADDING]]),
        (True, [[[2, 3, 11, 21], [0, 0, 2, 2], PADDING], [[5, 5, 10, 10], PADDING, PADDING]]),
    ],
)
def test_boxes_move_by_the_rule_of_pixels_and_padding_stays_zeros(to_edges, expected):
    assert BoxCorners("pixel", to_edges)(BOXES, CLASS_IDS).numpy().tolist() == expected


@pytest.mark.parametrize("to_edges", [False, True])
def test_edges_stay_where_they_are(to_edges):
    moved = BoxCorners("edge", to_edges)(BOXES, CLASS_IDS)
    assert moved.numpy().tolist() == BOXES.numpy().tolist()


def test_contents_of_padding_do_not_matter():
    moved = BoxCorners()(tf.fill([1, 2, 4], 7.0), tf.constant([[0, 3]]))
    assert moved.numpy().tolist() == [[PADDING, [7, 7, 7, 7]]]


def test_there_and_back():
    inside = BoxCorners("pixel")(BOXES, CLASS_IDS)
    assert BoxCorners("pixel", to_edges=True)(inside, CLASS_IDS).numpy().tolist() == BOXES.numpy().tolist()
