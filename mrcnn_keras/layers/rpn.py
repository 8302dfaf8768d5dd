"""The region proposal network (Ren et al. 2015): is there an object at this anchor, and where exactly."""

import keras
import tensorflow as tf

from mrcnn_keras.layers.convs import build_convs, make_convs, run_convs
from mrcnn_keras.ops import anchors as anchor_ops
from mrcnn_keras.ops import boxes as box_ops


@keras.saving.register_keras_serializable("mrcnn_keras")
class AnchorLayer(keras.layers.Layer):
    """Anchors of all maps for the pictures of a batch, which all have the same anchors.

    Call with the pyramid maps [B, h, w, C] and, for spacing "divided", the network images [B, H, W, 3]; returns a list
    with one [h * w * K, (y1, x1, y2, x2)] float32 in network pixels for each map, K anchors a cell, ordered by scale,
    ratio. scales: the sides of anchors in pixels, a list a map; strides: pixels a cell of each map; rounded: see
    ops.anchors.cell_anchors; spacing: pixels between anchors are "stride", or "divided": the network image's side
    divided by the map's, without remainder, as torchvision has it (they differ where a map's side was rounded up);
    corners: see ops.boxes.CORNERS.
    """

    def __init__(self, scales, ratios, strides, rounded=False, spacing="stride", corners="edge", **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.scales = tuple(tuple(of_map) for of_map in scales)
        self.ratios, self.strides = tuple(ratios), tuple(strides)
        self.rounded, self.spacing, self.corners = rounded, spacing, corners

    def call(self, features, images=None):
        anchors = []
        for feature, scales, stride in zip(features, self.scales, self.strides, strict=True):
            size = tf.shape(feature)[1:3]
            steps = tf.shape(images)[1:3] // size if self.spacing == "divided" else (stride, stride)
            cells = anchor_ops.cell_anchors(scales, self.ratios, self.rounded)
            anchors.append(box_ops.from_edges(anchor_ops.grid_anchors(size, steps, cells), self.corners))
        return anchors

    def get_config(self):
        own = {
            "scales": self.scales,
            "ratios": self.ratios,
            "strides": self.strides,
            "rounded": self.rounded,
            "spacing": self.spacing,
            "corners": self.corners,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("mrcnn_keras")
class RPNHead(keras.layers.Layer):
    """3x3 convolutions, one where nothing is said, and two 1x1 convolutions, shared by all levels.

    Call with a list of [B, h, w, C]; returns two lists: logits [B, h * w * anchors_per_cell] and deltas
    [B, h * w * anchors_per_cell, (dy, dx, log dh, log dw)], in the order of the anchors.
    """

    def __init__(self, channels, anchors_per_cell, norm_kind="none", convs=1, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.anchors_per_cell, self.norm_kind = channels, anchors_per_cell, norm_kind
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

    def call(self, features):
        logits, deltas = [], []
        for feature in features:
            x = run_convs(self.convs, self.norms, feature)
            batch = tf.shape(x)[0]
            logits.append(tf.reshape(self.logits(x), [batch, -1]))
            deltas.append(tf.reshape(self.deltas(x), [batch, -1, 4]))
        return logits, deltas

    def get_config(self):
        own = {
            "channels": self.channels,
            "anchors_per_cell": self.anchors_per_cell,
            "norm_kind": self.norm_kind,
            "convs": len(self.convs),
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("mrcnn_keras")
class PickAnchors(keras.layers.Layer):
    """The RPN's answers for chosen anchors.

    Call with lists over levels, logits [B, A_l] and deltas [B, A_l, 4], and indices [B, K] into all anchors;
    returns logits [B, K] and deltas [B, K, 4].
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, logits, deltas, indices):
        logits, deltas = tf.concat(logits, axis=1), tf.concat(deltas, axis=1)
        return tf.gather(logits, indices, batch_dims=1), tf.gather(deltas, indices, batch_dims=1)
