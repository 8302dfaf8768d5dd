"""Functions that many graphs share, so that what TensorFlow keeps of them does not grow with the number of models."""

import functools

import tensorflow as tf


def in_own_graph(function):
    """Decorates a function of tensors that has a custom gradient.

    TensorFlow registers the gradient of each call in a graph for ever, and with it the whole graph around the call: 75
    MB per model. So the call is made once per types and shapes of the arguments, in a graph that has nothing else,
    and the graphs of models call that one.
    """

    @functools.cache
    def traced(*signature):
        return tf.function(function, input_signature=signature, autograph=False)

    @functools.wraps(function)
    def call(*tensors):
        if tf.executing_eagerly():
            return function(*tensors)
        tensors = [tf.convert_to_tensor(tensor) for tensor in tensors]
        signature = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
        return traced(*signature)(*tensors)

    return call
