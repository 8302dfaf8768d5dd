"""Whether TensorFlow optimises the graphs that it makes."""

from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def graphs_as_made(made=True):
    """Graphs that are run for the first time inside run as they were made, without TensorFlow's optimisation.

    Optimising that of detection takes half a second, and each run is then faster by a fiftieth at most. In bfloat16
    fewer intermediate results are rounded, so that a score may differ by 0.001. It holds for all threads.

    Args:
        made: Boolean; `False`: they are optimised.

    Returns:
        Context manager.
    """
    name = "disable_meta_optimizer"
    before = tf.config.optimizer.get_experimental_options().get(name, False)
    tf.config.optimizer.set_experimental_options({name: made})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({name: before})
