"""A process that was forked after TensorFlow had begun to work gets a sentence: a model would hang in it."""

import multiprocessing
import os

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.backend import check_process
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*"),
]
PICTURE = np.zeros((64, 64, 3), np.uint8)


def in_fork(function):
    """-> what the function says in a forked child"""

    def work(queue):
        try:
            function()
            queue.put("it runs")
        except UserError as error:
            queue.put(str(error))

    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=work, args=(queue,), daemon=True)
    child.start()
    try:
        return queue.get(timeout=120)
    finally:
        child.kill()
        child.join()


def test_a_model_says_that_it_cannot_run_in_a_forked_process(model):
    tf.constant(1) + 1
    check_process()
    for function in (
        lambda: model.detect([PICTURE]),
        lambda: model.predict([PICTURE]),
        lambda: model.predict_on_batch(PICTURE[None]),
        lambda: model.fit({}),
        lambda: model.evaluate({}),
        lambda: model.train_on_batch({}),
        lambda: model.call({}),
        lambda: model.answer(PICTURE[None]),
        lambda: MaskRCNN(model.config),
    ):
        said = in_fork(function)
        assert "forked from one that had already used TensorFlow" in said
        assert "get_context('spawn')" in said


def test_a_process_that_was_forked_before_tensorflow_worked_is_fine(monkeypatch):
    from tensorflow.python.eager import context

    monkeypatch.setattr(context, "context_safe", lambda: None)
    assert in_fork(check_process) == "it runs"
