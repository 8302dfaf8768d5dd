"""Optimizers by name, with decay and clipping as the settings say."""

import keras

from mrcnn_keras.errors import UserError

# Variables that weight decay leaves alone: biases and the factors and offsets of normalisation.
NO_DECAY = ("bias", "gamma", "beta")


def make_optimizer(
    name, learning_rate, *, momentum=0.9, weight_decay=0.0, clip_norm=0.0, accumulation=1, ema_momentum=0.0
):
    """ "sgd" or "adamw" as a Keras optimizer.

    weight_decay: share of a weight taken off per step, times the learning rate (decoupled, Loshchilov and Hutter 2019).
    clip_norm: largest norm of all gradients together; 0: no clipping. accumulation: steps whose gradients are averaged
    for one update. ema_momentum: part of the average of the weights that a step keeps; 0: none is kept.
    """
    common = {"weight_decay": weight_decay or None, "global_clipnorm": clip_norm or None}
    if accumulation > 1:
        common["gradient_accumulation_steps"] = accumulation
    if ema_momentum:
        common |= {"use_ema": True, "ema_momentum": ema_momentum}
    if name == "sgd":
        return keras.optimizers.SGD(learning_rate, momentum=momentum, **common)
    return keras.optimizers.AdamW(learning_rate, **{**common, "weight_decay": weight_decay})


def exclude_from_weight_decay(optimizer):
    """Applies NO_DECAY to an optimizer that is not built yet, as Keras's method of this name asks.

    A LossScaleOptimizer, which Keras puts around the optimizer of a model in float16, leaves decay to the one inside.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if getattr(optimizer, "weight_decay", None) and not optimizer.built:
        optimizer.exclude_from_weight_decay(var_names=list(NO_DECAY))


def check_accumulation(optimizer, replicas):
    """Refuses accumulated gradients on several devices: Keras sums the devices' gradients where that cannot be.

    optimizer: of Keras. replicas: devices that share a step.
    """
    steps = getattr(getattr(optimizer, "inner_optimizer", optimizer), "gradient_accumulation_steps", None)
    if steps and replicas > 1:
        raise UserError(
            f"GRADIENT_ACCUMULATION {steps}: Keras cannot accumulate gradients on {replicas} devices at once; set it "
            "to 1: the devices share a larger batch anyway"
        )
