"""Graphs for other runtimes and for XLA: TFLite, ONNX and XLA lack CropAndResize, and XLA lists of dynamic length."""

from contextlib import contextmanager
from contextvars import ContextVar

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

_WANTED = ContextVar("portable", default=False)


@contextmanager
def portable():
    """In graphs made inside, RoI features are read by plain gathers, with the same numbers.

    It holds for what is traced inside, by this thread, so an exporter puts it around the making of its graph. Such a
    graph may be slower, and its gradients are added up in another order.
    """
    token = _WANTED.set(True)
    try:
        yield
    finally:
        _WANTED.reset(token)


def wants_portable():
    """Whether the graph that is being made has to be portable."""
    return _WANTED.get() or wants_fixed_sizes()


def wants_fixed_sizes():
    """Whether the graph that is being made is compiled by XLA, so that sizes must not depend on values.

    Nobody has to say so: TensorFlow knows it while it traces a function with `jit_compile=True`.
    """
    return GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def places_of(listed):
    """The places [M, rank] int64 where `listed` (bool) is true, in order, as tf.where has them; under XLA all places.

    What reads them must expect places that are not listed, and leave them out of what it adds up.
    """
    if not wants_fixed_sizes():
        return tf.where(listed)
    axes = tf.meshgrid(*(tf.range(side) for side in tf.unstack(tf.shape(listed, tf.int64))), indexing="ij")
    return tf.reshape(tf.stack(axes, axis=-1), [-1, len(axes)])
