"""RoIAlignLayer: features of boxes from the pyramid."""

import keras
import tensorflow as tf

from mrcnn_keras.ops import roi_align as roi_align_ops


@keras.saving.register_keras_serializable("mrcnn_keras")
class RoIAlignLayer(keras.layers.Layer):
    """RoIAlign (He et al. 2017) over a pyramid, each box from the level that fits it.

    Call with features (list of [B, h, w, C], fine to coarse; strides: pixels a cell of each) and boxes
    [B, R, (y1, x1, y2, x2)] in network pixels: returns [B, R, pool_size, pool_size, C]. Or with boxes [M, 4] and
    box_indices [M] int32, the image of each: returns [M, pool_size, pool_size, C].
    method "crop_and_resize" or "gather", the same numbers; see ops.roi_align for these and the other arguments.
    """

    def __init__(
        self,
        pool_size=7,
        strides=(4, 8, 16, 32),
        method="crop_and_resize",
        sampling=2,
        aligned=True,
        reduce="mean",
        canonical_size=224.0,
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.pool_size, self.strides, self.method = pool_size, tuple(strides), method
        self.sampling, self.aligned, self.reduce, self.canonical_size = (
            sampling,
            aligned,
            reduce,
            canonical_size,
        )
        # XLA has no CropAndResize.
        self.supports_jit = method == "gather"

    def call(self, features, boxes, box_indices=None):
        batched = box_indices is None
        if batched:
            batch, count = tf.shape(boxes)[0], boxes.shape[1] or tf.shape(boxes)[1]
            box_indices = tf.repeat(tf.range(batch), count)
            boxes = tf.reshape(boxes, [-1, 4])
        pooled = roi_align_ops.roi_align(
            features,
            self.strides,
            boxes,
            box_indices,
            self.pool_size,
            method=self.method,
            sampling=self.sampling,
            aligned=self.aligned,
            reduce=self.reduce,
            canonical_size=self.canonical_size,
        )
        if batched:
            pooled = tf.reshape(pooled, [batch, count, self.pool_size, self.pool_size, pooled.shape[-1]])
        return pooled

    def get_config(self):
        own = {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "method": self.method,
            "sampling": self.sampling,
            "aligned": self.aligned,
            "reduce": self.reduce,
            "canonical_size": self.canonical_size,
        }
        return {**super().get_config(), **own}
