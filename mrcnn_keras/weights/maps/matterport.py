"""Matterport's Mask R-CNN: mask_rcnn_coco.h5 and users' own files, ResNet-50 and ResNet-101.

Convolutions of the backbone have a bias, which the batch norm after them takes over. In the heads batch norm is folded
into the layer before it, so that ours need none. The RPN has a background logit and an object logit per anchor; their
difference is our one logit. Boxes are (dy, dx, log dh, log dw) and the background is class 0, as here.
"""

from functools import partial

from mrcnn_keras.coco import class_settings
from mrcnn_keras.weights.maps import orders
from mrcnn_keras.weights.maps.backbone_map import CAFFE_STEM, add_backbone, caffe_block
from mrcnn_keras.weights.maps.layer_map import KERAS, LayerMap, shapes_of

NORM_EPSILON = 1e-3  # of the heads' batch norm: Keras's default, which Matterport leaves
PRESETS = {"resnet50": "matterport_r50", "resnet101": "matterport"}


def fits(shapes):
    """Are these the names of one of Matterport's models?"""
    return "rpn_class_raw/kernel" in shapes or "mrcnn_class_logits/kernel" in shapes


def describe(shapes):
    """{"preset": name, "settings": what the shapes determine}"""
    settings = _map(shapes).settings
    preset = PRESETS.get(settings["BACKBONE"], PRESETS["resnet101"])
    names = class_settings(settings["NUM_CLASSES"], ids_as_classes=False)
    return {"preset": preset, "settings": {**settings, **names}}


def translate(tensors):
    """-> {our path: layer_map.Value}, {name: reason} of the tensors that have no place in the model"""
    return _map(shapes_of(tensors)).bind(tensors)


def _map(shapes):
    layers = LayerMap(shapes, KERAS)
    stage_channels = add_backbone(layers, CAFFE_STEM, caffe_block)
    pyramid = _add_pyramid(layers, stage_channels)
    _add_region_proposals(layers, pyramid)
    classes = _add_box_head(layers, pyramid)
    _add_mask_head(layers, pyramid, classes)
    layers.settings |= {"NUM_CLASSES": classes, "MASKS": True}
    return layers


def _add_pyramid(layers, stage_channels):
    size = layers.kernel("fpn_p2", 4)[1][-1]
    for level, inputs in enumerate(stage_channels, start=2):
        lateral = layers.conv(f"fpn/lateral{level}", f"fpn_c{level}p{level}", inputs, 1)
        output = layers.conv(f"fpn/output{level}", f"fpn_p{level}", lateral, 3)
        layers.equal(f"the number of channels of P{level}", (lateral, output), (size, size))
    layers.settings["TOP_DOWN_PYRAMID_SIZE"] = size
    return size


def _add_region_proposals(layers, pyramid):
    channels = layers.conv("rpn/conv", "rpn_conv_shared", pyramid, 3)
    deltas = layers.conv("rpn/deltas", "rpn_bbox_pred", channels, 1)
    name, (*_, outputs) = layers.kernel("rpn_class_raw", 4)
    anchors = deltas // 4
    layers.equal("the number of outputs for the boxes of the anchors", deltas, 4 * anchors)
    layers.equal(f"the shape of {name}", shape := layers.shapes[name], (1, 1, channels, 2 * anchors))
    bias = layers.vector("rpn_class_raw/bias", outputs)
    layers.variables["rpn/logits/kernel"] = ((*shape[:3], anchors), (name,), orders.objectness)
    layers.variables["rpn/logits/bias"] = ((anchors,), (bias,), orders.objectness)
    layers.settings |= {"RPN_CONVS": 1, "RPN_CHANNELS": channels}


def _add_box_head(layers, pyramid):
    side = layers.kernel("mrcnn_class_conv1", 4)[1][0]
    units = _add_folded(layers, "box_head/fc1", "mrcnn_class_conv1", "mrcnn_class_bn1", pyramid, side, flat=True)
    out = _add_folded(layers, "box_head/fc2", "mrcnn_class_conv2", "mrcnn_class_bn2", units, 1, flat=True)
    layers.equal("the number of channels after mrcnn_class_conv2", out, units)
    classes = layers.dense("box_head/class_logits", "mrcnn_class_logits", units)
    boxes = layers.dense("box_head/deltas", "mrcnn_bbox_fc", units)
    layers.equal("the number of outputs of mrcnn_bbox_fc", boxes, 4 * classes)
    layers.settings |= {"BOX_HEAD_CONVS": 0, "BOX_HEAD_FCS": 2, "FPN_CLASSIF_FC_LAYERS_SIZE": units, "POOL_SIZE": side}
    return classes


def _add_mask_head(layers, pyramid, classes):
    channels, convs = pyramid, 0
    while layers.has(f"mrcnn_mask_conv{convs + 1}"):
        convs += 1
        conv, norm = f"mrcnn_mask_conv{convs}", f"mrcnn_mask_bn{convs}"
        out = _add_folded(layers, f"mask_head/conv{convs}", conv, norm, channels, 3)
        layers.equal(f"the number of channels after {conv}", out, channels if convs > 1 else out)
        channels = out
    deconv = layers.deconv("mask_head/deconv", "mrcnn_mask_deconv", channels, 2)
    layers.equal("the number of channels after mrcnn_mask_deconv", deconv, channels)
    maps = layers.conv("mask_head/logits", "mrcnn_mask", channels, 1)
    layers.equal("the number of masks", maps, classes)
    layers.settings |= {"MASK_HEAD_CONVS": convs, "MASK_HEAD_CHANNELS": channels}


def _add_folded(layers, ours, conv, norm, inputs, side, flat=False):
    """A convolution with the batch norm after it folded into kernel and bias; returns the channels going out.

    flat: it covers its whole input and becomes a fully connected layer over (y, x, channel).
    """
    kernel, shape = layers.kernel(conv, 4)
    count = shape[-1]
    layers.equal(f"the shape of {kernel}", shape, (side, side, inputs, count))
    bias = layers.vector(f"{conv}/bias", count)
    parts = ("gamma", "beta", "moving_mean", "moving_variance")
    gamma, beta, mean, variance = (layers.vector(f"{norm}/{part}", count) for part in parts)
    if flat:
        shape = (side * side * inputs, count)

    def fold(values, scale, spread):
        return orders.folded_kernel(values, scale, spread, NORM_EPSILON).reshape(shape)

    layers.variables[f"{ours}/kernel"] = (shape, (kernel, gamma, variance), fold)
    fold_bias = partial(orders.folded_bias, epsilon=NORM_EPSILON)
    layers.variables[f"{ours}/bias"] = ((count,), (bias, gamma, beta, mean, variance), fold_bias)
    return count
