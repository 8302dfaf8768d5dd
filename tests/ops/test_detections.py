import numpy as np
import tensorflow as tf

from mrcnn_keras.ops.detections import without_empty


def test_empty_boxes_become_padding_behind_the_others_in_all_that_was_found():
    boxes = [
        [[0, 0, 5, 5], [3, 3, 3, 9], [1, 1, 2, 2], [0, 0, 0, 0]],
        [[4, 4, 4, 4], [5, 5, 2, 9], [0, 0, 1, 1], [0, 0, 7, 7]],
        [[0, 0, 0, 0]] * 4,
    ]
    class_ids = tf.constant([[3, 1, 2, 0], [1, 2, 3, 4], [0] * 4])
    scores = tf.constant([[0.9, 0.8, 0.7, 0], [0.6, 0.5, 0.4, 0.3], [0] * 4])
    masks = scores[..., None, None] * tf.ones([2, 3])
    found = without_empty(
        {
            "boxes": tf.constant(boxes, tf.float32),
            "class_ids": class_ids,
            "scores": scores,
            "num_detections": tf.constant([3, 4, 0]),
            "masks": masks,
        }
    )
    assert found["num_detections"].numpy().tolist() == [2, 2, 0]
    zeros = [0, 0, 0, 0]
    assert found["boxes"].numpy().tolist() == [
        [[0, 0, 5, 5], [1, 1, 2, 2], zeros, zeros],
        [[0, 0, 1, 1], [0, 0, 7, 7], zeros, zeros],
        [zeros] * 4,
    ]
    assert found["class_ids"].numpy().tolist() == [[3, 2, 0, 0], [3, 4, 0, 0], [0] * 4]
    expected = np.array([[0.9, 0.7, 0, 0], [0.4, 0.3, 0, 0], [0] * 4], np.float32)
    np.testing.assert_array_equal(found["scores"], expected)
    np.testing.assert_array_equal(found["masks"], expected[..., None, None] * np.ones((2, 3)))
    assert {name: value.dtype for name, value in found.items()} == {
        "boxes": tf.float32,
        "class_ids": tf.int32,
        "scores": tf.float32,
        "num_detections": tf.int32,
        "masks": tf.float32,
    }


def test_where_no_box_is_empty_nothing_changes():
    found = {
        "boxes": tf.constant([[[0, 0, 5, 5], [1, 1, 2, 2], [0, 0, 0, 0]]], tf.float32),
        "class_ids": tf.constant([[3, 1, 0]]),
        "scores": tf.constant([[0.9, 0.8, 0]]),
        "num_detections": tf.constant([2]),
    }
    same = without_empty(found)
    assert set(same) == set(found)
    for name, value in found.items():
        np.testing.assert_array_equal(same[name], value)
