"""TensorFlow keeps the graph of each custom gradient for ever: it may not be that of a model."""

import gc
import weakref

import numpy as np
import tensorflow as tf

from mrcnn_keras.layers.norm import BatchNorm
from mrcnn_keras.ops.crops import crop_and_resize

PLACE = np.array([[0, 0, 1, 1]], np.float32), np.zeros(1, np.int32), (2, 2)


def graph_with_gradients(side):
    """-> a weak reference to a graph of a crop and a batch norm, and their gradient there."""
    norm = BatchNorm()
    norm.build((None, None, None, 2))
    image = np.arange(2 * side * side, dtype=np.float32).reshape(1, side, side, 2)

    @tf.function
    def gradient(image):
        with tf.GradientTape() as tape:
            tape.watch(image)
            samples = crop_and_resize(image, *PLACE)
            assert samples.shape == (1, 2, 2, 2)
            normalized = norm(samples, training=True)
            assert normalized.shape == (1, 2, 2, 2)
            total = tf.reduce_sum(normalized**3)
        return tape.gradient(total, image)

    found = gradient(tf.constant(image))
    return weakref.ref(gradient.get_concrete_function(tf.TensorSpec(image.shape)).graph), found, image, norm


def test_graphs_with_custom_gradients_are_given_back():
    first, found, image, norm = graph_with_gradients(4)
    with tf.GradientTape() as tape:  # op by op: the same numbers
        tape.watch(eager := tf.constant(image))
        samples = crop_and_resize(eager, *PLACE)
        total = tf.reduce_sum(norm(samples, training=True) ** 3)
    np.testing.assert_allclose(found, tape.gradient(total, eager), atol=1e-6)
    others = [graph_with_gradients(side)[0] for side in (5, 6)]
    gc.collect()
    assert [graph() for graph in (first, *others)] == [None] * 3
