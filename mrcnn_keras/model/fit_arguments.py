"""What `fit` and `evaluate` of a MaskRCNN add to Keras's arguments: the end of an epoch, the direction of a figure."""

import keras
import tensorflow as tf

from mrcnn_keras.errors import UserError


def epoch_steps(batches, steps, argument):
    """Steps of an epoch.

    Args:
        batches: What `fit` or `evaluate` is given.
        steps: Integer, steps as the user gave them, or `None`.
        argument: String, the name under which the user gives them.

    Returns:
        Integer: `steps`, or those of a training pipeline; `None` where the batches themselves end.

    Raises:
        UserError: If nothing says where an epoch ends.
    """
    if steps is not None:
        return steps
    steps = getattr(batches, "steps_per_epoch", None)
    cardinality = getattr(batches, "cardinality", None)  # a method; of a distributed dataset a number
    cardinality = cardinality() if callable(cardinality) else cardinality
    if steps is None and cardinality is not None and cardinality == tf.data.INFINITE_CARDINALITY:
        raise UserError(
            "these batches have no end, as those of make_pipeline after a map, prefetch or repeat; give "
            f"{argument}=N, such as the pipeline's own steps_per_epoch"
        )
    return steps


def complete_fit(given, loss_names):
    """Completes the arguments of `fit`.

    Args:
        given: Dict of the arguments that the user gave, by name; it is changed.
        loss_names: List of strings, the parts of the model's loss.

    Raises:
        UserError: If nothing says where an epoch ends.
    """
    batches, validation = given.get("x"), given.get("validation_data")
    validation = validation[0] if isinstance(validation, (list, tuple)) else validation
    given["steps_per_epoch"] = epoch_steps(batches, given.get("steps_per_epoch"), "steps_per_epoch")
    given["validation_steps"] = epoch_steps(validation, given.get("validation_steps"), "validation_steps")
    if isinstance(batches, (tf.data.Dataset, tf.distribute.DistributedDataset)):
        given["shuffle"] = False  # Keras cannot, and would warn
    set_directions(given.get("callbacks"), loss_names)


def set_directions(callbacks, loss_names):
    """Sets whether less or more is better in callbacks that monitor one of the losses, or an AP.

    Keras finds that out by itself for compiled metrics only, and a MaskRCNN has none.

    Args:
        callbacks: As `fit` takes them: `None`, one, a list, or a `CallbackList`.
        loss_names: List of strings.
    """
    for callback in getattr(callbacks, "callbacks", None) or keras.tree.flatten(callbacks):
        if getattr(callback, "mode", None) == "auto":
            figure = callback.monitor.removeprefix("val_")
            if figure in loss_names:
                callback.mode = "min"
            elif "/AP" in figure or "/AR" in figure:
                callback.mode = "max"
