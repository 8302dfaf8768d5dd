"""The three kinds of normalisation after a convolution."""

import keras


def norm(kind, channels, name, epsilon=1e-5, groups=32):
    """A normalisation layer, or None for "none".

    "frozen_bn": batch norm with fixed statistics and weights; "bn": trainable batch norm; "gn": group norm with 32
    groups (Wu and He 2018), fewer where a group would have less than 4 channels or groups would be unequal.
    """
    if kind == "none":
        return None
    if kind == "gn":
        most = max(1, min(groups, channels // 4))
        groups = next(count for count in range(most, 0, -1) if channels % count == 0)
        return keras.layers.GroupNormalization(groups, epsilon=epsilon, name=name)
    layer = keras.layers.BatchNormalization(epsilon=epsilon, momentum=0.9, name=name)
    layer.trainable = kind == "bn"
    return layer


def apply_norm(layer, x):
    """The layer's answer, or x itself where norm gave None."""
    return x if layer is None else layer(x)
