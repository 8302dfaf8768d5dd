"""From a photograph to the network's picture, as tensors: the twin of resize.py that a SavedModel carries."""

import tensorflow as tf


def plan_resize(height, width, *, mode, min_dim, max_dim, scale=1.0, limit=None, multiple=32):
    """Sizes of the resized picture and of the padded network picture; the rule is resize.plan_resize's.

    height, width: int32 scalars. Returns two int32 tensors (height, width).
    """
    size = tf.cast(tf.stack([height, width]), tf.float64)
    longest = tf.reduce_max(size)
    if mode == "crop":
        factor = tf.constant(scale, tf.float64)
        factor = factor if limit is None else tf.minimum(factor, limit / longest)
    else:
        factor = tf.minimum(min_dim / tf.reduce_min(size), max_dim / longest)
    resized = tf.maximum(tf.cast(tf.floor(size * factor + 0.5), tf.int32), 1)
    if mode == "square":
        return resized, tf.constant([max_dim, max_dim])
    return resized, -(-resized // multiple) * multiple


def resize_images(images, resized, network, antialias):
    """images [B, H, W, 3] uint8 or float -> [B, network height, network width, 3] float32, zeros right and below."""
    images = tf.image.resize(images, resized, method="bilinear", antialias=antialias)
    missing = network - resized
    return tf.pad(images, [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]])
