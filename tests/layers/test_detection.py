import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers import DetectionLayer, DetectionMasks, FlattenDetections
from mrcnn_keras.ops.portability import portable


def detected(layer, rois, probs, deltas=None, image_size=(100, 100)):
    """One picture: rois [R, 4], probs [R, C], deltas [R, C, 4] -> boxes, class ids, scores."""
    rois, logits = np.array(rois, np.float32).reshape(-1, 4), np.log(np.array(probs, np.float32))
    deltas = np.zeros((*logits.shape, 4), np.float32) if deltas is None else np.array(deltas, np.float32)
    found = layer(rois[None], logits[None], deltas[None], tf.constant([image_size]))
    found = {name: value[0].numpy() for name, value in found.items()}
    count = found["num_detections"]
    assert found["boxes"].shape == (layer.max_instances, 4)
    assert not found["boxes"][count:].any()
    assert not found["scores"][count:].any()
    assert not found["class_ids"][count:].any()
    return found["boxes"][:count].tolist(), found["class_ids"][:count].tolist(), found["scores"][:count]


def test_duplicates_are_dropped_per_class_only():
    rois = [[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]]
    probs = [[0.1, 0.3, 0.6], [0.1, 0.5, 0.4], [0.7, 0.2, 0.1]]
    boxes, class_ids, scores = detected(DetectionLayer(9, min_confidence=0.15), rois, probs)
    assert boxes == [rois[0], rois[1], rois[2]]
    assert class_ids == [2, 1, 1]
    np.testing.assert_allclose(scores, [0.6, 0.5, 0.2], rtol=1e-5)


def test_scores_fall_with_the_overlap_per_class():
    layer = DetectionLayer(9, min_confidence=0.15, nms_threshold=0.7, nms_sigma=0.3)
    rois = [[0, 0, 10, 10], [0, 0, 10, 5], [50, 50, 60, 60]]  # IoU 1/2
    boxes, class_ids, scores = detected(layer, rois, [[0.2, 0.8, 1e-9], [0.4, 0.6, 1e-9], [0.4, 1e-9, 0.6]])
    assert boxes == [rois[0], rois[2], rois[1]]
    assert class_ids == [1, 2, 1]
    np.testing.assert_allclose(scores, [0.8, 0.6, 0.6 * np.exp(-0.25 / 0.3)], rtol=1e-5)


def test_scores_that_fall_too_low_are_dropped():
    layer = DetectionLayer(9, min_confidence=0.3, nms_threshold=0.7, nms_sigma=0.3)
    boxes, _, _ = detected(layer, [[0, 0, 10, 10], [0, 0, 10, 5]], [[0.2, 0.8], [0.4, 0.6]])
    assert boxes == [[0, 0, 10, 10]]


def test_an_object_is_found_behind_as_many_duplicates_as_are_kept():
    layer = DetectionLayer(2, min_confidence=0.05, nms_threshold=0.7, nms_sigma=0.1)
    rois = [[0, 0, 10, 10], [0, 0, 10, 6], [50, 50, 60, 60]]
    assert detected(layer, rois, [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])[0] == [rois[0], rois[2]]


def test_one_roi_may_be_several_classes():
    boxes, class_ids, _ = detected(DetectionLayer(9, 0.05), [[0, 0, 10, 10]], [[0.1, 0.3, 0.6]])
    assert boxes == [[0, 0, 10, 10], [0, 0, 10, 10]]
    assert class_ids == [2, 1]


def test_scores_must_be_above_the_least_confidence():
    rois = [[0, 0, 10, 10], [20, 20, 30, 30]]
    _, _, scores = detected(DetectionLayer(9, 0.5), rois, [[0.5, 0.5], [0.49, 0.51]])
    np.testing.assert_allclose(scores, [0.51], rtol=1e-5)


def test_background_is_never_detected():
    assert detected(DetectionLayer(9, 0.05), [[0, 0, 10, 10]], [[1, 1e-9]])[0] == []


