"""The maps that region proposals and heads read: a backbone, and a pyramid or its last map, by BACKBONE_FEATURES."""

from mrcnn_keras.architectures import APPLICATIONS, FEATURES, GIVEN
from mrcnn_keras.backbones import FPN, LastMap, RoIStage, application_backbone, given_backbone, resnet_backbone


def make_backbone(config, given=None):
    """The model from normalised images to a list of maps, one per stage. given: the user's, if BACKBONE says so."""
    if config.BACKBONE == GIVEN:
        return given_backbone(given)
    if config.BACKBONE in APPLICATIONS:
        return application_backbone(
            config.BACKBONE,
            norm_kind=config.BACKBONE_NORM,
            freeze_stages=config.BACKBONE_FREEZE_STAGES,
            epsilon=config.BACKBONE_NORM_EPSILON,
        )
    features = FEATURES[config.BACKBONE_FEATURES]
    return resnet_backbone(
        **_resnet_options(config),
        pool_pad=config.BACKBONE_POOL_PAD,
        last_stage=features.last_stage,
        dilated=features.dilated,
    )


def make_roi_stage(config):
    """The stage that a backbone which ends with C4 leaves to the RoIs."""
    return RoIStage(**_resnet_options(config), name="roi_stage")


def _resnet_options(config):
    """The arguments that resnet_backbone and RoIStage, its last stage, have in common."""
    return {
        "architecture": config.BACKBONE,
        "norm_kind": config.BACKBONE_NORM,
        "stride_in": config.BACKBONE_STRIDE_IN,
        "freeze_stages": config.BACKBONE_FREEZE_STAGES,
        "epsilon": config.BACKBONE_NORM_EPSILON,
        "width": config.BACKBONE_WIDTH,
    }


def make_neck(config, backbone):
    """The layer from the backbone's maps to those that RPN and heads read, and their channels."""
    if config.BACKBONE_FEATURES == "fpn":
        channels = config.TOP_DOWN_PYRAMID_SIZE
        return FPN(channels, config.HEAD_NORM, name="fpn"), channels
    return LastMap(name="last_map"), backbone.outputs[-1].shape[-1]
