"""The three kinds of normalisation after a convolution."""

import keras
import tensorflow as tf

from mrcnn_keras.ops.own_graph import in_own_graph

# Of the moving statistics of trainable batch norm: they follow some 30 steps, so that a hundred steps are enough.
MOMENTUM = 0.97


@keras.saving.register_keras_serializable("mrcnn_keras")
class GroupNorm(keras.layers.GroupNormalization):
    """Keras's group normalisation of [B, h, w, C] with another order of work.

    Keras reshapes to [B, h, w, groups, C / groups] and reduces over three of the axes, which TensorFlow does slowly on
    a CPU. Here each channel is summed first, then the channels of a group, and the result is one factor and one
    offset per channel: a half to a fifth of the time, the same numbers up to rounding. Training has a gradient of the
    same form, which keeps nothing but the inputs.
    """

    def call(self, inputs, training=None):
        gamma, beta = (tf.cast(values, tf.float32) for values in (self.gamma, self.beta))
        arguments = inputs, gamma, beta, self.groups, self.epsilon
        return _of_groups(*arguments) if training else _by_groups(*arguments)[0]


def _by_groups(x, gamma, beta, groups, epsilon):
    """x normalised; and the mean and the inverse deviation of each channel's group, and its factor, `[B, 1, 1, C]`."""
    values = tf.cast(x, tf.float32)
    mean, square = (_mean_of_groups(tf.reduce_mean(v, axis=[1, 2]), groups) for v in (values, values * values))
    inverse = tf.math.rsqrt(tf.maximum(square - mean * mean, 0.0) + epsilon)
    factor = inverse * gamma
    return tf.cast(values * factor + (beta - mean * factor), x.dtype), mean, inverse, factor


def _mean_of_groups(values, groups):
    """[B, C] -> [B, 1, 1, C], each the mean of its group."""
    channels = values.shape[-1]
    each = channels // groups
    means = tf.reduce_mean(tf.reshape(values, [-1, groups, each]), axis=-1, keepdims=True)
    # (tf.repeat would be 30 operations, more than all others of the norm.)
    return tf.reshape(means * tf.ones([each]), [-1, 1, 1, channels])


@in_own_graph
@tf.custom_gradient
def _of_groups(x, gamma, beta, groups, epsilon):
    """x [B, h, w, C] normalised by the mean and the variance of each of its groups of channels."""
    output, mean, inverse, factor = _by_groups(x, gamma, beta, groups, epsilon)

    def gradient(upstream):
        upstream, inputs = (tf.cast(values, tf.float32) for values in (upstream, x))
        along_beta = tf.reduce_mean(upstream, axis=[1, 2], keepdims=True)
        along_gamma = (tf.reduce_mean(upstream * inputs, axis=[1, 2], keepdims=True) - mean * along_beta) * inverse
        shift, slope = (
            inverse * _mean_of_groups((values * gamma)[:, 0, 0], groups) for values in (along_beta, along_gamma)
        )
        slope *= inverse
        along_x = upstream * factor - inputs * slope + (mean * slope - shift)
        cells = tf.cast(tf.reduce_prod(tf.shape(x)[1:3]), tf.float32)
        of_weights = (tf.reduce_sum(values, axis=[0, 1, 2]) * cells for values in (along_gamma, along_beta))
        return tf.cast(along_x, x.dtype), *of_weights, None, None

    return output, gradient


