import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mrcnn_keras.ops import boxes as box_ops

STD_DEV = (0.1, 0.1, 0.2, 0.2)


@st.composite
def boxes(draw, largest=100, smallest=2):
    corner = st.floats(-500, 500, width=32)
    side = st.floats(smallest, largest, width=32)
    y1, x1, height, width = draw(corner), draw(corner), draw(side), draw(side)
    return [y1, x1, y1 + height, x1 + width]


box_lists = st.lists(boxes(), min_size=1, max_size=6).map(lambda rows: np.array(rows, np.float32))


def tensor(values):
    return tf.constant(values, tf.float32)


def test_area_is_height_times_width():
    assert box_ops.area(tensor([[0, 0, 2, 3], [1, 1, 5, 2]])).numpy().tolist() == [6, 4]


def test_area_of_swapped_corners_is_zero():
    assert box_ops.area(tensor([[2, 0, 0, 3], [2, 3, 0, 0], [4, 4, 4, 9]])).numpy().tolist() == [0, 0, 0]


def test_intersection_of_each_pair():
    shared = box_ops.intersection(tensor([[0, 0, 4, 4], [10, 10, 12, 12]]), tensor([[2, 1, 6, 3], [0, 0, 4, 4]]))
    assert shared.numpy().tolist() == [[4, 16], [0, 0]]


def test_iou_by_hand():
    # The second covers half of the first: 8 / (16 + 8 - 8). The third touches it: 0.
    overlaps = box_ops.iou(tensor([[0, 0, 4, 4]]), tensor([[0, 0, 4, 2], [0, 4, 4, 8], [0, 0, 4, 4], [2, 2, 6, 6]]))
    np.testing.assert_allclose(overlaps, [[0.5, 0, 1, 4 / 28]], rtol=1e-6)


def test_iou_of_an_empty_box_is_zero_even_with_itself():
    empty = tensor([[3, 3, 3, 3]])
    assert box_ops.iou(empty, empty).numpy().tolist() == [[0]]
    assert box_ops.iou(empty, tensor([[0, 0, 9, 9]])).numpy().tolist() == [[0]]


def test_iou_of_no_boxes():
    assert box_ops.iou(tf.zeros([2, 0, 4]), tf.zeros([2, 3, 4])).shape == (2, 0, 3)


@settings(deadline=None, max_examples=50)
@given(box_lists, box_lists)
def test_iou_is_symmetric_and_between_0_and_1(some, others):
    overlaps = box_ops.iou(tensor(some), tensor(others)).numpy()
    np.testing.assert_allclose(overlaps, box_ops.iou(tensor(others), tensor(some)).numpy().T, rtol=1e-5, atol=1e-6)
    assert (overlaps >= 0).all()
    assert (overlaps <= 1 + 1e-5).all()
    np.testing.assert_allclose(np.diag(box_ops.iou(tensor(some), tensor(some))), 1, rtol=1e-3)


def test_covered_share_is_of_the_box_and_not_of_the_region():
    small, crowd = tensor([[0, 0, 2, 2], [9, 0, 11, 2]]), tensor([[0, 0, 10, 100]])
    assert box_ops.covered_share(small, crowd).numpy().tolist() == [[1], [0.5]]
    np.testing.assert_allclose(box_ops.covered_share(crowd, small), [[0.004, 0.002]], rtol=1e-6)


def test_clip_moves_corners_into_each_picture():
    outside = tensor([[[-5, 3, 50, 60]], [[-5, -9, -1, -2]]])
    clipped = box_ops.clip(outside, tf.constant([[40, 30], [10, 10]])).numpy()
    assert clipped.tolist() == [[[0, 3, 40, 30]], [[0, 0, 0, 0]]]


def test_clip_to_windows_that_begin_anywhere():
    # Windows are of pictures; boxes may have an axis more, as those of classes have.
    outside = tensor([[[-5, 3, 50, 60], [10, 5, 12, 9]], [[-5, -9, -1, -2], [7, 20, 8, 99]]])
    windows = tf.constant([[2, 4, 40, 30], [3, 1, 10, 10]])
    expected = [[[2, 4, 40, 30], [10, 5, 12, 9]], [[3, 1, 3, 1], [7, 10, 8, 10]]]
    assert box_ops.clip(outside, windows).numpy().tolist() == expected
    of_classes = box_ops.clip(outside[:, :, None], windows[:, None])
    assert of_classes[:, :, 0].numpy().tolist() == expected
    from_zero = tf.constant([[40, 30], [10, 10]])
    whole = tf.concat([tf.zeros_like(from_zero), from_zero], axis=-1)
    np.testing.assert_array_equal(box_ops.clip(outside, from_zero), box_ops.clip(outside, whole))


