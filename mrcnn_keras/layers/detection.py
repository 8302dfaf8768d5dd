"""DetectionLayer: from class scores and box deltas of proposals to the detections of a picture."""

import keras
import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops
from mrcnn_keras.ops import suppression as nms_ops
from mrcnn_keras.ops.mask_maps import MAP_KINDS
from mrcnn_keras.ops.portability import places_of, wants_portable


@keras.saving.register_keras_serializable("mrcnn_keras")
class DetectionLayer(keras.layers.Layer):
    """Turns class scores and box deltas of proposals into detections, without duplicates after NMS per class.

    A RoI may be detected as several classes, as in the paper.

    Args:
        max_instances: Integer N, the most detections per picture.
        min_confidence: Float, 0 to 1; only higher scores are detected.
        nms_threshold: Float, the overlap (IoU) above which NMS drops the worse of two detections of a class.
        nms_sigma: Float, 0: scores stay; otherwise those of detections that better ones of their class overlap fall,
            less so the larger it is, see `ops.suppression.decays`.
        std_dev: Four floats that the deltas were divided by.
        min_size: Float, network pixels; boxes with a smaller side are dropped.
        one_class: Boolean, whether a RoI is detected as its likeliest class only, and not where that is the background.

    Call arguments:
        rois: `[B, R, (y1, x1, y2, x2)]` float32, network pixels; boxes without area are padding.
        class_logits: `[B, R, C]` float32.
        deltas: `[B, R, C, (dy, dx, log dh, log dw)]` float32.
        window: `[B, 2]` or `[B, 4]`, what boxes are clipped to, see `ops.boxes.clip`.

    Returns:
        Dict of `boxes` `[B, N, 4]` float32, network pixels, `class_ids` `[B, N]` int32 (0 is padding), `scores`
        `[B, N]` float32, best first, and `num_detections` `[B]` int32.
    """

    def __init__(
        self,
        max_instances=100,
        min_confidence=0.05,
        nms_threshold=0.5,
        nms_sigma=0.0,
        std_dev=(0.1, 0.1, 0.2, 0.2),
        min_size=1e-2,
        one_class=False,
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.max_instances, self.min_confidence = max_instances, min_confidence
        self.nms_threshold, self.nms_sigma = nms_threshold, nms_sigma
        self.std_dev, self.min_size, self.one_class = tuple(std_dev), min_size, one_class

    def compute_output_spec(self, rois, class_logits, deltas, window):
        found = rois.shape[0], self.max_instances
        return {
            "boxes": keras.KerasTensor((*found, 4)),
            "class_ids": keras.KerasTensor(found, "int32"),
            "scores": keras.KerasTensor(found),
            "num_detections": keras.KerasTensor(found[:1], "int32"),
        }

    def call(self, rois, class_logits, deltas, window):
        boxes = box_ops.decode(deltas, rois[:, :, None, :], self.std_dev)
        boxes = box_ops.clip(boxes, window[:, None, :])
        scores = tf.nn.softmax(class_logits, axis=-1)
        sides = boxes[..., 2:] - boxes[..., :2]
        real = tf.reduce_all(sides >= self.min_size, axis=-1) & (box_ops.area(rois) > 0)[..., None]
        if self.one_class:
            real &= scores == tf.reduce_max(scores, axis=-1, keepdims=True)
        scores = tf.where(real & (scores > self.min_confidence), scores, nms_ops.DROPPED)

        # One row of NMS for each picture and class but the background.
        foreground = class_logits.shape[-1] - 1
        batch, count = tf.shape(rois)[0], rois.shape[1]
        boxes = tf.reshape(tf.transpose(boxes[:, :, 1:], [0, 2, 1, 3]), [-1, count, 4])
        scores = tf.reshape(tf.transpose(scores[:, :, 1:], [0, 2, 1]), [-1, count])
        # Where scores fall, twice as many are looked at: the best before are not the best after.
        candidates = self.max_instances * (2 if self.nms_sigma else 1)
        limit = min(candidates, count)
        indices, kept = nms_ops.batched_nms(boxes, scores, limit, self.nms_threshold)
        boxes = tf.reshape(tf.gather(boxes, indices, batch_dims=1), [batch, foreground * limit, 4])
        scores = tf.where(kept, tf.gather(scores, indices, batch_dims=1), nms_ops.DROPPED)
        scores = tf.reshape(scores, [batch, foreground * limit])

        missing = max(candidates - foreground * limit, 0)
        boxes = tf.pad(boxes, [[0, 0], [0, missing], [0, 0]])
        scores = tf.pad(scores, [[0, 0], [0, missing]], constant_values=nms_ops.DROPPED)
        scores, order = tf.math.top_k(scores, candidates)
        boxes, class_ids = tf.gather(boxes, order, batch_dims=1), order // limit + 1
        if self.nms_sigma:
            scores *= nms_ops.decays(boxes, class_ids, self.nms_sigma)
            scores = tf.where(scores > self.min_confidence, scores, nms_ops.DROPPED)
            scores, order = tf.math.top_k(scores, self.max_instances)
            boxes, class_ids = (tf.gather(values, order, batch_dims=1) for values in (boxes, class_ids))
        found = scores > nms_ops.DROPPED
        return {
            "boxes": tf.where(found[..., None], boxes, 0.0),
            "class_ids": tf.where(found, class_ids, 0),
            "scores": tf.where(found, scores, 0.0),
            "num_detections": tf.reduce_sum(tf.cast(found, tf.int32), axis=-1),
        }


@keras.saving.register_keras_serializable("mrcnn_keras")
class FlattenDetections(keras.layers.Layer):
    """Lists the real detections of a batch, so that the mask and keypoint heads work on no padding.

    In a portable graph the list is never empty: a picture without detections gives its first row of padding. XLA has no
    lists of dynamic length: there it has all rows.

    Call arguments:
        boxes: `[B, N, 4]` float32.
        class_ids: `[B, N]` int32; 0 is padding.

    Returns:
        Dict of `boxes` `[M, 4]`, `images` `[M]` int32, the index of each picture, and `class_ids` `[M]`.
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, boxes, class_ids):
        where = _places(class_ids)
        return {
            "boxes": tf.gather_nd(boxes, where),
            "images": tf.cast(where[:, 0], tf.int32),
            "class_ids": tf.gather_nd(class_ids, where),
        }


@keras.saving.register_keras_serializable("mrcnn_keras")
class DetectionMasks(keras.layers.Layer):
    """Puts the mask probabilities of each detection's own class back at the detection's place.

    Args:
        kind: String, what the logits mean, a key of `ops.mask_maps.MAP_KINDS`.

    Call arguments:
        logits: `[M, h, w, C]` float32.
        flat_class_ids: `[M]` int32, class ids of the same rows.
        class_ids: `[B, N]` int32, class ids of the detections.

    Returns:
        `[B, N, h, w]` float32, 0 to 1, zeros for padding.
    """

    def __init__(self, kind="sigmoid", **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.kind = kind

    def call(self, logits, flat_class_ids, class_ids):
        return in_places_of_detections(MAP_KINDS[self.kind].probabilities(logits, flat_class_ids), class_ids)


def in_places_of_detections(rows, class_ids):
    """The opposite of FlattenDetections: rows [M, ...], class_ids [B, N] -> [B, N, ...], zeros for padding."""
    shape = tf.concat([tf.shape(class_ids, out_type=tf.int64), tf.shape(rows, out_type=tf.int64)[1:]], axis=0)
    placed = tf.scatter_nd(_places(class_ids), rows, shape)
    if wants_portable():
        real = tf.reshape(class_ids > 0, [*tf.unstack(tf.shape(class_ids)), *[1] * (len(rows.shape) - 1)])
        placed = tf.where(real, placed, 0.0)
    return tf.ensure_shape(placed, [None, class_ids.shape[1], *rows.shape[1:]])


def _places(class_ids):
    """class_ids [B, N] -> the places [M, (picture, row)] int64 of what FlattenDetections lists, in order."""
    listed = class_ids > 0
    if wants_portable():  # TFLite refuses some operations on nothing
        none = ~tf.reduce_any(listed, axis=1, keepdims=True)
        listed |= none & (tf.range(class_ids.shape[1]) == 0)
    return places_of(listed)
