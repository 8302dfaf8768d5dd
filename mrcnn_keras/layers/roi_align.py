"""RoIAlignLayer: features of boxes from the pyramid, by RoIAlign or an operator that came before it."""

import keras
import tensorflow as tf

from mrcnn_keras.ops.crops import repeated_range
from mrcnn_keras.ops.roi_quantised import roi_pool, roi_warp
from mrcnn_keras.ops.roi_sampling import crop_and_resize_rois, roi_align


@keras.saving.register_keras_serializable("mrcnn_keras")
class RoIAlignLayer(keras.layers.Layer):
    """RoIAlign (He et al. 2017) over a pyramid, each box from the level that fits it; or RoIPool or RoIWarp.

    Args:
        pool_size: Integer S, bins per axis.
        strides: Integers, image pixels per cell of each map.
        sampling: Integer, samples per bin and axis; 0: as many as the bin has cells, rounded up.
        aligned: Boolean; `False`: the older convention, half a cell up and left.
        reduce: String, `"mean"` or `"max"` of a bin's samples.
        canonical_size: Float, pixels: the side of boxes that are read from P4, see `ops.roi_sampling.pyramid_level`.
        level_tolerance: Float, share of a level that a smaller box may lack.
        grid: String, `"bins"`, or `"corners"`: Matterport's RoIAlign, see `ops.roi_sampling.crop_and_resize_rois`, for
            which only `canonical_size` of the other arguments counts.
        operator: String, `"align"`, or `"pool"` or `"warp"`, see `ops.roi_quantised`, for which `aligned` and `grid` do
            nothing; `"pool"` takes the maximum of whole cells and has no `sampling` and `reduce` either.

    Call arguments:
        features: List of `[B, h, w, C]` float32, fine to coarse.
        boxes: `[B, R, (y1, x1, y2, x2)]` float32, network pixels, or `[M, 4]` with `box_indices`.
        box_indices: `[M]` int32, the picture of each box, or `None`.

    Returns:
        `[B, R, S, S, C]` or `[M, S, S, C]` float32.
    """

    def __init__(
        self,
        pool_size=7,
        strides=(4, 8, 16, 32),
        sampling=2,
        aligned=True,
        reduce="mean",
        canonical_size=224.0,
        level_tolerance=0.0,
        grid="bins",
        operator="align",
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.pool_size, self.strides = pool_size, tuple(strides)
        self.sampling, self.aligned, self.reduce, self.grid = sampling, aligned, reduce, grid
        self.canonical_size, self.level_tolerance = canonical_size, level_tolerance
        self.operator = operator
        self.supports_jit = False  # without being asked: see MaskRCNN.compile

    def compute_output_spec(self, features, boxes, box_indices=None):
        return keras.KerasTensor((*boxes.shape[:-1], self.pool_size, self.pool_size, features[0].shape[-1]))

    def call(self, features, boxes, box_indices=None):
        batched = box_indices is None
        if batched:
            batch, count = tf.shape(boxes)[0], boxes.shape[1] or tf.shape(boxes)[1]
            box_indices = repeated_range(batch, count)
            boxes = tf.reshape(boxes, [-1, 4])
        pooled = self._pool(features, self.strides, boxes, box_indices, self.pool_size)
        if batched:
            pooled = tf.reshape(pooled, [batch, count, self.pool_size, self.pool_size, pooled.shape[-1]])
        return pooled

    def _pool(self, *what):
        levels = {"canonical_size": self.canonical_size, "level_tolerance": self.level_tolerance}
        samples = {"sampling": self.sampling, "reduce": self.reduce}
        if self.operator == "pool":
            return roi_pool(*what, **levels)
        if self.operator == "warp":
            return roi_warp(*what, **levels, **samples)
        if self.grid == "corners":
            return crop_and_resize_rois(*what, canonical_size=self.canonical_size)
        return roi_align(*what, **levels, **samples, aligned=self.aligned)

    @classmethod
    def from_config(cls, config):
        # Older files have "method", a choice of two ways to the same numbers.
        return cls(**{name: value for name, value in config.items() if name != "method"})


@keras.saving.register_keras_serializable("mrcnn_keras")
class PickRoIs(keras.layers.Layer):
    """Picks the features of some RoIs.

    Call arguments:
        features: `[B, R, S, S, C]`.
        places: `[M, (picture, index in R)]` integers.

    Returns:
        `[M, S, S, C]`.
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, features, places):
        return tf.gather_nd(features, places)
