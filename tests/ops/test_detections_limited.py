import numpy as np
import tensorflow as tf

from mrcnn_keras.ops.detections import limited

FOUND = {
    "boxes": tf.constant(np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
    "class_ids": tf.constant([[2, 1, 3], [1, 1, 0]]),
    "scores": tf.constant([[0.9, 0.5, 0.25], [0.75, 0.5, 0.0]]),
    "num_detections": tf.constant([3, 2]),
}


def test_one_limit_for_all_pictures():
    found = limited(FOUND, 0.5, [100])
    assert found["num_detections"].numpy().tolist() == [2, 2]
    assert found["class_ids"].numpy().tolist() == [[2, 1, 0], [1, 1, 0]]
    assert found["boxes"].numpy().tolist() == [
        [[0, 1, 2, 3], [4, 5, 6, 7], [0] * 4],
        [[12, 13, 14, 15], [16, 17, 18, 19], [0] * 4],
    ]


def test_a_limit_for_each_picture():
    found = limited(FOUND, [0.0, 0.6], [1, 9])
    assert found["scores"].numpy().tolist() == [[np.float32(0.9), 0, 0], [0.75, 0, 0]]
    assert limited(FOUND, 0.0, [0, -1])["num_detections"].numpy().tolist() == [0, 0]


def test_no_pictures():
    none = {name: value[:0] for name, value in FOUND.items()}
    assert limited(none, [0.5], [100])["boxes"].shape == (0, 3, 4)
