"""keras.applications' ResNet-50 and ResNet-101 (version 1) for ImageNet, with or without their classes.

The weights come from Caffe: pictures in blue, green, red from which only a mean is subtracted, and the stride in the
first 1x1 convolution. Convolutions have a bias, which the batch norm after them takes over. Newer files have
conv2_block1_1_conv where older ones (fchollet's, 2016) have res2a_branch2a.
"""

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps.backbone_map import CAFFE_STEM, SHORTCUT, add_backbone, caffe_block
from mrcnn_keras.weights.maps.layer_map import KERAS, LayerMap, shapes_of

NEW = {"conv1_conv/kernel", "conv2_block1_1_conv/kernel"}
OLD = {"conv1/kernel", "res2a_branch2a/kernel"}
LEFTOVERS = ((r"^(predictions|probs|fc1000)/", "ImageNet's classes"),)
CONVENTIONS = {"BACKBONE_STRIDE_IN": "1x1", "MEAN_PIXEL": (123.68, 116.779, 103.939), "STD_PIXEL": (1.0, 1.0, 1.0)}


def fits(shapes):
    """Are these the names of one of keras.applications' ResNets?"""
    return NEW.issubset(shapes) or OLD.issubset(shapes)


def describe(shapes):
    """{"preset": None, "settings": the backbone and its conventions}"""
    epsilon = 1.001e-5 if NEW.issubset(shapes) else 1e-3
    return {"preset": None, "settings": {**_map(shapes).settings, **CONVENTIONS, "BACKBONE_NORM_EPSILON": epsilon}}


def translate(tensors):
    """-> {our path: layer_map.Value}, {name: reason} of the tensors that have no place in the model"""
    return _map(shapes_of(tensors)).bind(tensors, LEFTOVERS)


def _map(shapes):
    if "post_bn/gamma" in shapes:
        raise UserError("the file is a ResNet V2 of keras.applications; only ResNet50 and ResNet101 (V1) can be read")
    layers = LayerMap(shapes, KERAS)
    stem, block = (("conv1_conv", "conv1_bn"), _new_block) if NEW.issubset(shapes) else (CAFFE_STEM, caffe_block)
    add_backbone(layers, stem, block, bgr=True)
    return layers


def _new_block(stage, index, part):
    number = 0 if part == SHORTCUT else part
    place = f"conv{stage}_block{index + 1}_{number}"
    return f"{place}_conv", f"{place}_bn"
