"""The average of the weights: where the model has it, and that its own come back exactly."""

import keras
import numpy as np
import pytest

from mrcnn_keras.training.averaging import averaged, own_weights_after_fit, take_average
from mrcnn_keras.training.schedule import finished_steps


@pytest.fixture
def model():
    """One weight that is 1 at first and falls by 0.5 per step; its average keeps 0.75 per step."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    optimizer = keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.75)
    model.compile(optimizer, loss=lambda y_true, y_pred: y_pred, run_eagerly=True)
    return model


def fit(model, steps):
    with own_weights_after_fit(model):
        model.fit(np.ones((steps, 1)), np.ones((steps, 1)), batch_size=1, verbose=0)


def weight(model):
    return float(model.weights[0].numpy()[0, 0])


def test_the_average_by_hand(model):
    """Weights 0.5, 0, -0.5; the average begins with 0.5 and becomes 0.375, then 0.15625."""
    with averaged(model):
        assert weight(model) == 1  # before the first step there is none
    fit(model, 3)
    assert weight(model) == -0.5
    with averaged(model):
        assert weight(model) == pytest.approx(0.15625)
    assert weight(model) == -0.5
    fit(model, 1)
    assert weight(model) == -1
    take_average(model)
    assert weight(model) == pytest.approx(0.15625 * 0.75 - 0.25)
    assert finished_steps(model) == 4


def test_own_weights_come_back_after_an_error(model):
    fit(model, 3)
    with pytest.raises(KeyError), averaged(model):
        raise KeyError
    assert weight(model) == -0.5


def test_an_optimizer_without_average(model):
    model.compile(keras.optimizers.SGD(0.5), loss=lambda y_true, y_pred: y_pred, run_eagerly=True)
    fit(model, 1)
    with averaged(model):
        assert weight(model) == 0.5


def test_steps_are_counted_also_where_gradients_are_accumulated(model):
    optimizer = keras.optimizers.SGD(0.5, gradient_accumulation_steps=2)
    model.compile(optimizer, loss=lambda y_true, y_pred: y_pred, run_eagerly=True)
    fit(model, 3)
    assert finished_steps(model) == 3
    assert int(optimizer.iterations) == 1
    assert weight(model) == 0.5  # one update by the mean of two gradients
