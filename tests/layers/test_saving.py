"""Each registered layer says all its arguments in get_config, and comes back from them."""

import inspect

import keras
import pytest

from mrcnn_keras.backbones import FPN, LastMap, RoIStage
from mrcnn_keras.backbones.applications import ChannelScale
from mrcnn_keras.layers import (
    AnchorLayer,
    AnchorTargetLayer,
    BoxCorners,
    BoxHead,
    Conv2D,
    DepthwiseConv2D,
    DetectionKeypoints,
    DetectionLayer,
    DetectionMasks,
    FlattenDetections,
    GivenProposalsLayer,
    KeypointHead,
    KeypointTargetLayer,
    MaskHead,
    MaskMLP,
    MaskTargetLayer,
    NormalizeImages,
    PickAnchors,
    PickRoIs,
    ProposalLayer,
    RoIAlignLayer,
    RoITargetLayer,
    RPNHead,
    WindowLayer,
)
from mrcnn_keras.layers.norm import BatchNorm, GroupNorm

# None of these is a default.
OTHER_THAN_DEFAULT = {
    AnchorLayer: {
        "scales": ((8,), (16, 32)),
        "ratios": (1.0, 3.0),
        "strides": (2, 4),
        "rounded": True,
        "spacing": "divided",
        "corners": "pixel",
    },
    AnchorTargetLayer: {
        "anchors_per_image": 9,
        "positive_ratio": 0.4,
        "positive_iou": 0.6,
        "negative_iou": 0.2,
        "std_dev": (1.0, 2.0, 3.0, 4.0),
        "seed": 8,
    },
    BoxCorners: {"corners": "pixel", "to_edges": True},
    BoxHead: {"classes": 3, "units": 7, "fcs": 1, "convs": 2, "channels": 8, "norm_kind": "gn"},
    ChannelScale: {"initial": 0.1},
    DetectionLayer: {
        "max_instances": 5,
        "min_confidence": 0.2,
        "nms_threshold": 0.4,
        "nms_sigma": 0.5,
        "std_dev": (1.0, 2.0, 3.0, 4.0),
        "min_size": 2,
        "one_class": True,
    },
    DetectionKeypoints: {"score": "logit", "corners": "pixel"},
    DetectionMasks: {"kind": "softmax"},
    FlattenDetections: {},
    FPN: {"channels": 12, "norm_kind": "gn"},
    KeypointHead: {"keypoints": 3, "convs": 2, "channels": 8, "norm_kind": "gn"},
    KeypointTargetLayer: {"side": 28, "corners": "pixel"},
    LastMap: {},
    MaskHead: {"classes": 3, "convs": 2, "channels": 8, "norm_kind": "gn", "deconvs": 2},
    MaskMLP: {"classes": 3, "side": 14, "units": 8, "fcs": 3},
    GivenProposalsLayer: {"limit": 4, "min_size": 2, "corners": "pixel"},
    MaskTargetLayer: {"mask_shape": (14, 7)},
    NormalizeImages: {
        "mean_pixel": (1.0, 2.0, 3.0),
        "std_pixel": (4.0, 5.0, 6.0),
        "pad_colour": "black",
        "stretch": True,
    },
    PickAnchors: {},
    PickRoIs: {},
    ProposalLayer: {
        "pre_nms_limit": 5,
        "post_nms_limit": 4,
        "nms_threshold": 0.4,
        "std_dev": (1.0, 2.0, 3.0, 4.0),
        "min_size": 2,
        "per_level": False,
        "score": "sigmoid",
    },
    RoIAlignLayer: {
        "pool_size": 3,
        "strides": (2, 4),
        "sampling": 3,
        "aligned": False,
        "reduce": "max",
        "canonical_size": 100.0,
        "level_tolerance": 0.01,
        "grid": "corners",
        "operator": "warp",
    },
    RoIStage: {
        "architecture": "resnet18",
        "norm_kind": "gn",
        "stride_in": "1x1",
        "freeze_stages": 5,
        "epsilon": 1e-3,
        "width": 4,
    },
    RoITargetLayer: {
        "rois_per_image": 9,
        "positive_ratio": 0.4,
        "positive_iou": 0.6,
        "std_dev": (1.0, 2.0, 3.0, 4.0),
        "seed": 8,
    },
    RPNHead: {"channels": 8, "anchors_per_cell": 2, "norm_kind": "gn", "convs": 2},
    WindowLayer: {"place": "centre", "corners": "pixel"},
}
each_layer = pytest.mark.parametrize("kind", OTHER_THAN_DEFAULT, ids=lambda kind: kind.__name__)


def test_all_registered_layers_are_here():
    registered = [
        kind
        for name, kind in keras.saving.get_custom_objects().items()
        if name.startswith("mrcnn_keras>")
        if isinstance(kind, type)  # not yet imported: no layer
        if issubclass(kind, keras.Layer) and not issubclass(kind, keras.Model)
    ]
    # The arguments of normalisation and convolutions are Keras's own.
    assert {*OTHER_THAN_DEFAULT, BatchNorm, GroupNorm, Conv2D, DepthwiseConv2D} == set(registered)


@each_layer
def test_the_table_names_each_argument_and_no_default(kind):
    parameters = dict(list(inspect.signature(kind.__init__).parameters.items())[1:-1])
    assert set(parameters) == set(OTHER_THAN_DEFAULT[kind])
    for name, value in OTHER_THAN_DEFAULT[kind].items():
        assert parameters[name].default != value


@each_layer
def test_a_layer_comes_back_with_its_arguments(kind):
    options = OTHER_THAN_DEFAULT[kind]
    layer = kind(**options, name="mine", trainable=False)
    config = layer.get_config()
    assert {name: config[name] for name in options} == options
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is kind
    assert again.name == "mine"
    assert not again.trainable
    assert again.get_config() == config
    assert again.dtype_policy.name == layer.dtype_policy.name
