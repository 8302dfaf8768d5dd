"""Which anchor or RoI is an object, which is background, and which of them a step learns from."""

import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops

# A candidate that lies in a crowd region by at least this share is neither object nor background: the rule by which
# COCO's evaluation ignores detections in crowds (intersection over the detection's own area), at its lowest threshold.
CROWD_SHARE = 0.5


def match(candidates, gt_boxes, gt_class_ids, positive_iou, negative_iou, rescue=False):
    """Compares candidates with the ground truth.

    candidates [B, K, 4]; without area: ignored. gt_boxes [B, G, 4]; gt_class_ids [B, G]: above 0 an object, 0 padding,
    below 0 a crowd region. rescue: each object's best candidates, ties included, are positive whatever their overlap
    (Ren et al. 2015, section 3.1.2). Returns labels [B, K] int32 (1 object, 0 background, -1 neither) and
    matched [B, K] int32, the index of the object with the largest overlap.
    """
    # One more padding slot, so that there is always something to take a maximum over.
    gt_boxes = tf.pad(gt_boxes, [[0, 0], [0, 1], [0, 0]])
    gt_class_ids = tf.pad(gt_class_ids, [[0, 0], [0, 1]])
    is_object = gt_class_ids > 0
    overlaps = tf.where(is_object[:, None, :], box_ops.iou(candidates, gt_boxes), -1.0)
    best = tf.reduce_max(overlaps, axis=-1)
    positive = best >= positive_iou
    negative = best < negative_iou
    if rescue:
        best_of_object = tf.reduce_max(overlaps, axis=1, keepdims=True)
        positive |= tf.reduce_any((overlaps == best_of_object) & (overlaps > 0), axis=-1)
    crowds = gt_boxes * tf.cast(gt_class_ids < 0, gt_boxes.dtype)[..., None]
    negative &= tf.reduce_max(box_ops.covered_share(candidates, crowds), axis=-1) < CROWD_SHARE
    labels = tf.where(positive, 1, tf.where(negative, 0, -1))
    labels = tf.where(box_ops.area(candidates) > 0, labels, -1)
    return labels, tf.argmax(overlaps, axis=-1, output_type=tf.int32)


def sample(labels, count, positive_count, keys):
    """A random choice of `count` candidates, of which at most `positive_count` are positive.

    labels [B, K] from match; keys [B, K] random in [0, 1). Background fills what positives leave; positives come
    first. Returns indices [B, count] int32 and their labels [B, count], -1 where there were too few candidates.
    """
    missing = tf.maximum(count - tf.shape(labels)[1], 0)
    labels = tf.pad(labels, [[0, 0], [0, missing]], constant_values=-1)
    keys = tf.pad(keys, [[0, 0], [0, missing]])
    positive_keys, positives = tf.math.top_k(tf.where(labels == 1, keys, -1.0), positive_count)
    negative_keys, negatives = tf.math.top_k(tf.where(labels == 0, keys, -1.0), count)
    positives_found = tf.reduce_sum(tf.cast(positive_keys >= 0, tf.int32), axis=-1, keepdims=True)
    negatives_found = tf.reduce_sum(tf.cast(negative_keys >= 0, tf.int32), axis=-1, keepdims=True)
    slots = tf.range(count)[None, :]
    is_positive = slots < positives_found
    is_negative = ~is_positive & (slots < positives_found + negatives_found)
    order = tf.where(is_positive, slots, positive_count + slots - positives_found)
    indices = tf.gather(tf.concat([positives, negatives], axis=1), order, batch_dims=1)
    chosen = tf.where(is_positive, 1, tf.where(is_negative, 0, -1))
    return tf.where(chosen >= 0, indices, 0), chosen
