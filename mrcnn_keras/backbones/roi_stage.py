"""The last stage of a ResNet as a head: res5 of each RoI (He et al. 2017, figure 4, left)."""

import keras
import tensorflow as tf

from mrcnn_keras.backbones.resnet import res5
from mrcnn_keras.ops.rois import at_least_one


@keras.saving.register_keras_serializable("mrcnn_keras")
class RoIStage(keras.layers.Layer):
    """The last stage of a ResNet, res5, for RoI features of C4.

    Args:
        architecture: As in `resnet_backbone`, like the others.
        norm_kind: The normalisation.
        stride_in: The convolution of a bottleneck with the stride.
        freeze_stages: Stages that do not train; this is the fifth.
        epsilon: Added to the variance in batch norm.
        width: Channels of the stem.

    Call arguments:
        rois: `[B, R, S, S, C]` or `[M, S, S, C]`; M may be 0.

    Returns:
        `[..., S', S', C']`, S' half of S, rounded up.
    """

    def __init__(
        self,
        architecture="resnet50",
        norm_kind="frozen_bn",
        stride_in="3x3",
        freeze_stages=0,
        epsilon=1e-5,
        width=64,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.own = {
            "architecture": architecture,
            "norm_kind": norm_kind,
            "stride_in": stride_in,
            "freeze_stages": freeze_stages,
            "epsilon": epsilon,
            "width": width,
        }
        self.stage = res5(**self.own)

    def call(self, rois):
        flat, count = at_least_one(tf.reshape(rois, [-1, *rois.shape[-3:]]))
        x = self.stage(flat)[:count]
        return tf.reshape(x, [tf.shape(rois)[0], *rois.shape[1:-3], *x.shape[1:]])
