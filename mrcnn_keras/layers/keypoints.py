"""The keypoint branch: its head, its targets, and what its maps mean."""

import keras
import tensorflow as tf

from mrcnn_keras.layers.convs import build_convs, make_convs, run_convs
from mrcnn_keras.layers.detection import in_places_of_detections
from mrcnn_keras.ops import boxes as box_ops
from mrcnn_keras.ops import keypoints as keypoint_ops
from mrcnn_keras.ops.portability import places_of
from mrcnn_keras.ops.rois import at_least_one


@keras.saving.register_keras_serializable("mrcnn_keras")
class KeypointHead(keras.layers.Layer):
    """Predicts one map per keypoint (He et al. 2017, section 5); the numbers are Detectron's.

    3x3 convolutions, a 4x4 deconvolution that doubles the side, and bilinear interpolation that doubles it again.

    Args:
        keypoints: Integer K.
        convs: Integer, 3x3 convolutions.
        channels: Integer, channels of the convolutions.
        norm_kind: String, the normalisation of the convolutions, see `make_norm`.

    Call arguments:
        pooled: `[M, S, S, C]` RoI features; M may be 0.

    Returns:
        Logits `[M, 4 S, 4 S, K]` float32; a softmax over all cells of a map says where its keypoint is.
    """

    def __init__(self, keypoints, convs=8, channels=512, norm_kind="none", **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        self.convs, self.norms = make_convs(convs, channels, norm_kind)
        # normal 0.01: all cells start nearly as likely, whatever the size of the features
        self.maps = keras.layers.Conv2DTranspose(
            keypoints,
            4,
            2,
            padding="same",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            dtype="float32",
            name="maps",
        )

    def build(self, shape):
        channels = build_convs(self.convs, self.norms, shape[-1], self.channels)
        self.maps.build((None, None, None, channels))
        self.built = True

    def call(self, pooled):
        x, count = at_least_one(pooled)
        x = self.maps(run_convs(self.convs, self.norms, x))[:count]
        return tf.image.resize(x, [2 * x.shape[1], 2 * x.shape[2]], method="bilinear")


@keras.saving.register_keras_serializable("mrcnn_keras")
class KeypointTargetLayer(keras.layers.Layer):
    """Chooses the RoIs that the keypoint head learns from, and the right cell of each keypoint in them.

    Positives without a keypoint that counts are left out, since they would add nothing to the loss.

    Args:
        side: Integer, cells per side of the maps.
        corners: String, the rule of the RoIs, a key of `ops.boxes.CORNERS`.

    Call arguments:
        targets: Dict, the output of `RoITargetLayer`.
        gt_keypoints: `[B, G, K, (y, x, visibility)]` float32, network pixels.

    Returns:
        Dict of `positive_places` `[P, 2]`, `positive_rois` `[P, 4]`, `positive_images` `[P]`, and `cells` `[P, K]`
        int32, see `ops.keypoints.cells_of`.
    """

    def __init__(self, side=56, corners="edge", **kwargs):
        super().__init__(**{"dtype": "float32", "autocast": False, **kwargs})
        self.side, self.corners = side, corners

    def call(self, targets, gt_keypoints):
        objects = tf.stack([targets["positive_images"], targets["positive_gt"]], axis=-1)
        edges = box_ops.decode_corners(targets["positive_rois"], self.corners)
        cells = keypoint_ops.cells_of(tf.gather_nd(gt_keypoints, objects), edges, self.side)
        cells = tf.where(targets["positive_class_ids"][:, None] > 0, cells, -1)
        chosen = places_of(tf.reduce_any(cells >= 0, axis=-1))[:, 0]
        positives = {name: targets[name] for name in ("positive_places", "positive_rois", "positive_images")}
        return {name: tf.gather(part, chosen) for name, part in {**positives, "cells": cells}.items()}


@keras.saving.register_keras_serializable("mrcnn_keras")
class DetectionKeypoints(keras.layers.Layer):
    """Puts the points that the keypoint maps mean in the places of the detections.

    Args:
        score: String, a key of `ops.keypoints.SCORES`.
        corners: String, the rule of the boxes, a key of `ops.boxes.CORNERS`.

    Call arguments:
        logits: `[M, S, S, K]` float32.
        boxes: `[M, 4]` float32, network pixels, boxes of the same rows.
        class_ids: `[B, N]` int32, class ids of the detections.

    Returns:
        `[B, N, K, (y, x, score)]` float32, network pixels, zeros for padding.
    """

    def __init__(self, score="softmax", corners="edge", **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.score, self.corners = score, corners

    def call(self, logits, boxes, class_ids):
        points = keypoint_ops.decode(logits, box_ops.decode_corners(boxes, self.corners), self.score)
        return in_places_of_detections(points, class_ids)
