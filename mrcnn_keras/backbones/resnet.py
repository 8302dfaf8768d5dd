"""ResNet (He et al. 2015) and ResNeXt (Xie et al. 2017), tapped after each stage."""

import keras

from mrcnn_keras.architectures import RESNETS
from mrcnn_keras.norm import norm


def resnet(
    architecture,
    norm_kind="frozen_bn",
    stride_in="3x3",
    freeze_stages=0,
    epsilon=1e-5,
    width=64,
    pool_pad="both",
):
    """A keras.Model from normalised images [B, H, W, 3] to [C2, C3, C4, C5], strides 4, 8, 16, 32.

    norm_kind: see norm.norm. stride_in: the convolution of a bottleneck that carries the stride, "3x3" (torchvision)
    or "1x1" (the original). freeze_stages: stages that do not train, 1 the stem, 2 the stem and res2, and so on.
    epsilon: of batch norm. width: channels of the stem. pool_pad: zeros around the stem's pooling are on "both" sides,
    or only right and below ("end", as padding "same" has it for even sides).
    Layer names: stem_conv, res2_0_conv1, res2_0_norm1, res2_0_shortcut, ...
    """
    blocks, bottleneck, groups, widening = RESNETS[architecture]
    images = keras.Input((None, None, 3), name="normalized_images")

    def conv_norm(x, channels, size, stride, name, suffix="", groups=1):
        if stride > 1 and size > 1:
            # Padding on both sides: "same" would pad only right and below when the stride is 2.
            x = keras.layers.ZeroPadding2D(size // 2, name=f"{name}_pad{suffix}")(x)
        conv_name = name if name.endswith("shortcut") else f"{name}_conv{suffix}"
        norm_name = f"{name}_norm{suffix}"
        padding = "same" if stride == 1 else "valid"
        x = keras.layers.Conv2D(
            channels,
            size,
            stride,
            padding,
            groups=groups,
            use_bias=False,
            kernel_initializer="he_normal",
            name=conv_name,
        )(x)
        return norm(norm_kind, channels, norm_name, epsilon)(x)

    def relu(x, name):
        return keras.layers.ReLU(name=name)(x)

    def block(x, channels, stride, name):
        out = channels * 4 if bottleneck else channels
        shortcut = x
        if stride > 1 or x.shape[-1] != out:
            shortcut = conv_norm(x, out, 1, stride, f"{name}_shortcut")
        if bottleneck:
            strides = (stride, 1) if stride_in == "1x1" else (1, stride)
            inner = channels * widening
            x = relu(conv_norm(x, inner, 1, strides[0], name, "1"), f"{name}_relu1")
            x = relu(conv_norm(x, inner, 3, strides[1], name, "2", groups), f"{name}_relu2")
            x = conv_norm(x, out, 1, 1, name, "3")
        else:
            x = relu(conv_norm(x, channels, 3, stride, name, "1"), f"{name}_relu1")
            x = conv_norm(x, out, 3, 1, name, "2")
        return relu(keras.layers.Add(name=f"{name}_add")([shortcut, x]), f"{name}_out")

    x = relu(conv_norm(images, width, 7, 2, "stem"), "stem_relu")
    before = {"both": 1, "end": 0}[pool_pad]
    x = keras.layers.ZeroPadding2D(((before, 1), (before, 1)), name="stem_pool_pad")(x)
    x = keras.layers.MaxPooling2D(3, 2, name="stem_pool")(x)
    stages = []
    for stage, count in enumerate(blocks, start=2):
        for index in range(count):
            stride = 2 if index == 0 and stage > 2 else 1
            x = block(x, width * 2 ** (stage - 2), stride, f"res{stage}_{index}")
        stages.append(x)
    model = keras.Model(images, stages, name=architecture)
    frozen = tuple(["stem_", "res2_", "res3_", "res4_", "res5_"][:freeze_stages])
    for layer in model.layers:
        if frozen and layer.name.startswith(frozen):
            layer.trainable = False
    return model
