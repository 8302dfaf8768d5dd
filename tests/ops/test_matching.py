import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mrcnn_keras.ops.matching import match, sample

OBJECT, CROWD, PADDING = 3, -3, 0


def matched(candidates, gt_boxes, gt_class_ids, positive_iou=0.7, negative_iou=0.3, rescue=False):
    """One picture: labels and indices of objects, as lists."""
    labels, indices = match(
        tf.constant([candidates], tf.float32),
        tf.reshape(tf.constant(gt_boxes, tf.float32), [1, -1, 4]),
        tf.reshape(tf.constant(gt_class_ids, tf.int32), [1, -1]),
        positive_iou,
        negative_iou,
        rescue,
    )
    return labels[0].numpy().tolist(), indices[0].numpy().tolist()


def test_an_overlap_is_positive_negative_or_between():
    # Of a 10 x 10 object: IoU 1, 0.7, 0.5, 0.3, 0.2 and 0.
    candidates = [[0, 0, 10, width] for width in (10, 7, 5, 3, 2)] + [[50, 50, 60, 60]]
    labels, _ = matched(candidates, [[0, 0, 10, 10]], [OBJECT], positive_iou=0.7 - 1e-6, negative_iou=0.3 - 1e-6)
    assert labels == [1, 1, -1, -1, 0, 0]


def test_an_overlap_of_exactly_the_threshold():
    labels, _ = matched([[0, 0, 10, 5]], [[0, 0, 10, 10]], [OBJECT], positive_iou=0.5, negative_iou=0.5)
    assert labels == [1]
    labels, _ = matched([[0, 0, 10, 5]], [[0, 0, 10, 10]], [OBJECT], positive_iou=0.7, negative_iou=0.5)
    assert labels == [-1]


def test_the_object_with_the_largest_overlap_is_matched():
    objects = [[0, 0, 10, 10], [0, 2, 10, 12]]
    _, indices = matched([[0, 0, 10, 9], [0, 3, 10, 12], [0, 1, 10, 11]], objects, [OBJECT, OBJECT])
    assert indices == [0, 1, 0]  # a tie: the first


def test_rescue_makes_the_best_candidate_of_each_object_positive():
    # The second object's best candidate overlaps it by a tenth.
    candidates = [[0, 0, 10, 10], [20, 0, 30, 1], [20, 0, 30, 0.5]]
    objects = [[0, 0, 10, 10], [20, 0, 30, 10]]
    assert matched(candidates, objects, [OBJECT, OBJECT], rescue=False)[0] == [1, 0, 0]
    assert matched(candidates, objects, [OBJECT, OBJECT], rescue=True) == ([1, 1, 0], [0, 1, 1])


def test_rescue_takes_all_of_equally_good_candidates():
    candidates = [[0, 0, 10, 4], [0, 6, 10, 10], [0, 4, 10, 6]]
    assert matched(candidates, [[0, 0, 10, 10]], [OBJECT], rescue=True)[0] == [1, 1, 0]


def test_rescue_is_not_for_objects_that_no_candidate_touches():
    labels, _ = matched([[0, 0, 5, 5], [5, 5, 9, 9]], [[50, 50, 60, 60]], [OBJECT], rescue=True)
    assert labels == [0, 0]


def test_a_rescued_candidate_matches_the_object_it_overlaps_most():
    # It is the best of the small object (IoU 0.04), yet it is the large object's box.
    large, small = [0, 0, 10, 10], [0, 0, 2, 2]
    labels, indices = matched([[0, 0, 10, 10]], [small, large], [OBJECT, OBJECT], rescue=True)
    assert (labels, indices) == ([1], [1])


def test_without_objects_all_are_background():
    candidates = [[0, 0, 10, 10], [5, 5, 9, 9]]
    assert matched(candidates, [], [], rescue=True)[0] == [0, 0]
    assert matched(candidates, [[0, 0, 10, 10]], [PADDING], rescue=True)[0] == [0, 0]
    assert matched(candidates, [[0, 0, 0, 0]], [PADDING], rescue=True)[0] == [0, 0]


