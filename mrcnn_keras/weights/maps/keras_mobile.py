"""keras.applications' MobileNetV3 and EfficientNetV2 for ImageNet, with or without their classes.

Our backbones are these networks, so the names are the same except for what Keras 3 changed: Conv/BatchNorm has become
conv_bn. (ConvNeXt's files name some weights by a number only, so that they cannot be identified with certainty.)
"""

import re
from functools import partial

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps import orders
from mrcnn_keras.weights.maps.layer_map import CURE, KERAS, LayerMap, shapes_of

MOBILENET, EFFICIENTNET = "expanded_conv_1_expand/kernel", "block1a_project_conv/kernel"
# They are distinguished by the number of blocks.
SIZES = {
    MOBILENET: ("mobilenet_v3_", r"expanded_conv(_\d+)?_project/kernel", {11: "small", 15: "large"}),
    EFFICIENTNET: (
        "efficientnet_v2_",
        r"block\d\w_project_conv/kernel",
        {21: "b0", 27: "b1", 28: "b2", 32: "b3", 40: "s", 57: "m", 79: "l"},
    ),
}
IMAGENET = {"MEAN_PIXEL": (123.675, 116.28, 103.53), "STD_PIXEL": (58.395, 57.12, 57.375)}
LEFTOVERS = (
    (r"^(predictions|logits|conv_2)/", "ImageNet's classes"),
    (r"^normalization(_\d+)?/", "the pixels' mean and deviation, which are settings"),
)


def fits(shapes):
    """Are these the names of one of these networks?"""
    return not SIZES.keys().isdisjoint(map(_plain, shapes))


def describe(shapes):
    """{"preset": None, "settings": the backbone and its conventions}"""
    backbone = _backbone({_plain(name) for name in shapes})
    settings = {"BACKBONE": backbone, "BACKBONE_NORM_EPSILON": 1e-3, **_pixels(backbone)}
    return {"preset": None, "settings": settings}


def translate(tensors):
    """-> {our path: layer_map.Value}, {name: reason} of the tensors that have no place in the model"""
    shapes = shapes_of(tensors)
    _backbone({_plain(name) for name in shapes})
    layers, reasons = LayerMap(shapes, KERAS), [(re.compile(pattern), reason) for pattern, reason in LEFTOVERS]
    left_over = {}
    for name, shape in shapes.items():
        path = _plain(name)
        reason = next((reason for pattern, reason in reasons if pattern.search(path)), None)
        if reason:
            left_over[name] = reason
            continue
        make = partial(orders.checked_variance, name) if path.endswith("/moving_variance") else _as_it_is
        layers.variables[path] = (tuple(shape), (name,), make)
    values, _ = layers.bind(tensors)
    return values, left_over


def _as_it_is(array):
    return array


def _plain(name):
    """The name that Keras 3 gives: "Conv/BatchNorm/gamma" -> "conv_bn/gamma"."""
    layer, _, weight = name.rpartition("/")
    return f"{layer.replace('/BatchNorm', '_bn').replace('/', '_').lower()}/{weight}"


def _backbone(paths):
    """-> the key of APPLICATIONS. paths: plain names."""
    for first, (family, block, sizes) in SIZES.items():
        if first in paths:
            count = sum(bool(re.fullmatch(block, path)) for path in paths)
            if count not in sizes:
                there = ", ".join(f"{family}{size}" for size in sizes.values())
                raise UserError(f"the file's network has {count} blocks; of its kind {there} can be read, or {CURE}")
            return family + sizes[count]
    raise UserError(f"the file is of no network that can be read; {CURE}")


def _pixels(backbone):
    """The pixels that the network was trained on: ImageNet's with mean 0 and deviation 1, or from -1 to 1."""
    if backbone.startswith("efficientnet_v2_b"):
        return IMAGENET
    middle = 127.5 if backbone.startswith("mobilenet") else 128.0
    return {"MEAN_PIXEL": (middle,) * 3, "STD_PIXEL": (middle,) * 3}
