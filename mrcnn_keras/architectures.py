"""The ResNets that there are."""

from typing import NamedTuple


class ResNet(NamedTuple):
    """blocks: a stage, res2 .. res5; bottleneck: a block is 1x1, 3x3, 1x1 convolutions, else 3x3, 3x3; groups: of the
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
}
