"""torchvision's Faster, Mask and Keypoint R-CNN with ResNet and a pyramid, and its ResNets for ImageNet.

Two kinds of names: those of the first files (2019) and those since torchvision 0.13, which have one more number where
a layer became a convolution with an optional batch norm. Pictures are RGB and the background is class 0, as here.
"""

from mrcnn_keras.coco import class_settings, keypoint_settings
from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps.backbone_map import SHORTCUT, add_backbone
from mrcnn_keras.weights.maps.layer_map import TORCH, LayerMap, shapes_of
from mrcnn_keras.weights.maps.torch_detector import MOST_LAYERS, Detector

BODY = "backbone.body."
PYRAMID_NORM = "backbone.fpn.inner_blocks.0.1"  # in version 2 only
IMAGENET_CONVENTIONS = {
    "BACKBONE_STRIDE_IN": "3x3",
    "BACKBONE_NORM_EPSILON": 1e-5,
    "MEAN_PIXEL": (123.675, 116.28, 103.53),
    "STD_PIXEL": (58.395, 57.12, 57.375),
}
LEFTOVERS = ((r"\.num_batches_tracked$", "a counter of training steps"), (r"^fc\.", "ImageNet's classes"))


def fits(shapes):
    """Are these the names of one of torchvision's detectors or ResNets?"""
    return any(name.startswith(BODY) for name in shapes) or {"conv1.weight", "layer1.0.conv1.weight"} <= set(shapes)


def describe(shapes):
    """{"preset": name, or None for a ResNet alone, "settings": what the shapes determine}"""
    settings = _map(shapes).settings
    if "NUM_CLASSES" not in settings:
        return {"preset": None, "settings": {**settings, **IMAGENET_CONVENTIONS}}
    names = class_settings(settings["NUM_CLASSES"], ids_as_classes=True)
    if "NUM_KEYPOINTS" in settings:
        names |= keypoint_settings(settings["NUM_CLASSES"], settings["NUM_KEYPOINTS"])
        return {"preset": "torchvision_keypoint", "settings": {**settings, **names}}
    family = "torchvision_" if settings["MASKS"] else "torchvision_faster_"
    version = "v2" if f"{PYRAMID_NORM}.weight" in shapes else "v1"
    return {"preset": family + version, "settings": {**settings, **names}}


def translate(tensors):
    """-> {our path: layer_map.Value}, {name: reason} of the tensors that have no place in the model"""
    return _map(shapes_of(tensors)).bind(tensors, LEFTOVERS)


def _map(shapes):
    layers = LayerMap(shapes, TORCH)
    detector = any(name.startswith(BODY) for name in shapes)
    body = BODY if detector else ""
    if detector and f"{body}conv1.weight" not in shapes:
        raise UserError("the file is a torchvision detector without ResNet; only those with ResNet can be read")

    def block(stage, index, part):
        place = f"{body}layer{stage - 1}.{index}."
        if part == SHORTCUT:
            return f"{place}downsample.0", f"{place}downsample.1"
        return f"{place}conv{part}", f"{place}bn{part}"

    stage_channels = add_backbone(layers, (f"{body}conv1", f"{body}bn1"), block)
    if detector:
        Detector(layers, _names(shapes), background="first").add(stage_channels)
    return layers


def _names(shapes):
    """-> function our layer -> its (convolution, batch norm) in the file, current names first"""
    table = {
        "rpn/conv": _both("rpn.head.conv.0", "rpn.head.conv"),
        "rpn/logits": [("rpn.head.cls_logits", None)],
        "rpn/deltas": [("rpn.head.bbox_pred", None)],
        "box_head/class_logits": [("roi_heads.box_predictor.cls_score", None)],
        "box_head/deltas": [("roi_heads.box_predictor.bbox_pred", None)],
        "mask_head/deconv": [("roi_heads.mask_predictor.conv5_mask", None)],
        "mask_head/logits": [("roi_heads.mask_predictor.mask_fcn_logits", None)],
        "keypoint_head/maps": [("roi_heads.keypoint_predictor.kps_score_lowres", None)],
    }
    for level in range(2, 6):
        table[f"fpn/lateral{level}"] = _both(f"backbone.fpn.inner_blocks.{level - 2}")
        table[f"fpn/output{level}"] = _both(f"backbone.fpn.layer_blocks.{level - 2}")
    for i in range(MOST_LAYERS):
        table[f"rpn/conv{i + 2}"] = _both(f"rpn.head.conv.{i + 1}")
        table[f"mask_head/conv{i + 1}"] = _both(f"roi_heads.mask_head.{i}", f"roi_heads.mask_head.mask_fcn{i + 1}")
        table[f"keypoint_head/conv{i + 1}"] = [(f"roi_heads.keypoint_head.{2 * i}", None)]  # a ReLU after each
        table[f"box_head/conv{i + 1}"] = [(f"roi_heads.box_head.{i}.0", f"roi_heads.box_head.{i}.1")]
    # Version 2's box head is a row of numbered parts: convolutions, the flattening, and then a fully connected layer
    # and a ReLU in turn.
    convs = sum(f"roi_heads.box_head.{i}.0.weight" in shapes for i in range(MOST_LAYERS))
    for i in range(MOST_LAYERS):
        table[f"box_head/fc{i + 1}"] = [
            (f"roi_heads.box_head.fc{i + 6}", None),
            (f"roi_heads.box_head.{convs + 1 + 2 * i}", None),
        ]
    return lambda ours: table.get(ours, [])


def _both(block, legacy=None):
    """The (convolution, batch norm) of a block, under the current names and those of the first files."""
    return [(f"{block}.0", f"{block}.1"), (legacy or block, None)]
