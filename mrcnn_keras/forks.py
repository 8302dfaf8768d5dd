"""A forked process has TensorFlow's memory but not its threads: a graph would wait there for ever."""

import os

from tensorflow.python.eager import context

from mrcnn_keras.errors import forked

_without_threads = False  # whether this process was forked after TensorFlow had begun to work


def check_process():
    """Must be called before a model runs.

    Raises:
        UserError: If this process was forked from one that had already used TensorFlow.
    """
    if _without_threads:
        raise forked("TensorFlow")


def _look_after_fork():
    global _without_threads
    _without_threads = getattr(context.context_safe(), "_context_handle", None) is not None


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_look_after_fork)
