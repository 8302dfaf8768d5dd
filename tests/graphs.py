"""TensorFlow without graphs, where they would prove nothing new."""

import contextlib

import tensorflow as tf


@contextlib.contextmanager
def op_by_op():
    """Functions run op by op: to make the graph of a model takes far longer than to run it a few times."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)