def test_a_box_by_the_rule_of_pixels_ends_at_its_last_pixel():
    edges = tensor([[0, 0, 1024, 768], [3, 4, 4, 5]])
    assert box_ops.encode_corners(edges, "pixel").numpy().tolist() == [[0, 0, 1023, 767], [3, 4, 3, 4]]
    assert box_ops.encode_corners(edges, "edge").numpy().tolist() == edges.numpy().tolist()


@pytest.mark.parametrize("corners", box_ops.CORNERS)
@given(st.lists(st.integers(-4000, 4000), min_size=4, max_size=4))
def test_decode_corners_is_the_opposite_of_encode_corners(corners, box):
    box = tensor([box]) / 4
    encoded = box_ops.encode_corners(box, corners)
    assert box_ops.decode_corners(encoded, corners).numpy().tolist() == box.numpy().tolist()


def test_encode_by_hand():
    # From centre (5, 10), 10 x 20, to centre (6, 14), 20 x 10: a tenth and a fifth of a side, log 2 and log 1/2.
    deltas = box_ops.encode(tensor([[-4, 9, 16, 19]]), tensor([[0, 0, 10, 20]]), STD_DEV)
    np.testing.assert_allclose(deltas, [[1, 2, math.log(2) / 0.2, -math.log(2) / 0.2]], rtol=1e-6)


def test_decode_by_hand():
    box = box_ops.decode(tensor([[0.5, 0, math.log(2), 0]]), tensor([[0, 0, 10, 20]]), (1, 1, 1, 1))
    np.testing.assert_allclose(box, [[0, 0, 20, 20]], atol=1e-5)


def test_no_delta_is_the_reference_itself():
    reference = tensor([[3, 5, 11, 8]])
    assert box_ops.encode(reference, reference, STD_DEV).numpy().tolist() == [[0, 0, 0, 0]]
    assert box_ops.decode(tf.zeros([1, 4]), reference, STD_DEV).numpy().tolist() == [[3, 5, 11, 8]]


@settings(deadline=None, max_examples=100)
@given(boxes(), boxes(), st.sampled_from([STD_DEV, (1, 1, 1, 1)]))
def test_decode_is_the_opposite_of_encode(box, reference, std_dev):
    deltas = box_ops.encode(tensor([box]), tensor([reference]), std_dev)
    np.testing.assert_allclose(box_ops.decode(deltas, tensor([reference]), std_dev)[0], box, rtol=1e-5, atol=5e-3)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(-3, 3, width=32), min_size=4, max_size=4), boxes())
def test_encode_is_the_opposite_of_decode(deltas, reference):
    decoded = box_ops.decode(tensor([deltas]), tensor([reference]), (1, 1, 1, 1))
    again = box_ops.encode(decoded, tensor([reference]), (1, 1, 1, 1))
    # A 2 pixel box that shrinks twentyfold at position 500 keeps 3 digits of its size.
    np.testing.assert_allclose(again[0], deltas, atol=5e-3)


def test_a_box_grows_at_most_from_16_to_1000_pixels():
    box = box_ops.decode(tensor([[0, 0, 99, -99]]), tensor([[-8, -8, 8, 8]]), (1, 1, 1, 1)).numpy()
    np.testing.assert_allclose(box, [[-500, 0, 500, 0]], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("empty", [[0, 0, 0, 0], [5, 5, 5, 9], [9, 9, 2, 2]])
def test_deltas_to_and_from_empty_boxes_are_zeros(empty):
    full = [0, 0, 10, 10]
    for pair in ((empty, full), (full, empty), (empty, empty)):
        assert box_ops.encode(tensor([pair[0]]), tensor([pair[1]]), STD_DEV).numpy().tolist() == [[0, 0, 0, 0]]
