"""The region proposal network (Ren et al. 2015): is there an object at this anchor, and where exactly."""

import keras
import tensorflow as tf

from mrcnn_keras.layers.convs import build_convs, make_convs, run_convs
from mrcnn_keras.ops import anchors as anchor_ops
from mrcnn_keras.ops import boxes as box_ops


@keras.saving.register_keras_serializable("mrcnn_keras")
class AnchorLayer(keras.layers.Layer):
    """Lays the anchors of all maps out; all pictures of a batch have the same.

    Args:
        scales: List per map of floats, sides of square anchors in network pixels.
        ratios: Floats, height / width.
        strides: Integers, network pixels per cell of each map.
        rounded: Boolean, whether half sides are whole pixels, see `ops.anchors.cell_anchors`.
        spacing: String, pixels between anchors: `"stride"`, or `"divided"`: the network image's side divided by the
            map's, without remainder, as in torchvision (they differ where a map's side was rounded up).
        corners: String, the rule of the output, a key of `ops.boxes.CORNERS`.

    Call arguments:
        features: List of `[B, h, w, C]`, the maps.
        images: `[B, H, W, 3]`, the network images; `None` unless spacing is `"divided"`.

    Returns:
        List with `[h * w * K, (y1, x1, y2, x2)]` float32 in network pixels for each map, K anchors per cell, ordered by
        scale, ratio.
    """

    def __init__(self, scales, ratios, strides, rounded=False, spacing="stride", corners="edge", **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.scales = tuple(tuple(of_map) for of_map in scales)
        self.ratios, self.strides = tuple(ratios), tuple(strides)
        self.rounded, self.spacing, self.corners = rounded, spacing, corners

    def compute_output_spec(self, features, images=None):
        return [keras.KerasTensor((None, 4)) for _ in features]

    def call(self, features, images=None):
        anchors = []
        for feature, scales, stride in zip(features, self.scales, self.strides, strict=True):
            size = tf.shape(feature)[1:3]
            steps = tf.shape(images)[1:3] // size if self.spacing == "divided" else (stride, stride)
            cells = anchor_ops.cell_anchors(scales, self.ratios, self.rounded)
            anchors.append(box_ops.encode_corners(anchor_ops.grid_anchors(size, steps, cells), self.corners))
        return anchors


@keras.saving.register_keras_serializable("mrcnn_keras")
class RPNHead(keras.layers.Layer):
    """Predicts objectness and deltas of anchors by convolutions that all levels share.

    Args:
        channels: Integer, channels of the 3x3 convolutions.
        anchors_per_cell: Integer K.
        norm_kind: String, the normalisation of the convolutions, see `make_norm`.
        convs: Integer, 3x3 convolutions before the two 1x1 convolutions.

    Call arguments:
        features: List over levels of `[B, h, w, C]`.

    Returns:
        Two lists over levels: logits `[B, h * w * K]` and deltas `[B, h * w * K, (dy, dx, log dh, log dw)]` float32, in
        the order of the anchors.
    """

    def __init__(self, channels, anchors_per_cell, norm_kind="none", convs=1, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.anchors_per_cell = channels, anchors_per_cell
        init = keras.initializers.RandomNormal(stddev=0.01)
        self.convs, self.norms = make_convs(
            convs, channels, norm_kind, first="", initializer=init if norm_kind == "none" else "he_normal"
        )
        self.logits = keras.layers.Conv2D(anchors_per_cell, 1, kernel_initializer=init, dtype="float32", name="logits")
        self.deltas = keras.layers.Conv2D(
            4 * anchors_per_cell, 1, kernel_initializer=init, dtype="float32", name="deltas"
        )

    def build(self, shapes):
        build_convs(self.convs, self.norms, shapes[0][-1], self.channels)
        self.logits.build((None, None, None, self.channels))
        self.deltas.build((None, None, None, self.channels))
        self.built = True

    def compute_output_spec(self, features):
        batch = features[0].shape[0]
        return tuple([keras.KerasTensor((batch, None, *more)) for _ in features] for more in ((), (4,)))

    def call(self, features):
        logits, deltas = [], []
        for feature in features:
            x = run_convs(self.convs, self.norms, feature)
            batch = tf.shape(x)[0]
            logits.append(tf.reshape(self.logits(x), [batch, -1]))
            deltas.append(tf.reshape(self.deltas(x), [batch, -1, 4]))
        return logits, deltas


@keras.saving.register_keras_serializable("mrcnn_keras")
class PickAnchors(keras.layers.Layer):
    """Picks the RPN's outputs for some anchors.

    Call arguments:
        logits: List over levels of `[B, A_l]`.
        deltas: List over levels of `[B, A_l, 4]`.
        indices: `[B, K]` integers, into all anchors.

    Returns:
        Logits `[B, K]` and deltas `[B, K, 4]`.
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, logits, deltas, indices):
        logits, deltas = tf.concat(logits, axis=1), tf.concat(deltas, axis=1)
        return tf.gather(logits, indices, batch_dims=1), tf.gather(deltas, indices, batch_dims=1)
