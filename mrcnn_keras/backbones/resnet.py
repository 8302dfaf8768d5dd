"""ResNet (He et al. 2015) and ResNeXt (Xie et al. 2017), tapped after each stage."""

from dataclasses import dataclass

import keras

from mrcnn_keras.architectures import RESNETS
from mrcnn_keras.layers import Conv2D, followed_by, make_norm


def resnet_backbone(
    architecture,
    norm_kind="frozen_bn",
    stride_in="3x3",
    freeze_stages=0,
    epsilon=1e-5,
    width=64,
    pool_pad="both",
    last_stage=5,
    dilated=False,
):
    """Makes a ResNet or ResNeXt with the maps of its stages.

    Layers are named stem_conv, res2_0_conv1, res2_0_norm1, res2_0_shortcut, ...

    Args:
        architecture: String, a key of `architectures.RESNETS`.
        norm_kind: String, the normalisation, see `layers.make_norm`.
        stride_in: String, the convolution of a bottleneck with the stride: `"3x3"` (torchvision) or `"1x1"` (MSRA).
        freeze_stages: Integer, stages that do not train: 1 the stem, 2 the stem and res2, and so on to 5.
        epsilon: Float, added to the variance in batch norm.
        width: Integer, channels of the stem.
        pool_pad: String, where the stem's pooling has zeros: on `"both"` sides, or only right and below (`"end"`, as
            padding "same" has it for even sides).
        last_stage: Integer; 4: without res5 and C5.
        dilated: Boolean, whether res5 keeps stride 16; its cells at even places are those of the plain res5 (Chen et
            al. 2016).

    Returns:
        A `keras.Model` from normalised images `[B, H, W, 3]` to `[C2, C3, C4, C5]`, strides 4, 8, 16, 32.
    """
    images = keras.Input((None, None, 3), name="normalized_images")
    blocks = _Blocks(architecture, norm_kind, stride_in, epsilon, width)
    x = blocks.stem(images, pool_pad)
    stages = []
    for stage in range(2, last_stage + 1):
        x = blocks.stage(x, stage, dilated=dilated and stage == 5)
        stages.append(x)
    return _frozen(keras.Model(images, stages, name=architecture), freeze_stages)


def res5(architecture, norm_kind="frozen_bn", stride_in="3x3", freeze_stages=0, epsilon=1e-5, width=64):
    """A keras.Model with res5 alone, from C4 [M, h, w, C] to C5, half as large. Arguments as in resnet_backbone."""
    blocks = _Blocks(architecture, norm_kind, stride_in, epsilon, width)
    features = keras.Input((None, None, blocks.channels(4)), name="c4")
    return _frozen(keras.Model(features, blocks.stage(features, 5), name="res5"), freeze_stages)


def _frozen(model, stages):
    """The model, with the first `stages` of stem, res2, res3, ... not trainable."""
    frozen = tuple(["stem_", "res2_", "res3_", "res4_", "res5_"][:stages])
    for layer in model.layers:
        if frozen and layer.name.startswith(frozen):
            layer.trainable = False
    return model


@dataclass(frozen=True)
class _Blocks:
    """Applies the parts of a ResNet to Keras tensors; the fields are arguments of resnet_backbone."""

    architecture: str
    norm_kind: str
    stride_in: str
    epsilon: float
    width: int

    def channels(self, stage):
        """The channels of the last map of a stage, 2 .. 5."""
        return self.width * 2 ** (stage - 2) * (4 if RESNETS[self.architecture].bottleneck else 1)

    def stem(self, images, pool_pad):
        """A 7x7 convolution and a pooling, each with stride 2."""
        x = _relu(self._conv_norm(images, self.width, 7, "stem", stride=2), "stem_relu")
        before = {"both": 1, "end": 0}[pool_pad]
        x = keras.layers.ZeroPadding2D(((before, 1), (before, 1)), name="stem_pool_pad")(x)
        return keras.layers.MaxPooling2D(3, 2, name="stem_pool")(x)

    def stage(self, x, stage, dilated=False):
        """All blocks of a stage; from 3 on the first has stride 2.

        dilated: no stride; instead 3x3 convolutions after the one that would carry it read every second cell.
        """
        spread = 2 if dilated else 1
        for index in range(RESNETS[self.architecture].blocks[stage - 2]):
            first = index == 0
            stride = 2 if first and stage > 2 and not dilated else 1
            x = self._block(x, stage, f"res{stage}_{index}", stride, (1 if first else spread, spread))
        return x

    def _block(self, x, stage, name, stride, dilations):
        """dilations: of the 3x3 convolution that carries the stride, or is before it; and of those after it."""
        _, bottleneck, groups, widening = RESNETS[self.architecture]
        inner, out = self.width * 2 ** (stage - 2) * widening, self.channels(stage)
        shortcut = x
        if stride > 1 or x.shape[-1] != out:
            shortcut = self._conv_norm(x, out, 1, f"{name}_shortcut", stride=stride)
        if bottleneck:
            strides, dilation = ((stride, 1), dilations[1]) if self.stride_in == "1x1" else ((1, stride), dilations[0])
            x = _relu(self._conv_norm(x, inner, 1, name, "1", strides[0]), f"{name}_relu1")
            x = self._conv_norm(x, inner, 3, name, "2", strides[1], dilation, groups)
            x = self._conv_norm(_relu(x, f"{name}_relu2"), out, 1, name, "3")
        else:
            x = _relu(self._conv_norm(x, inner, 3, name, "1", stride, dilations[0]), f"{name}_relu1")
            x = self._conv_norm(x, out, 3, name, "2", dilation=dilations[1])
        return _relu(keras.layers.Add(name=f"{name}_add")([shortcut, x]), f"{name}_out")

    def _conv_norm(self, x, channels, size, name, suffix="", stride=1, dilation=1, groups=1):
        if stride > 1 and size > 1:
            # Padding on both sides: "same" would pad only right and below when the stride is 2.
            x = keras.layers.ZeroPadding2D(size // 2, name=f"{name}_pad{suffix}")(x)
        conv = Conv2D(
            channels,
            size,
            stride,
            "same" if stride == 1 else "valid",
            dilation_rate=dilation,
            groups=groups,
            use_bias=False,
            kernel_initializer="he_normal",
            name=name if name.endswith("shortcut") else f"{name}_conv{suffix}",
        )
        norm = make_norm(self.norm_kind, channels, f"{name}_norm{suffix}", self.epsilon)
        followed_by(conv, norm)
        return norm(conv(x))


def _relu(x, name):
    return keras.layers.ReLU(name=name)(x)
