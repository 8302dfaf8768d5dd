import numpy as np
import tensorflow as tf

from mrcnn_keras.layers.images import NormalizeImages


def test_the_mean_goes_and_the_deviation_becomes_one():
    pixel = tf.constant([[[[110, 60, 0]]]], tf.float32)
    assert NormalizeImages((100, 50, 20), (10, 5, 10))(pixel, tf.constant([[1, 1]])).numpy().tolist() == [
        [[[1, 2, -2]]]
    ]


def test_padding_is_zero_whatever_it_holds():
    images = tf.fill([2, 3, 4, 3], 7.0)
    normal = NormalizeImages((5, 5, 5), (2, 2, 2))(images, tf.constant([[2, 3], [3, 4]])).numpy()
    assert normal[0, ..., 0].tolist() == [[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    assert (normal[1] == 1).all()


def test_half_precision_keeps_the_layer_in_half_precision():
    normal = NormalizeImages((5, 5, 5), (2, 2, 2), dtype="mixed_bfloat16")(tf.ones([1, 2, 2, 3]), tf.constant([[2, 2]]))
    assert normal.dtype == tf.bfloat16
    assert np.allclose(tf.cast(normal, tf.float32), -2)
