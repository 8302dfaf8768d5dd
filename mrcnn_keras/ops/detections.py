"""Found objects as padded tensors."""

import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops


def without_empty(found):
    """Detections whose boxes have an area come first, in their order; the others become padding.

    found: dict of boxes [B, N, 4], class_ids [B, N], num_detections [B] and others [B, N, ...]; returns the same.
    """
    return _first(found, (found["class_ids"] > 0) & (box_ops.area(found["boxes"]) > 0))


def limited(found, min_score, max_count):
    """Detections that score at least min_score, and of each picture no more than max_count; the others become padding.

    found: as above, best first; min_score float32 and max_count int32: [B] or one number. As suppression goes from the
    best downwards, these are the detections of a network with these limits (with DETECTION_NMS_SIGMA, of one with that
    score).
    """
    ranks = tf.range(tf.shape(found["class_ids"])[1])
    high = found["scores"] >= _of_each_picture(min_score, found)
    return _first(found, (found["class_ids"] > 0) & high & (ranks < _of_each_picture(max_count, found)))


def _of_each_picture(value, found):
    """[B] or one number -> [B, 1]."""
    return tf.broadcast_to(tf.reshape(value, [-1]), tf.shape(found["class_ids"])[:1])[:, None]


def _first(found, real):
    """The rows of `found` in which real [B, N] is true come first, in their order; the others become padding."""
    order = tf.argsort(tf.cast(~real, tf.int32), axis=-1, stable=True)
    real = tf.gather(real, order, batch_dims=1)
    kept = {"num_detections": tf.reduce_sum(tf.cast(real, tf.int32), axis=-1)}
    for name, value in found.items():
        if name not in kept:
            rank = len(value.shape) - 2
            moved = tf.gather(value, order, batch_dims=1)
            kept[name] = tf.where(tf.reshape(real, [*tf.unstack(tf.shape(real)), *[1] * rank]), moved, 0)
    return kept
