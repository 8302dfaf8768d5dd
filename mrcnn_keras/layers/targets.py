"""Training targets, made in the graph: which anchors and RoIs are learnt from, and what their outputs should be."""

import keras
import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops
from mrcnn_keras.ops import masks as mask_ops
from mrcnn_keras.ops import matching
from mrcnn_keras.ops.portability import places_of
from mrcnn_keras.ops.replicas import own_rows


class _Sampler(keras.layers.Layer):
    """A layer that draws random numbers from (seed, steps taken): a resumed training draws what it would have drawn.

    Outside training the numbers are those of step 0, so that validation losses are comparable. Under tf.distribute a
    replica draws what one device would draw for its pictures.
    """

    def __init__(self, seed=0, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.seed = seed
        self.step = self.add_weight(
            name="step", shape=(), dtype="int32", initializer="zeros", trainable=False, aggregation="only_first_replica"
        )

    def random(self, shape, training):
        """Uniform numbers in [0, 1), new ones each training step."""
        step = tf.convert_to_tensor(self.step)
        if training:
            self.step.assign_add(1)
        else:
            step = tf.zeros_like(step)
        seed = tf.stack([self.seed, step])
        return own_rows(lambda shape: uniform(shape, seed), shape, equal=training)  # full batches


def uniform(shape, seed):
    """tf.random.stateless_uniform(shape, seed) float32, with the same numbers under XLA.

    XLA makes other numbers of the same random bits, and by default has another algorithm.
    """
    bits = tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=tf.int32, alg="philox")
    return tf.cast(tf.bitwise.bitwise_and(bits, (1 << 23) - 1), tf.float32) * 2.0**-23


