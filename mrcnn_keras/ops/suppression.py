"""Non-maximum suppression."""

import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops

# Score of what must never be kept. NonMaxSuppressionV4 keeps scores strictly above its threshold.
DROPPED = float("-inf")


def nms(boxes, scores, max_output, iou_threshold):
    """Greedy suppression in one image: a box goes when it overlaps a better one by more than the threshold.

    boxes [N, 4], scores [N] (DROPPED: never kept). Returns indices [max_output] int32, best first, and kept
    [max_output] bool; indices where kept is False are 0.
    """
    indices, count = tf.raw_ops.NonMaxSuppressionV4(
        boxes=boxes,
        scores=scores,
        max_output_size=max_output,
        iou_threshold=tf.constant(iou_threshold, tf.float32),
        score_threshold=tf.constant(tf.float32.min, tf.float32),
        pad_to_max_output_size=True,
    )
    kept = tf.range(max_output) < count
    indices = tf.ensure_shape(indices, [max_output])
    return tf.where(kept, indices, 0), kept


def batched_nms(boxes, scores, max_output, iou_threshold):
    """nms for each row: boxes [K, N, 4], scores [K, N], N static -> indices [K, max_output], kept [K, max_output]."""
    missing = max(max_output - scores.shape[1], 0)  # XLA keeps no more boxes than there are
    boxes = tf.pad(boxes, [[0, 0], [0, missing], [0, 0]])
    scores = tf.pad(scores, [[0, 0], [0, missing]], constant_values=DROPPED)
    return tf.map_fn(
        lambda row: nms(row[0], row[1], max_output, iou_threshold),
        (boxes, scores),
        fn_output_signature=(tf.TensorSpec([max_output], tf.int32), tf.TensorSpec([max_output], tf.bool)),
    )


def decays(boxes, class_ids, sigma):
    """Factors for the scores of boxes that better ones overlap: Matrix NMS, with its Gaussian penalty.

    The most that one better box of the class takes away, less what an even better one takes away from that box itself
    (Wang et al. 2020, "SOLOv2", equations 4 and 5). boxes [B, N, 4] and class_ids [B, N], best first; sigma: the
    larger, the smaller the effect. Returns [B, N], 0 to 1.
    """
    places = tf.range(boxes.shape[1])
    better = tf.expand_dims(places, 1) < tf.expand_dims(places, 0)
    better &= tf.expand_dims(class_ids, 2) == tf.expand_dims(class_ids, 1)
    overlaps = tf.where(better, box_ops.iou(boxes, boxes), 0.0)
    excused = tf.expand_dims(tf.reduce_max(overlaps, axis=1), 2)
    return tf.reduce_min(tf.where(better, tf.exp((excused**2 - overlaps**2) / sigma), 1.0), axis=1)