def test_a_crowd_region_is_neither_object_nor_background():
    # Within the region, half in it, a quarter in it, beside it.
    candidates = [[2, 2, 4, 4], [0, 8, 4, 12], [0, 8, 4, 16], [40, 40, 50, 50]]
    assert matched(candidates, [[0, 0, 10, 10]], [CROWD], rescue=True)[0] == [-1, -1, 0, 0]


def test_an_object_in_a_crowd_region_is_an_object():
    gt_boxes = [[0, 0, 100, 100], [10, 10, 20, 20]]
    labels, indices = matched([[10, 10, 20, 20], [30, 30, 40, 40]], gt_boxes, [CROWD, OBJECT])
    assert labels == [1, -1]
    assert indices[0] == 1


def test_candidates_without_area_are_ignored():
    assert matched([[0, 0, 0, 0], [5, 5, 5, 9]], [[0, 0, 10, 10]], [OBJECT], rescue=True)[0] == [-1, -1]


def test_the_pictures_of_a_batch_may_share_their_candidates():
    candidates = tf.constant([[[0, 0, 10, 10], [20, 20, 30, 30]]], tf.float32)
    gt_boxes = tf.constant([[[0, 0, 10, 10]], [[20, 20, 30, 30]], [[0, 0, 0, 0]]], tf.float32)
    labels, _ = match(candidates, gt_boxes, tf.constant([[1], [2], [0]]), 0.7, 0.3, rescue=True)
    assert labels.numpy().tolist() == [[1, 0], [0, 1], [0, 0]]


def sampled(labels, count, positive_count, seed=0):
    labels = np.array(labels, np.int32).reshape(1, -1)
    keys = np.random.default_rng(seed).random(labels.shape, np.float32)
    indices, chosen = sample(tf.constant(labels), count, positive_count, tf.constant(keys))
    assert indices.shape == chosen.shape == (1, count)
    return indices[0].numpy(), chosen[0].numpy()


def test_positives_come_first_and_background_fills():
    labels = [0] * 50 + [1] * 30
    _, chosen = sampled(labels, 16, 4)
    assert chosen.tolist() == [1] * 4 + [0] * 12


def test_few_positives_leave_their_room_to_background():
    _, chosen = sampled([0] * 50 + [1], 16, 8)
    assert chosen.tolist() == [1] + [0] * 15


def test_too_few_candidates_leave_places_empty():
    indices, chosen = sampled([1, -1, 0], 6, 3)
    assert indices.tolist() == [0, 2, 0, 0, 0, 0]
    assert chosen.tolist() == [1, 0, -1, -1, -1, -1]


def test_no_candidates():
    indices, chosen = sampled([], 4, 2)
    assert indices.tolist() == [0] * 4
    assert chosen.tolist() == [-1] * 4


def test_each_candidate_is_chosen_about_as_often():
    labels = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    times = np.zeros(10)
    for seed in range(300):
        indices, chosen = sampled(labels, 5, 2, seed)
        times[indices[chosen >= 0]] += 1
    # Each positive in 2 of 4 draws, each of the background in 3 of 6; 5 deviations of 8.7 around 150.
    assert (np.abs(times - 150) < 44).all()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(-1, 1), max_size=20), st.integers(1, 12), st.data())
def test_a_sample_holds_positives_then_negatives(labels, count, data):
    positive_count = data.draw(st.integers(0, count))
    indices, chosen = sampled(labels, count, positive_count)
    positives = min(labels.count(1), positive_count)
    negatives = min(labels.count(0), count - positives)
    assert chosen.tolist() == [1] * positives + [0] * negatives + [-1] * (count - positives - negatives)
    real = indices[chosen >= 0]
    assert [labels[i] for i in real] == chosen[chosen >= 0].tolist()
    assert len(set(real.tolist())) == len(real)
    assert not indices[chosen < 0].any()


def test_rows_are_sampled_apart():
    labels = tf.constant([[1, 1, 0, 0], [-1, -1, -1, 0], [-1, -1, -1, -1]])
    keys = tf.constant([[0.1, 0.9, 0.2, 0.8]] * 3)
    indices, chosen = sample(labels, 2, 1, keys)
    assert indices.numpy().tolist() == [[1, 3], [3, 0], [0, 0]]
    assert chosen.numpy().tolist() == [[1, 0], [0, -1], [-1, -1]]
