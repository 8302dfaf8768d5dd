"""Tables of the backbones and of which of their maps the heads read."""

from typing import NamedTuple


class ResNet(NamedTuple):
    """blocks: per stage, res2 .. res5; bottleneck: a block is 1x1, 3x3, 1x1 convolutions, else 3x3, 3x3; groups: of the
    3x3 convolution of a bottleneck; widening: its channels in res2 as a multiple of the stem's."""

    blocks: tuple
    bottleneck: bool
    groups: int = 1
    widening: int = 1


RESNETS = {
    "resnet18": ResNet((2, 2, 2, 2), False),
    "resnet34": ResNet((3, 4, 6, 3), False),
    "resnet50": ResNet((3, 4, 6, 3), True),
    "resnet101": ResNet((3, 4, 23, 3), True),
    "resnext101_32x8d": ResNet((3, 4, 23, 3), True, groups=32, widening=4),
    "resnext101_64x4d": ResNet((3, 4, 23, 3), True, groups=64, widening=4),
}


class Application(NamedTuple):
    """maker: the function of keras.applications; stages: the first layer of each of the stages 2 .. 5, whose last maps
    have strides 4, 8, 16, 32; normalisation: "bn" or "ln", what follows its convolutions."""

    maker: str
    stages: tuple
    normalisation: str = "bn"


def _efficientnet_v2(size):
    stages = ("block1a_project_conv", "block3a_expand_conv", "block4a_expand_conv", "block6a_expand_conv")
    return Application(f"EfficientNetV2{size.upper()}", stages)


def _convnext(size):
    downsampling = (f"convnext_{size}_downsampling_block_{i}" for i in range(3))
    stages = (f"convnext_{size}_stage_0_block_0_depthwise_conv", *downsampling)
    return Application("ConvNeXt" + {"xlarge": "XLarge"}.get(size, size.title()), stages, "ln")


APPLICATIONS = {
    "mobilenet_v3_small": Application(
        "MobileNetV3Small",
        ("expanded_conv_depthwise_pad", "expanded_conv_1_expand", "expanded_conv_3_expand", "expanded_conv_8_expand"),
    ),
    "mobilenet_v3_large": Application(
        "MobileNetV3Large",
        ("expanded_conv_depthwise", "expanded_conv_3_expand", "expanded_conv_6_expand", "expanded_conv_12_expand"),
    ),
    **{f"efficientnet_v2_{size}": _efficientnet_v2(size) for size in ("b0", "b1", "b2", "b3", "s", "m", "l")},
    **{f"convnext_{size}": _convnext(size) for size in ("tiny", "small", "base", "large", "xlarge")},
}


GIVEN = "given"  # as a BACKBONE: a Keras model that the user hands over
GIVEN_STRIDES = (4, 8, 16, 32)  # pixels per cell of its maps C2 .. C5
# Matterport's names for what trains -> how many first stages do not: BACKBONE_FREEZE_STAGES.
STAGES = {"heads": 5, "5+": 4, "4+": 3, "3+": 2, "all": 0}


class Features(NamedTuple):
    """strides: pixels per cell of the maps that the RPN reads, the first four of which the RoIs are read from;
    last_stage: the backbone's last stage that covers the whole picture; dilated: stage 5 keeps stage 4's stride."""

    strides: tuple
    last_stage: int = 5
    dilated: bool = False


FEATURES = {
    "fpn": Features((4, 8, 16, 32, 64)),  # P2 .. P6
    "c4": Features((16,), last_stage=4),  # C4; stage 5 is applied to each RoI
    "c5": Features((32,)),
    "dc5": Features((16,), dilated=True),
}
