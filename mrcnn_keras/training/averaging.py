"""The average of the weights that an optimizer keeps (EMA_MOMENTUM): where the model has it, and where its own.

A training goes on from its own weights; it is measured, and best.keras is saved, with their average.
"""

from contextlib import contextmanager

import keras

from mrcnn_keras.training.schedule import finished_steps, plain_optimizer


@contextmanager
def averaged(model):
    """Context manager in which the model has the average of its weights; afterwards exactly its own again.

    Keras's SwapEMAWeights changes weights by sums and differences, which rounding makes a little different; a resumed
    training would not be the same.
    """
    pairs = _pairs(model)
    own = [keras.ops.convert_to_numpy(variable) for variable, _ in pairs]
    take_average(model)
    try:
        yield
    finally:
        for (variable, _), value in zip(pairs, own, strict=True):
            variable.assign(value)


def take_average(model):
    """Gives the model the average of its weights for good, as Keras's `fit` does at its end."""
    for variable, average in _pairs(model):
        variable.assign(keras.ops.convert_to_numpy(average))


@contextmanager
def own_weights_after_fit(model):
    """Context manager in which `fit` leaves the model its own weights, since a training may consist of two `fit`s."""
    optimizer = model.optimizer
    optimizer.finalize_variable_values = lambda var_list: None  # instead of the method
    try:
        yield
    finally:
        del optimizer.finalize_variable_values


def _pairs(model):
    """(variable, its average) of all that the optimizer averages; none before its first step."""
    optimizer = plain_optimizer(model)
    if not getattr(optimizer, "use_ema", False) or not finished_steps(model):
        return []
    return list(zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True))
