"""Changes of order and small calculations that turn a file's tensors into the model's."""

import numpy as np

from mrcnn_keras.errors import UserError

MOST_CLASSES = 100_000  # Config allows no more


def pick(array, chosen):
    """The channels `chosen` of the last axis, in that order, zeros for an index of -1; with None the array itself."""
    if chosen is None:
        return array
    picked = array[..., chosen]
    picked[..., chosen < 0] = 0
    return picked


def deltas(name, count):
    """(dx, dy, dw, dh) per box -> (dy, dx, dh, dw): the order of `count` channels, for `pick`."""
    if count % 4 or count > 4 * MOST_CLASSES:
        raise UserError(f"{name} has {count} outputs, where four per box are needed; the file is damaged")
    return np.arange(count).reshape(-1, 4)[:, [1, 0, 3, 2]].ravel()


def deltas_after_background(name, count):
    """The same after a box of zeros for the background, which has no box in the file."""
    return np.concatenate([np.full(4, -1), deltas(name, count)])


def background_to_front(name, count):
    """The last channel first, the others after it."""
    return np.roll(np.arange(_classes(name, count)), 1)


def after_background(name, count):
    """All channels after one of zeros for the background."""
    return np.arange(-1, _classes(name, count))


def _classes(name, count):
    if count > MOST_CLASSES:
        raise UserError(f"{name} has {count} outputs, more than the {MOST_CLASSES} classes that a model may have")
    return count


def flat_kernel(kernel, channels, side):
    """Torch's [units, channels * side * side] -> [side * side * channels, units].

    Torch flattens (channel, y, x), Keras (y, x, channel).
    """
    units = len(kernel)
    return kernel.reshape(units, channels, side, side).transpose(2, 3, 1, 0).reshape(-1, units)


def mean_without_bias(mean, bias):
    """Batch norm of x + bias with `mean` is batch norm of x with this mean."""
    return mean.astype(np.float64) - bias


def checked_variance(name, variance):
    """The variance, which cannot be negative."""
    if (variance < 0).any():
        raise UserError(f"{name} has negative numbers, which no variance is; the file is damaged")
    return variance


def folded_kernel(kernel, gamma, variance, epsilon):
    """A kernel [..., channels] and the batch norm after it as one kernel, computed in float64."""
    # With an array of float32 for the result, numpy widens a few numbers at a time and not the whole kernel.
    return np.multiply(kernel, _factor(gamma, variance, epsilon), out=np.empty_like(kernel), casting="same_kind")


def folded_bias(bias, gamma, beta, mean, variance, epsilon):
    """A bias [channels] and the batch norm after it as one bias, in float64."""
    return (bias.astype(np.float64) - mean) * _factor(gamma, variance, epsilon) + beta


def _factor(gamma, variance, epsilon):
    return gamma / np.sqrt(variance.astype(np.float64) + epsilon)


def objectness(pairs):
    """[..., (background, object) per anchor] -> [..., anchor]: the logit whose sigmoid is the softmax of the object."""
    pairs = pairs.astype(np.float64)
    return pairs[..., 1::2] - pairs[..., 0::2]
