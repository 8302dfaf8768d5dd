"""Detectron2's Faster, Mask and Keypoint R-CNN with ResNet or ResNeXt and a pyramid.

Its models take pictures in blue, green, red, so the stem's input channels are reversed. Their background is the last
class and has neither boxes nor masks: it moves to the front, with zeros for both.
"""

import re

from mrcnn_keras.coco import class_settings, keypoint_settings
from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps.backbone_map import SHORTCUT, add_backbone
from mrcnn_keras.weights.maps.layer_map import TORCH, LayerMap, shapes_of
from mrcnn_keras.weights.maps.torch_detector import MOST_LAYERS, Detector

BODY = "backbone.bottom_up."
LEFTOVERS = (
    (r"^proposal_generator\.anchor_generator\.", "anchors, which the model makes itself"),
    (r"^pixel_(mean|std)$", "a constant, which the preset has"),
    (r"\.num_batches_tracked$", "a counter of training steps"),
    (r"^sem_seg_head\.", "semantic segmentation, which the model does not have"),
)
OTHERS = (
    (r"^backbone\.res2\.", "has no feature pyramid (C4 or DC5)"),
    (r"^roi_heads\.box_head\.0\.", "is a Cascade R-CNN"),
    (r"\.conv2_offset\.", "has deformable convolutions"),
    (r"^head\.cls_score\.", "is a RetinaNet"),
)
PRESETS = {"resnet50": "r50_fpn", "resnet101": "r101_fpn", "resnext101_32x8d": "x101_fpn"}


def fits(shapes):
    """Are these the names of one of Detectron2's detectors?"""
    return any(name.startswith((BODY, "proposal_generator.", "backbone.res2.")) for name in shapes)


def describe(shapes):
    """{"preset": name, "settings": what the shapes determine}"""
    settings = _map(shapes).settings
    names = class_settings(settings["NUM_CLASSES"], ids_as_classes=False)
    family = "detectron2_" if settings["MASKS"] else "detectron2_faster_"
    if "NUM_KEYPOINTS" in settings:
        names |= keypoint_settings(settings["NUM_CLASSES"], settings["NUM_KEYPOINTS"])
        family = "detectron2_keypoint_"
    preset = family + PRESETS.get(settings["BACKBONE"], PRESETS["resnet50"])
    return {"preset": preset, "settings": {**settings, **names}}


def translate(tensors):
    """-> {our path: layer_map.Value}, {name: reason} of the tensors that have no place in the model"""
    return _map(shapes_of(tensors)).bind(tensors, LEFTOVERS)


def _map(shapes):
    _refuse_others(shapes)
    layers = LayerMap(shapes, TORCH)

    def block(stage, index, part):
        conv = f"{BODY}res{stage}.{index}." + ("shortcut" if part == SHORTCUT else f"conv{part}")
        return conv, f"{conv}.norm"

    stem = f"{BODY}stem.conv1"
    detector = Detector(layers, _names(), background="last")
    detector.add(add_backbone(layers, (stem, f"{stem}.norm"), block, bgr=True))
    if True in detector.normed:
        layers.settings |= {"HEAD_NORM": "bn", "RPN_NORM": "none"}
    return layers


def _refuse_others(shapes):
    """Raises UserError for models of the same project that are built differently."""
    for pattern, kind in OTHERS:
        if any(re.search(pattern, name) for name in shapes):
            raise UserError(
                f"the file's model {kind}; of Detectron2's, only Faster, Mask and Keypoint R-CNN with FPN can be read"
            )


def _names():
    """-> function our layer -> its possible (convolution, batch norm) in the file"""
    table = {
        "rpn/conv": ["proposal_generator.rpn_head.conv", "proposal_generator.rpn_head.conv.conv0"],
        "rpn/logits": ["proposal_generator.rpn_head.objectness_logits"],
        "rpn/deltas": ["proposal_generator.rpn_head.anchor_deltas"],
        "box_head/class_logits": ["roi_heads.box_predictor.cls_score"],
        "box_head/deltas": ["roi_heads.box_predictor.bbox_pred"],
        "mask_head/deconv": ["roi_heads.mask_head.deconv"],
        "mask_head/logits": ["roi_heads.mask_head.predictor"],
        "keypoint_head/maps": ["roi_heads.keypoint_head.score_lowres"],
    }
    for level in range(2, 6):
        table[f"fpn/lateral{level}"] = [f"backbone.fpn_lateral{level}"]
        table[f"fpn/output{level}"] = [f"backbone.fpn_output{level}"]
    for i in range(1, MOST_LAYERS + 1):
        table[f"rpn/conv{i + 1}"] = [f"proposal_generator.rpn_head.conv.conv{i}"]
        table[f"box_head/conv{i}"] = [f"roi_heads.box_head.conv{i}"]
        table[f"box_head/fc{i}"] = [f"roi_heads.box_head.fc{i}"]
        table[f"keypoint_head/conv{i}"] = [f"roi_heads.keypoint_head.conv_fcn{i}"]
        table[f"mask_head/conv{i}"] = [f"roi_heads.mask_head.mask_fcn{i}"]
    return lambda ours: [(name, f"{name}.norm") for name in table.get(ours, [])]
