"""Fused updates of variables give what Keras's own give."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.model.fused_updates import fuse_updates
from mrcnn_keras.model.optimizer import make_optimizer

OPTIMIZERS = {
    "sgd": lambda: make_optimizer("sgd", 0.1, weight_decay=0.01, clip_norm=1.0),
    "sgd without momentum": lambda: keras.optimizers.SGD(0.1),
    "sgd, Nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 8), epsilon=1e-3),
    "adamw, averaged, accumulated": lambda: make_optimizer(
        "adamw", 0.01, weight_decay=0.02, accumulation=2, ema_momentum=0.9
    ),
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.AdamW(0.01)),
}


def after_eight_steps(optimizer):
    """-> the variables of a small problem and of its optimizer."""
    weights = [keras.Variable(np.linspace(-1, 1, 50, dtype=np.float32)), keras.Variable(np.ones((3, 4), np.float32))]
    optimizer.build(weights)
    step = tf.function(lambda gradients: optimizer.apply(gradients, weights))
    draws = np.random.default_rng(0)
    for _ in range(8):
        step([tf.constant(draws.normal(size=weight.shape), tf.float32) for weight in weights])
    return [np.array(variable) for variable in [*weights, *optimizer.variables]]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fused_updates_equal_those_of_keras(name):
    plain, fused = OPTIMIZERS[name](), OPTIMIZERS[name]()
    config = keras.saving.serialize_keras_object(fused)
    fuse_updates(fused)
    assert keras.saving.serialize_keras_object(fused) == config
    for expected, got in zip(after_eight_steps(plain), after_eight_steps(fused), strict=True):
        np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-6)


def test_a_variable_is_updated_by_one_operation():
    weight, optimizer = keras.Variable(np.ones(3, np.float32)), keras.optimizers.SGD(0.1, momentum=0.9)
    fuse_updates(optimizer)
    optimizer.build([weight])
    step = tf.function(lambda: optimizer.apply([tf.ones(3)], [weight]))
    kinds = [operation.type for operation in step.get_concrete_function().graph.get_operations()]
    assert kinds.count("ResourceApplyKerasMomentum") == 1
    assert "Mul" not in kinds


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_weights_decay_when_their_gradient_is_there(name):
    """Before that the step still reads them, and TensorFlow would keep a copy of each."""
    weight, optimizer = keras.Variable(np.ones(3, np.float32)), make_optimizer(name, 0.1, weight_decay=0.01)
    fuse_updates(optimizer)
    optimizer.build([weight])
    step = tf.function(lambda gradient: optimizer.apply([gradient], [weight]))
    graph = step.get_concrete_function(tf.TensorSpec(3)).graph
    [decay] = [one for one in graph.get_operations() if one.type == "AssignSubVariableOp"]
    behind, before = [decay], set()
    while behind:
        operation = behind.pop()
        before.add(operation)
        behind += {*operation.control_inputs, *(tensor.op for tensor in operation.inputs)} - before
    assert graph.inputs[0].op in before


class Halved(keras.optimizers.SGD):
    """A custom optimizer."""

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, gradient * learning_rate / 2)


@pytest.mark.parametrize("optimizer", [Halved(0.1), keras.optimizers.Adam(0.1, amsgrad=True)], ids=["own", "amsgrad"])
def test_other_optimizers_keep_their_own_update(optimizer):
    fuse_updates(optimizer)
    assert "update_step" not in vars(optimizer)
