"""The parts of L = L_cls + L_box + L_mask (He et al. 2017, section 3) for the RPN and for the heads, and L_keypoint.

Means run over all sampled anchors or RoIs of the batch, as in torchvision; a batch without any gives 0. Under
tf.distribute the batch is that of all replicas together: each divides its sum by the mean count of a replica, so that
the mean over the replicas is that of the whole batch.
"""

import tensorflow as tf

from mrcnn_keras.ops.mask_maps import MAP_KINDS
from mrcnn_keras.ops.replicas import mean_of_replicas


def smooth_l1(difference, beta):
    """0.5 d^2 / beta below beta, |d| - 0.5 beta above (Girshick 2015, equation 3, with beta); beta 0 is |d|."""
    distance = tf.abs(difference)
    if beta == 0:
        return distance
    return tf.where(distance < beta, 0.5 * tf.square(distance) / beta, distance - 0.5 * beta)


def _mean(values, weights):
    return _share(tf.reduce_sum(values * weights), tf.reduce_sum(weights))


def _share(total, count):
    return tf.math.divide_no_nan(total, mean_of_replicas(count))


def objectness_loss(logits, labels):
    """Binary cross-entropy of sampled anchors. logits [...]; labels [...]: 1 object, 0 background, -1 not counted."""
    counted = tf.cast(labels >= 0, logits.dtype)
    targets = tf.cast(labels > 0, logits.dtype)
    return _mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits), counted)


def box_loss(deltas, target_deltas, labels, beta):
    """Smooth L1 over the four deltas of positives, divided by the number of all counted.

    deltas, target_deltas [..., 4]; labels [...]: above 0 positive, 0 background, -1 not counted.
    """
    loss = tf.reduce_sum(smooth_l1(deltas - target_deltas, beta), axis=-1)
    positive = tf.cast(labels > 0, loss.dtype)
    counted = tf.cast(labels >= 0, loss.dtype)
    return _share(tf.reduce_sum(loss * positive), tf.reduce_sum(counted))


def class_loss(logits, class_ids):
    """Softmax cross-entropy. logits [..., C]; class_ids [...]: 0 background, -1 not counted."""
    counted = tf.cast(class_ids >= 0, logits.dtype)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.maximum(class_ids, 0), logits=logits)
    return _mean(loss, counted)


def of_class(values, class_ids):
    """The part of the true class: values [..., C, D], class_ids [...] -> [..., D]. Ids below 0 give class 0's."""
    picked = tf.gather(values, tf.maximum(class_ids, 0)[..., None], batch_dims=len(class_ids.shape))
    return tf.squeeze(picked, axis=-2)


def mask_loss(logits, targets, class_ids, kind="sigmoid"):
    """Mean over all cells of all positive RoIs; none gives 0.

    logits [M, h, w, C]; targets [M, h, w] 0 or 1; class_ids [M] of the RoIs, 0 for one that does not count; kind: a key
    of ops.mask_maps.MAP_KINDS.
    """
    costs = MAP_KINDS[kind].costs(logits, targets, class_ids)
    counted = class_ids > 0
    costs = tf.where(counted[:, None, None], costs, 0.0)
    cells = tf.reduce_sum(tf.cast(counted, tf.int32)) * tf.reduce_prod(tf.shape(costs)[1:])
    return _share(tf.reduce_sum(costs), tf.cast(cells, costs.dtype))


def keypoint_loss(logits, cells):
    """Softmax cross-entropy over all cells of a map, mean over the keypoints that count; none gives 0 (section 5).

    logits [M, S, S, K], one map per keypoint; cells [M, K]: the right cell, row * S + column; -1: not counted.
    """
    maps = tf.transpose(logits, [0, 3, 1, 2])
    maps = tf.reshape(maps, [-1, logits.shape[3], logits.shape[1] * logits.shape[2]])
    return class_loss(maps, cells)