def test_the_best_of_all_classes_stay():
    rois = [[0, 10 * i, 5, 10 * i + 5] for i in range(4)]
    probs = [[0.1, 0.1, 0.8], [0.3, 0.7, 1e-9], [0.1, 0.9, 1e-9], [0.4, 1e-9, 0.6]]
    boxes, class_ids, _ = detected(DetectionLayer(2, 0.05), rois, probs)
    assert boxes == [rois[2], rois[0]]
    assert class_ids == [1, 2]


def test_each_class_moves_the_box_by_its_own_deltas():
    deltas = [[[9, 9, 9, 9], [1, 0, 0, 0], [0, 2, 0, np.log(2) / 0.2]]]
    boxes, class_ids, _ = detected(DetectionLayer(9, 0.05), [[40, 40, 50, 60]], [[0.1, 0.6, 0.3]], deltas)
    assert class_ids == [1, 2]
    np.testing.assert_allclose(boxes, [[41, 40, 51, 60], [40, 34, 50, 74]], rtol=1e-5)


def test_boxes_are_clipped_and_slivers_dropped():
    rois = [[-5, -5, 10, 10], [0, 99.5, 20, 120], [0, 150, 20, 160]]
    layer = DetectionLayer(9, 0.05, min_size=1)
    boxes, _, _ = detected(layer, rois, [[0.1, 0.9]] * 3, image_size=(50, 100))
    assert boxes == [[0, 0, 10, 10]]


def test_a_roi_may_be_its_likeliest_class_only():
    # The first is likeliest a 2, the second background although a 1 is likely too, the third a 1.
    rois = [[0, 0, 10, 10], [20, 20, 30, 30], [40, 40, 50, 50]]
    probs = [[0.1, 0.3, 0.6], [0.5, 0.4, 0.1], [0.3, 0.4, 0.3]]
    boxes, class_ids, scores = detected(DetectionLayer(9, 0.05, one_class=True), rois, probs)
    assert (boxes, class_ids) == ([rois[0], rois[2]], [2, 1])
    np.testing.assert_allclose(scores, [0.6, 0.4], rtol=1e-5)
    assert len(detected(DetectionLayer(9, 0.05), rois, probs)[0]) == 6


def test_one_class_per_roi_still_leaves_duplicates_of_several_rois_to_nms():
    rois, probs = [[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 9, 10]], [[0.1, 0.9, 0], [0.2, 0.8, 0], [0.3, 0, 0.7]]
    boxes, class_ids, _ = detected(DetectionLayer(9, 0.05, one_class=True), rois, np.maximum(probs, 1e-9))
    assert (boxes, class_ids) == ([rois[0], rois[2]], [1, 2])


def test_boxes_are_clipped_to_a_window_that_begins_anywhere():
    rois = [[-5, -5, 10, 10], [20, 20, 60, 95], [0, 0, 3, 50], [70, 20, 90, 50]]
    layer = DetectionLayer(9, 0.05, min_size=0)
    boxes, _, _ = detected(layer, rois, [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]], image_size=(4, 2, 50, 90))
    # Nothing of the last two is inside.
    assert [box for box in boxes if (box[2] - box[0]) * (box[3] - box[1])] == [[4, 2, 10, 10], [20, 20, 50, 90]]


def test_the_smallest_side_that_is_detected():
    rois = [[0, 0, 3, 9], [20, 20, 22.9, 29], [40, 40, 49, 42.9], [60, 60, 60.5, 60.5]]
    probs = [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]
    assert detected(DetectionLayer(9, 0.05, min_size=3), rois, probs)[0] == rois[:1]
    assert len(detected(DetectionLayer(9, 0.05, min_size=0), rois, probs)[0]) == 4


def test_rois_without_area_are_padding():
    # Deltas cannot bring an empty box to life.
    deltas = np.full((2, 2, 4), 3.0)
    assert detected(DetectionLayer(3, 0.05), [[0, 0, 0, 0], [5, 5, 5, 9]], [[0.1, 0.9]] * 2, deltas)[0] == []


def test_more_places_than_there_can_be_detections():
    boxes, class_ids, _ = detected(DetectionLayer(7, 0.05), [[0, 0, 10, 10]], [[0.2, 0.8]])
    assert (boxes, class_ids) == ([[0, 0, 10, 10]], [1])


