"""Proposals: from the region proposal network's outputs, or from outside, to a short list of boxes."""

import keras
import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops
from mrcnn_keras.ops import suppression as nms_ops


@keras.saving.register_keras_serializable("mrcnn_keras")
class ProposalLayer(keras.layers.Layer):
    """Moves the best anchors of each level by their deltas and drops duplicates by NMS.

    Args:
        pre_nms_limit: Integer, best anchors per level that NMS takes.
        post_nms_limit: Integer R, proposals of all levels together.
        nms_threshold: Float, the overlap (IoU) above which NMS drops the worse of two proposals.
        std_dev: Four floats that the deltas were divided by.
        min_size: Float, network pixels; boxes with a smaller side are dropped.
        per_level: Boolean; `False`: the limit before NMS, and NMS itself, are over all levels together.
        score: String, what NMS and the last choice order by, `"logit"` or `"sigmoid"`.

    Call arguments:
        logits: List over levels of `[B, A_l]` float32.
        deltas: List over levels of `[B, A_l, (dy, dx, log dh, log dw)]` float32.
        anchors: List over levels of `[A_l, (y1, x1, y2, x2)]` float32, network pixels.
        window: `[B, 2]` or `[B, 4]`, what boxes are clipped to, see `ops.boxes.clip`.

    Returns:
        `[B, R, 4]` float32, network pixels, best first, zeros after the last.
    """

    def __init__(
        self,
        pre_nms_limit=1000,
        post_nms_limit=1000,
        nms_threshold=0.7,
        std_dev=(1.0, 1.0, 1.0, 1.0),
        min_size=1e-3,
        per_level=True,
        score="logit",
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.pre_nms_limit, self.post_nms_limit = pre_nms_limit, post_nms_limit
        self.nms_threshold, self.std_dev, self.min_size = nms_threshold, tuple(std_dev), min_size
        self.per_level, self.score = per_level, score

    def compute_output_spec(self, logits, deltas, anchors, window):
        return keras.KerasTensor((logits[0].shape[0], self.post_nms_limit, 4))

    def call(self, logits, deltas, anchors, window):
        if not self.per_level:
            logits, deltas, anchors = [tf.concat(logits, 1)], [tf.concat(deltas, 1)], [tf.concat(anchors, 0)]
        best = [self._best_of_level(*level) for level in zip(logits, deltas, anchors, strict=True)]
        boxes, scores = (tf.concat(parts, axis=1) for parts in zip(*best, strict=True))
        boxes = box_ops.clip(boxes, window)
        sides = boxes[..., 2:] - boxes[..., :2]
        large = tf.reduce_all(sides >= self.min_size, axis=-1) & (box_ops.area(boxes) > 0)
        boxes, scores = self._without_duplicates(boxes, tf.where(large, scores, nms_ops.DROPPED), len(best))
        missing = max(self.post_nms_limit - scores.shape[1], 0)
        boxes = tf.pad(boxes, [[0, 0], [0, missing], [0, 0]])
        scores = tf.pad(scores, [[0, 0], [0, missing]], constant_values=nms_ops.DROPPED)
        scores, order = tf.math.top_k(scores, self.post_nms_limit)
        boxes = tf.gather(boxes, order, batch_dims=1)
        boxes = tf.where(scores[..., None] > nms_ops.DROPPED, boxes, 0.0)
        return tf.stop_gradient(boxes)

    def _best_of_level(self, logits, deltas, anchors):
        """-> boxes [B, K, 4] and scores [B, K] of the K = pre_nms_limit best anchors, DROPPED after the last."""
        count = tf.minimum(self.pre_nms_limit, tf.shape(logits)[1])
        scores, order = tf.math.top_k(logits, count)
        scores = tf.sigmoid(scores) if self.score == "sigmoid" else scores
        boxes = box_ops.decode(tf.gather(deltas, order, batch_dims=1), tf.gather(anchors, order), self.std_dev)
        missing = [0, self.pre_nms_limit - count]  # so that one loop suppresses in all levels
        boxes = tf.pad(boxes, [[0, 0], missing, [0, 0]])
        return boxes, tf.pad(scores, [[0, 0], missing], constant_values=nms_ops.DROPPED)

    def _without_duplicates(self, boxes, scores, levels):
        """boxes [B, levels * K, 4], scores [B, levels * K] -> what NMS leaves of each level, padded with DROPPED."""
        boxes = tf.reshape(boxes, [-1, self.pre_nms_limit, 4])
        scores = tf.reshape(scores, [-1, self.pre_nms_limit])
        limit = min(self.pre_nms_limit, self.post_nms_limit)
        indices, kept = nms_ops.batched_nms(boxes, scores, limit, self.nms_threshold)
        scores = tf.where(kept, tf.gather(scores, indices, batch_dims=1), nms_ops.DROPPED)
        boxes = tf.gather(boxes, indices, batch_dims=1)
        return tf.reshape(boxes, [-1, levels * limit, 4]), tf.reshape(scores, [-1, levels * limit])


@keras.saving.register_keras_serializable("mrcnn_keras")
class GivenProposalsLayer(keras.layers.Layer):
    """Brings proposals of another method (Girshick 2015) to the form of `ProposalLayer`'s.

    Args:
        limit: Integer R; the first R of each picture are taken.
        min_size: Float, network pixels; boxes with a smaller side are dropped.
        corners: String, the rule of the output, a key of `ops.boxes.CORNERS`.

    Call arguments:
        boxes: `[B, any, (y1, x1, y2, x2)]` float32, edges in network pixels, best first.
        window: `[B, 2]` or `[B, 4]`, what boxes are clipped to, see `ops.boxes.clip`.

    Returns:
        `[B, R, 4]` float32, zeros in place of dropped boxes and after the last.
    """

    def __init__(self, limit=1000, min_size=1e-3, corners="edge", **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.limit, self.min_size, self.corners = limit, min_size, corners

    def call(self, boxes, window):
        boxes = boxes[:, : self.limit]
        boxes = tf.pad(boxes, [[0, 0], [0, self.limit - tf.shape(boxes)[1]], [0, 0]])
        boxes = box_ops.clip(box_ops.encode_corners(boxes, self.corners), window)
        sides = boxes[..., 2:] - boxes[..., :2]
        large = tf.reduce_all(sides >= self.min_size, axis=-1) & (box_ops.area(boxes) > 0)
        boxes = tf.where(large[..., None], boxes, 0.0)
        return tf.stop_gradient(tf.ensure_shape(boxes, [None, self.limit, 4]))