@keras.saving.register_keras_serializable("mrcnn_keras")
class BatchNorm(keras.layers.BatchNormalization):
    """Keras's batch normalisation of [..., C] over the last axis, with sums that are ten times as exact in training.

    TensorFlow adds up all cells of a channel one after the other, in float32. Here the sums go axis by axis, so that
    few numbers are added to a large one, also those of the gradient; each batch norm magnifies the errors of those
    before it. In half precision, whose numbers are a thousand times as rough as these sums, it is TensorFlow's fused
    operation, in a quarter of the time.
    """

    in_convolution = False  # whether the convolution before it does its work while it is fixed, see conv_norm.py

    def is_fixed(self, training):
        """Whether it takes the moving statistics and changes nothing."""
        return not training or not self.trainable

    def factor_and_offset(self):
        """What it does while it is fixed: `[C]` float32 each."""
        factor = tf.convert_to_tensor(self.gamma) / tf.sqrt(self.moving_variance + self.epsilon)
        return factor, self.beta - self.moving_mean * factor

    def call(self, inputs, training=None, mask=None):
        if self.is_fixed(training):
            return inputs if self.in_convolution else super().call(inputs, training=training, mask=mask)
        is_rough = inputs.dtype.size == 2
        x = inputs if is_rough else tf.cast(inputs, tf.float32)
        gamma, beta = (tf.cast(value, tf.float32) for value in (self.gamma, self.beta))
        output, mean, variance = (_of_rough_batch if is_rough else _of_batch)(x, gamma, beta, self.epsilon)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + tf.cast(value, moving.dtype) * (1.0 - self.momentum))
        return tf.cast(output, inputs.dtype)


@in_own_graph
@tf.custom_gradient
def _of_batch(x, gamma, beta, epsilon):
    """x [..., C] normalised by its own mean and variance, and these two [C]; no gradient goes through the two."""
    mean = _mean_of_channels(x)
    variance = _mean_of_channels((x - mean) ** 2)
    inverse = 1.0 / tf.sqrt(variance + epsilon)

    def gradient(upstream, *_):
        normalized = (x - mean) * inverse
        along_beta, along_gamma = _mean_of_channels(upstream), _mean_of_channels(upstream * normalized)
        cells = tf.cast(tf.size(x) // tf.shape(x)[-1], x.dtype)
        along_x = (upstream - along_beta - normalized * along_gamma) * (gamma * inverse)
        return along_x, along_gamma * cells, along_beta * cells, None

    return ((x - mean) * (inverse * gamma) + beta, mean, variance), gradient


def _of_rough_batch(x, gamma, beta, epsilon):
    """As `_of_batch`, for x [B, h, w, C] of half precision."""
    output, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=gamma, offset=beta, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    cells = tf.cast(tf.size(x) // tf.shape(x)[-1], tf.float32)
    return output, mean, variance * (1.0 - 1.0 / cells)  # TensorFlow's is that of a sample


def _mean_of_channels(x):
    """[..., C] -> [C]"""
    while x.shape.rank > 1:
        x = tf.reduce_mean(x, axis=-2)
    return x


def make_norm(kind, channels, name, epsilon=1e-5, groups=32):
    """Makes a normalisation layer.

    Args:
        kind: String, `"none"`, `"frozen_bn"` (batch norm with fixed statistics and weights), `"bn"` (trainable batch
            norm) or `"gn"` (group norm, Wu and He 2018).
        channels: Integer, channels of what is normalised.
        name: String, the layer's name.
        epsilon: Float, added to the variance.
        groups: Integer, groups of group norm; there are fewer where a group would have less than 4 channels or groups
            would be unequal.

    Returns:
        A layer, or `None` for `"none"`.
    """
    if kind == "none":
        return None
    if kind == "gn":
        most = max(1, min(groups, channels // 4))
        groups = next(count for count in range(most, 0, -1) if channels % count == 0)
        return GroupNorm(groups, epsilon=epsilon, name=name)
    layer = BatchNorm(epsilon=epsilon, momentum=MOMENTUM, name=name)
    layer.trainable = kind == "bn"
    return layer


def keeps_bias(kind):
    """Whether a head's convolution before make_norm(kind, ...) has a bias: batch norm makes one superfluous."""
    return kind in ("none", "gn")


def apply_norm(layer, x):
    """Normalises by a layer of `make_norm`.

    Args:
        layer: The layer, or `None`.
        x: `[B, h, w, C]`.

    Returns:
        The layer's output, or `x` itself where there is no layer.
    """
    return x if layer is None else layer(x)
