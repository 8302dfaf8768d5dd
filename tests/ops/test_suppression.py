import math

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mrcnn_keras.ops.suppression import DROPPED, batched_nms, decays, nms


def found(boxes, scores, max_output, iou_threshold):
    boxes = tf.reshape(tf.constant(boxes, tf.float32), [-1, 4])
    indices, kept = nms(boxes, tf.constant(scores, tf.float32), max_output, iou_threshold)
    assert indices.shape == kept.shape == (max_output,)
    assert not indices.numpy()[~kept.numpy()].any()
    return indices.numpy()[kept.numpy()].tolist()


def overlap(one, other):
    height = max(0, min(one[2], other[2]) - max(one[0], other[0]))
    width = max(0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [max(0, box[2] - box[0]) * max(0, box[3] - box[1]) for box in (one, other)]
    return height * width / (sum(areas) - height * width) if min(areas) > 0 else 0


def greedy(boxes, scores, max_output, iou_threshold):
    """The rule, box by box: best first, unless a box taken before overlaps it by more than the threshold."""
    taken = []
    for index in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if scores[index] > DROPPED and all(overlap(boxes[index], boxes[i]) <= iou_threshold for i in taken):
            taken.append(index)
    return taken[:max_output]


def test_the_better_of_two_close_boxes_stays():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]]
    assert found(boxes, [0.8, 0.9, 0.1], 5, 0.5) == [1, 2]


def test_suppressed_boxes_suppress_nothing():
    # 0 removes 1 (IoU 2/3), 1 would have removed 2, which overlaps 0 by 3/7 only.
    boxes = [[0, 0, 10, 10], [0, 2, 10, 12], [0, 4, 10, 14]]
    assert found(boxes, [0.9, 0.8, 0.7], 3, 0.5) == [0, 2]


def test_an_overlap_of_exactly_the_threshold_is_allowed():
    boxes = [[0, 0, 4, 4], [0, 0, 4, 2]]
    assert found(boxes, [2, 1], 2, 0.5) == [0, 1]
    assert found(boxes, [2, 1], 2, 0.49) == [0]


def test_equal_scores_keep_the_first():
    assert found([[0, 0, 4, 4]] * 3, [1, 1, 1], 3, 0.5) == [0]


def test_no_more_than_asked_for():
    boxes = [[0, 10 * i, 5, 10 * i + 5] for i in range(6)]
    assert found(boxes, [1, 2, 3, 4, 5, 6], 2, 0.5) == [5, 4]


def test_dropped_boxes_neither_stay_nor_suppress():
    assert found([[0, 0, 4, 4], [0, 0, 4, 4]], [DROPPED, -1e30], 2, 0.5) == [1]
    assert found([[0, 0, 4, 4]], [DROPPED], 2, 0.5) == []


def test_negative_scores_and_negative_places_are_as_good_as_others():
    assert found([[-9, -9, -5, -5], [-9, -9, -5, -6], [-1, -1, 0, 0]], [-3, -2, -1], 3, 0.5) == [2, 1]


def test_no_boxes():
    assert found([], [], 3, 0.5) == []


corner, side = st.integers(-10, 10), st.integers(0, 10)
box_lists = st.lists(st.tuples(corner, corner, side, side), max_size=12).map(
    lambda rows: [[y, x, y + height, x + width] for y, x, height, width in rows]
)


@settings(deadline=None, max_examples=100)
@given(box_lists, st.data(), st.integers(1, 14), st.sampled_from([0.0, 0.25, 0.5, 0.7, 1.0]))
def test_nms_equals_the_greedy_rule(boxes, data, max_output, iou_threshold):
    some_scores = st.lists(st.sampled_from([DROPPED, -2, 0, 1, 2, 3]), min_size=len(boxes), max_size=len(boxes))
    scores = data.draw(some_scores)
    assert found(boxes, scores, max_output, iou_threshold) == greedy(boxes, scores, max_output, iou_threshold)


def test_rows_do_not_affect_each_other():
    rng = np.random.default_rng(0)
    boxes = rng.uniform(0, 30, (3, 20, 4))
    boxes[..., 2:] += boxes[..., :2]
    scores = rng.normal(size=(3, 20))
    indices, kept = batched_nms(tf.constant(boxes, tf.float32), tf.constant(scores, tf.float32), 7, 0.3)
    assert indices.shape == kept.shape == (3, 7)
    for row in range(3):
        assert indices[row][kept[row]].numpy().tolist() == greedy(boxes[row], scores[row], 7, 0.3)


def test_no_rows():
    indices, kept = batched_nms(tf.zeros([0, 5, 4]), tf.zeros([0, 5]), 3, 0.5)
    assert indices.shape == kept.shape == (0, 3)


def test_under_xla_fewer_boxes_than_are_asked_for():
    boxes = tf.constant([[[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]]], tf.float32)
    scores = tf.constant([[0.8, 0.9, 0.1]])
    for compiled in (None, True):
        indices, kept = tf.function(batched_nms, jit_compile=compiled, autograph=False)(boxes, scores, 5, 0.5)
        assert (indices.numpy().tolist(), kept.numpy().tolist()) == ([[1, 2, 0, 0, 0]], [[True] * 2 + [False] * 3])


def falls_to(boxes, sigma):
    return decays(tf.constant([boxes], tf.float32), tf.ones([1, len(boxes)], tf.int32), sigma)[0].numpy().tolist()


def test_a_score_falls_by_the_square_of_the_overlap_with_a_better_box():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 5], [20, 20, 30, 30]]  # IoU 1/2, 0
    np.testing.assert_allclose(falls_to(boxes, 0.3), [1, math.exp(-0.25 / 0.3), 1], rtol=1e-6)


def test_a_duplicate_of_a_better_box_takes_nothing_from_its_neighbour():
    # 1 overlaps 0 by 2/3 and 2 by 1/4, 2 overlaps 0 by 1/9: as 1 is itself a duplicate, 2 falls by what 0 covers.
    boxes = [[0, 0, 10, 10], [0, 2, 10, 12], [0, 8, 10, 18]]
    first, second, third = falls_to(boxes, 0.5)
    assert first == 1
    np.testing.assert_allclose(second, math.exp(-((2 / 3) ** 2) / 0.5), rtol=1e-6)
    np.testing.assert_allclose(third, math.exp(-((1 / 9) ** 2) / 0.5), rtol=1e-6)


@settings(deadline=None, max_examples=50)
@given(box_lists.filter(len), st.sampled_from([0.1, 0.3, 2.0]))
def test_decays_equal_the_equations_of_matrix_nms(boxes, sigma):
    expected = []
    for j in range(len(boxes)):
        largest = [max([overlap(boxes[k], boxes[i]) for k in range(i)], default=0) for i in range(j)]
        falls = [math.exp((largest[i] ** 2 - overlap(boxes[i], boxes[j]) ** 2) / sigma) for i in range(j)]
        expected.append(min(falls, default=1))
    np.testing.assert_allclose(falls_to(boxes, sigma), expected, rtol=1e-4)
