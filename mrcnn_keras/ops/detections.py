"""Found objects as padded tensors."""

import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops


def without_empty(found):
    """Detections whose boxes have an area come first, in their order; the others become padding.

    found: dict of boxes [B, N, 4], class_ids [B, N], num_detections [B] and others [B, N, ...]; returns the same.
    """
    real = (found["class_ids"] > 0) & (box_ops.area(found["boxes"]) > 0)
    order = tf.argsort(tf.cast(~real, tf.int32), axis=-1, stable=True)
    real = tf.gather(real, order, batch_dims=1)
    kept = {"num_detections": tf.reduce_sum(tf.cast(real, tf.int32), axis=-1)}
    for name, value in found.items():
        if name not in kept:
            rank = len(value.shape) - 2
            moved = tf.gather(value, order, batch_dims=1)
            kept[name] = tf.where(tf.reshape(real, [*tf.unstack(tf.shape(real)), *[1] * rank]), moved, 0)
    return kept