@keras.saving.register_keras_serializable("mrcnn_keras")
class AnchorTargetLayer(_Sampler):
    """Samples the anchors that the RPN learns from (Ren et al. 2015, sections 3.1.2 and 3.1.3).

    Args:
        anchors_per_image: Integer K.
        positive_ratio: Float, share of positives among them, at most.
        positive_iou: Float; an anchor with at least this overlap is an object.
        negative_iou: Float; an anchor with less than this overlap is background.
        std_dev: Four floats that deltas are divided by.
        seed: Integer, of the random choice.

    Call arguments:
        anchors: List over levels of `[A_l, (y1, x1, y2, x2)]` float32, network pixels.
        gt_boxes: `[B, G, 4]` float32, network pixels.
        gt_class_ids: `[B, G]` int32; 0 is padding, below 0 a crowd region.

    Returns:
        Dict of `indices` `[B, K]` into all anchors, `labels` `[B, K]` (1 object, 0 background, -1 none) and `deltas`
        `[B, K, 4]` of objects.
    """

    def __init__(
        self,
        anchors_per_image=256,
        positive_ratio=0.5,
        positive_iou=0.7,
        negative_iou=0.3,
        std_dev=(1.0, 1.0, 1.0, 1.0),
        seed=1,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        self.anchors_per_image, self.positive_ratio = anchors_per_image, positive_ratio
        self.positive_iou, self.negative_iou, self.std_dev = positive_iou, negative_iou, tuple(std_dev)

    def compute_output_spec(self, anchors, gt_boxes, gt_class_ids, training=False):
        sampled = gt_boxes.shape[0], self.anchors_per_image
        whole = {name: keras.KerasTensor(sampled, "int32") for name in ("indices", "labels")}
        return {**whole, "deltas": keras.KerasTensor((*sampled, 4))}

    def call(self, anchors, gt_boxes, gt_class_ids, training=False):
        anchors = tf.concat(anchors, axis=0)
        labels, matched = matching.match(
            anchors[None], gt_boxes, gt_class_ids, self.positive_iou, self.negative_iou, rescue=True
        )
        keys = self.random(tf.shape(labels), training)
        positives = round(self.anchors_per_image * self.positive_ratio)
        indices, labels = matching.sample(labels, self.anchors_per_image, positives, keys)
        boxes = tf.gather(
            tf.pad(gt_boxes, [[0, 0], [0, 1], [0, 0]]), tf.gather(matched, indices, batch_dims=1), batch_dims=1
        )
        deltas = box_ops.encode(boxes, tf.gather(anchors, indices), self.std_dev)
        deltas = tf.where(labels[..., None] > 0, deltas, 0.0)
        return {"indices": indices, "labels": labels, "deltas": deltas}


@keras.saving.register_keras_serializable("mrcnn_keras")
class RoITargetLayer(_Sampler):
    """Samples the RoIs that the heads learn from; annotated boxes are among the candidates.

    Args:
        rois_per_image: Integer K.
        positive_ratio: Float, share of positives among them, at most.
        positive_iou: Float; a RoI with at least this overlap is positive.
        std_dev: Four floats that deltas are divided by.
        seed: Integer, of the random choice.

    Call arguments:
        proposals: `[B, R, (y1, x1, y2, x2)]` float32, network pixels.
        gt_boxes: `[B, G, 4]` float32, network pixels.
        gt_class_ids: `[B, G]` int32; 0 is padding, below 0 a crowd region.

    Returns:
        Dict of `rois` `[B, K, 4]`, `class_ids` `[B, K]` (0 background, -1 none), `deltas` `[B, K, 4]` of positives, and
        the M positives of the whole batch in one list, for the other heads: `positive_places` `[M, (picture, index in
        K)]`, `positive_rois` `[M, 4]`, `positive_images` `[M]`, `positive_gt` `[M]`, `positive_class_ids` `[M]`. Under
        XLA the list has a row for every positive that there could be; unused rows have a class below 1.
    """

    def __init__(
        self, rois_per_image=512, positive_ratio=0.25, positive_iou=0.5, std_dev=(0.1, 0.1, 0.2, 0.2), seed=2, **kwargs
    ):
        super().__init__(seed=seed, **kwargs)
        self.rois_per_image, self.positive_ratio = rois_per_image, positive_ratio
        self.positive_iou, self.std_dev = positive_iou, tuple(std_dev)

    def compute_output_spec(self, proposals, gt_boxes, gt_class_ids, training=False):
        sampled = gt_boxes.shape[0], self.rois_per_image
        boxes = {name: keras.KerasTensor((*sampled, 4)) for name in ("rois", "deltas")}
        ids = {f"positive_{name}": keras.KerasTensor((None,), "int32") for name in ("images", "gt", "class_ids")}
        places, positives = keras.KerasTensor((None, 2), "int64"), keras.KerasTensor((None, 4))
        ids |= {"class_ids": keras.KerasTensor(sampled, "int32")}
        return {**boxes, **ids, "positive_places": places, "positive_rois": positives}

    def call(self, proposals, gt_boxes, gt_class_ids, training=False):
        objects = gt_boxes * tf.cast(gt_class_ids > 0, gt_boxes.dtype)[..., None]
        candidates = tf.concat([proposals, objects], axis=1)
        labels, matched = matching.match(candidates, gt_boxes, gt_class_ids, self.positive_iou, self.positive_iou)
        keys = self.random(tf.shape(labels), training)
        positives = round(self.rois_per_image * self.positive_ratio)
        indices, labels = matching.sample(labels, self.rois_per_image, positives, keys)
        rois = tf.gather(candidates, indices, batch_dims=1)
        gt_indices = tf.gather(matched, indices, batch_dims=1)
        boxes = tf.gather(tf.pad(gt_boxes, [[0, 0], [0, 1], [0, 0]]), gt_indices, batch_dims=1)
        matched_ids = tf.gather(tf.pad(gt_class_ids, [[0, 0], [0, 1]]), gt_indices, batch_dims=1)
        class_ids = tf.where(labels > 0, matched_ids, labels)
        deltas = tf.where(labels[..., None] > 0, box_ops.encode(boxes, rois, self.std_dev), 0.0)
        positive = places_of(labels[:, :positives] > 0)  # positives come first
        return {
            "rois": tf.stop_gradient(rois),
            "class_ids": class_ids,
            "deltas": tf.stop_gradient(deltas),
            "positive_places": positive,
            "positive_rois": tf.stop_gradient(tf.gather_nd(rois, positive)),
            "positive_images": tf.cast(positive[:, 0], tf.int32),
            "positive_gt": tf.gather_nd(gt_indices, positive),
            "positive_class_ids": tf.gather_nd(class_ids, positive),
        }


@keras.saving.register_keras_serializable("mrcnn_keras")
class MaskTargetLayer(keras.layers.Layer):
    """Chooses the RoIs that the mask head learns from, and cuts the annotated mask inside each, as 0 and 1.

    Positives of objects with a box only, whose `gt_masks` are 0, are left out, so that the mask loss skips them.

    Args:
        mask_shape: (height, width) of the output in cells.

    Call arguments:
        targets: Dict, the output of `RoITargetLayer`.
        gt_boxes: `[B, G, 4]` float32, network pixels.
        gt_masks: `[B, G, h, w]` uint8, 0 to 255, cut to `gt_boxes`.

    Returns:
        Dict of `positive_places` `[P, 2]`, `positive_rois` `[P, 4]`, `positive_images` `[P]`, `positive_class_ids`
        `[P]`, and `masks` `[P, height, width]` float32, what the mask head should output. Under XLA nothing can be left
        out of the list: class 0 there means that a row does not count.
    """

    OF_POSITIVES = "positive_places", "positive_rois", "positive_images", "positive_class_ids"

    def __init__(self, mask_shape=(28, 28), **kwargs):
        super().__init__(**{"dtype": "float32", "autocast": False, **kwargs})
        self.mask_shape = tuple(mask_shape)

    def compute_output_spec(self, targets, gt_boxes, gt_masks):
        return {
            **{name: keras.KerasTensor(targets[name].shape, targets[name].dtype) for name in self.OF_POSITIVES},
            "masks": keras.KerasTensor((None, *self.mask_shape)),
        }

    def call(self, targets, gt_boxes, gt_masks):
        where = tf.stack([targets["positive_images"], targets["positive_gt"]], axis=-1)
        drawn = tf.reduce_any(tf.gather_nd(gt_masks, where) > 0, axis=(1, 2)) & (targets["positive_class_ids"] > 0)
        chosen = places_of(drawn)[:, 0]
        counted = {**targets, "positive_class_ids": tf.where(drawn, targets["positive_class_ids"], 0)}
        positives = {name: tf.gather(counted[name], chosen) for name in self.OF_POSITIVES}
        where = tf.gather(where, chosen)
        masks = tf.cast(tf.gather_nd(gt_masks, where), tf.float32) / 255.0
        boxes = tf.gather_nd(gt_boxes, where)
        soft = mask_ops.crop_masks(masks, boxes, positives["positive_rois"], self.mask_shape)
        return {**positives, "masks": tf.stop_gradient(tf.cast(soft >= 0.5, tf.float32))}