def test_pictures_of_a_batch_are_apart():
    rois = tf.constant([[[0, 0, 10, 10]], [[0, 0, 10, 9]]], tf.float32)
    logits = tf.math.log(tf.constant([[[0.1, 0.9]], [[0.2, 0.8]]]))
    found = DetectionLayer(2, 0.05)(rois, logits, tf.zeros([2, 1, 2, 4]), tf.constant([[50, 50], [5, 50]]))
    assert found["num_detections"].numpy().tolist() == [1, 1]
    assert found["boxes"][:, 0].numpy().tolist() == [[0, 0, 10, 10], [0, 0, 5, 9]]
    np.testing.assert_allclose(found["scores"][:, 0], [0.9, 0.8], rtol=1e-5)


def test_detections_as_one_list_and_back():
    class_ids = tf.constant([[2, 1, 0], [0, 0, 0], [1, 0, 0]])
    boxes = tf.reshape(tf.range(36, dtype=tf.float32), [3, 3, 4])
    flat = FlattenDetections()(boxes, class_ids)
    assert flat["boxes"].numpy().tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [24, 25, 26, 27]]
    assert flat["images"].numpy().tolist() == [0, 0, 2]
    assert flat["class_ids"].numpy().tolist() == [2, 1, 1]
    # The map of class c of row m is m + c / 10 before the sigmoid.
    logits = tf.range(3.0)[:, None, None, None] + tf.range(3.0) / 10 + tf.zeros([3, 2, 2, 3])
    masks = DetectionMasks()(logits, flat["class_ids"], class_ids).numpy()
    assert masks.shape == (3, 3, 2, 2)
    expected = np.zeros((3, 3))
    expected[[0, 0, 2], [0, 1, 0]] = 1 / (1 + np.exp([-0.2, -1.1, -2.1]))
    np.testing.assert_allclose(masks, expected[:, :, None, None] * np.ones((2, 2)), rtol=1e-6)


def test_masks_of_softmax_and_of_one_map():
    class_ids = tf.constant([[2, 0], [1, 2]])
    flat, shares = tf.constant([2, 1, 2]), np.array([[5, 1, 4], [2, 6, 2], [1, 1, 8]])
    logits = tf.constant(np.log(shares)[:, None, None] + np.zeros((3, 2, 2, 3)), tf.float32)
    masks = DetectionMasks("softmax")(logits, flat, class_ids).numpy()
    np.testing.assert_allclose(masks[..., 0, 1], [[0.4, 0], [0.6, 0.8]], rtol=1e-6)
    only = DetectionMasks()(logits[..., 2:], flat, class_ids).numpy()
    np.testing.assert_allclose(only[..., 1, 0], [[4 / 5, 0], [2 / 3, 8 / 9]], rtol=1e-6)


@pytest.mark.parametrize(("kind", "maps"), [("sigmoid", 5), ("softmax", 5), ("sigmoid", 1)])
def test_no_detections_have_no_masks(kind, maps):
    class_ids = tf.zeros([2, 3], tf.int32)
    flat = FlattenDetections()(tf.zeros([2, 3, 4]), class_ids)
    assert flat["boxes"].shape == (0, 4)
    masks = DetectionMasks(kind)(tf.zeros([0, 28, 28, maps]), flat["class_ids"], class_ids)
    assert masks.shape == (2, 3, 28, 28)
    assert not masks.numpy().any()


def test_in_a_portable_graph_the_list_is_never_empty_and_padding_stays_zero():
    class_ids = tf.constant([[0, 0], [2, 0]])
    with portable():
        flat = FlattenDetections()(tf.reshape(tf.range(16.0), [2, 2, 4]), class_ids)
        masks = DetectionMasks()(tf.zeros([2, 1, 1, 3]), flat["class_ids"], class_ids)
    assert flat["boxes"].numpy().tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert (flat["images"].numpy().tolist(), flat["class_ids"].numpy().tolist()) == ([0, 1], [0, 2])
    assert masks[..., 0, 0].numpy().tolist() == [[0, 0], [0.5, 0]]
