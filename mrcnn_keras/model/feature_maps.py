"""The maps that region proposals and heads look at: a backbone, and a pyramid or its last map, by BACKBONE_FEATURES."""

from mrcnn_keras.architectures import APPLICATIONS, FEATURES
from mrcnn_keras.backbones import FPN, LastMap, RoIStage, application_backbone, resnet_backbone


def make_backbone(config):
    """The model from normalised images to a list of maps, one for each stage."""
    if config.BACKBONE in APPLICATIONS:
        return application_backbone(
            config.BACKBONE, config.BACKBONE_NORM, config.BACKBONE_FREEZE_STAGES, config.BACKBONE_NORM_EPSILON
        )
    features = FEATURES[config.BACKBONE_FEATURES]
    return resnet_backbone(
        *_of_all_stages(config),
        pool_pad=config.BACKBONE_POOL_PAD,
        last_stage=features.last_stage,
        dilated=features.dilated,
    )


def make_roi_stage(config):
    """The stage that a backbone which ends with C4 leaves to the RoIs."""
    return RoIStage(*_of_all_stages(config), name="roi_stage")


def _of_all_stages(config):
    """What all stages of a ResNet have in common: the first arguments of resnet and RoIStage."""
    return (
        config.BACKBONE,
        config.BACKBONE_NORM,
        config.BACKBONE_STRIDE_IN,
        config.BACKBONE_FREEZE_STAGES,
        config.BACKBONE_NORM_EPSILON,
        config.BACKBONE_WIDTH,
    )


def make_neck(config, backbone):
    """The layer from the backbone's maps to those that are looked at, and their channels."""
    if config.BACKBONE_FEATURES == "fpn":
        channels = config.TOP_DOWN_PYRAMID_SIZE
        return FPN(channels, config.HEAD_NORM, name="fpn"), channels
    return LastMap(name="last_map"), backbone.outputs[-1].shape[-1]
