"""TensorFlow without graphs, where they would prove nothing new, and batches without tuning."""

import contextlib

import tensorflow as tf

from mrcnn_keras.data.pipeline import without_tuning

# At the beginning of a process: TensorFlow is imported as in commands, and graphs run as they are made, since to
# optimise them takes longer than a few steps.
AS_MADE = """
from mrcnn_keras.cli.start import import_tensorflow
import_tensorflow()
import tensorflow
tensorflow.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
"""


@contextlib.contextmanager
def op_by_op():
    """Functions run op by op: to make the graph of a model takes far longer than to run it a few times."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def repeated(batch, steps):
    """A dataset of the same batch for this many steps, whose end does not wait, a third of the time that they took."""
    return without_tuning(tf.data.Dataset.from_tensors(batch).repeat(steps))
