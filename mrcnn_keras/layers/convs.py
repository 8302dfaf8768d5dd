"""Rows of 3x3 convolutions with their normalisation, as the heads have them."""

import tensorflow as tf

from mrcnn_keras.layers.conv_norm import Conv2D, followed_by
from mrcnn_keras.layers.norm import apply_norm, keeps_bias, make_norm


def make_convs(count, channels, norm_kind, first="1", initializer="he_normal"):
    """`count` 3x3 convolutions conv1, conv2, ... and their normalisation norm1, norm2, ... (None for "none").

    first: what follows the name of the first; the next are always 2, 3, ...
    """
    ends = [first, *(str(i) for i in range(2, count + 1))][:count]
    convs = [
        Conv2D(
            channels,
            3,
            padding="same",
            kernel_initializer=initializer,
            use_bias=keeps_bias(norm_kind),
            name=f"conv{end}",
        )
        for end in ends
    ]
    norms = [make_norm(norm_kind, channels, f"norm{end}") for end in ends]
    for conv, norm in zip(convs, norms, strict=True):
        followed_by(conv, norm)
    return convs, norms


def build_convs(convs, norms, channels, out_channels):
    """Builds 3x3 convolutions and their normalisation one after the other; returns the channels at the end."""
    for conv, normalisation in zip(convs, norms, strict=True):
        conv.build((None, None, None, channels))
        channels = out_channels
        if normalisation is not None:
            normalisation.build((None, None, None, channels))
    return channels


def run_convs(convs, norms, x):
    """Convolution, normalisation and ReLU, one after the other. x [M, S, S, C]."""
    for conv, normalisation in zip(convs, norms, strict=True):
        x = tf.nn.relu(apply_norm(normalisation, conv(x)))
    return x
