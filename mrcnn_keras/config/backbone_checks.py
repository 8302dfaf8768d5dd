"""Which settings of the backbone go together, and the sentence for those that do not."""

from mrcnn_keras.architectures import APPLICATIONS, FEATURES, GIVEN, RESNETS
from mrcnn_keras.errors import UserError

# What only a ResNet has, and the value that stands there for the others.
_OF_RESNETS = {"BACKBONE_WIDTH": 64, "BACKBONE_STRIDE_IN": "3x3", "BACKBONE_POOL_PAD": "both"}
_OF_BATCH_NORM = {"BACKBONE_NORM_EPSILON": 1e-5}
_OF_OURS = {"BACKBONE_NORM": "frozen_bn", "BACKBONE_FREEZE_STAGES": 0}  # a given model trains as it is set to
GIVEN_BACKBONE = {"BACKBONE": GIVEN, **_OF_RESNETS, **_OF_BATCH_NORM, **_OF_OURS}
_LEAST = 32  # pixels: the stride of C5


def check_backbone(config):
    """Refuses settings and maps that the backbone does not have."""
    if config.BACKBONE == GIVEN:
        _check_given(config)
    elif config.BACKBONE in APPLICATIONS:
        _check_application(config, APPLICATIONS[config.BACKBONE].normalisation)
    else:
        _check_resnet(config)
    _check_maps(config)


def _check_application(config, normalisation):
    if (config.BACKBONE_NORM == "ln") != (normalisation == "ln"):
        other = "ln" if normalisation == "ln" else "bn (or frozen_bn, or gn)"
        has = {"ln": "layer", "bn": "batch"}[normalisation]
        raise UserError(
            f"BACKBONE_NORM = {config.BACKBONE_NORM!r}: {config.BACKBONE} has {has} normalisation; "
            f"set BACKBONE_NORM={other}"
        )
    _refuse_choices(config, {**_OF_RESNETS, **(_OF_BATCH_NORM if normalisation == "ln" else {})})
    _refuse_resnet_features(config)


def _check_given(config):
    _refuse_choices(config, GIVEN_BACKBONE)
    _refuse_resnet_features(config)


def _refuse_choices(config, usual):
    """Refuses set values that the backbone does not have. usual: {setting: the value that stands for nothing}."""
    for name, value in usual.items():
        if getattr(config, name) != value:
            raise UserError(f"{name} = {getattr(config, name)!r}: {config.BACKBONE} has no such choice; leave it out")


def _refuse_resnet_features(config):
    if config.BACKBONE_FEATURES in ("c4", "dc5"):
        raise UserError(
            f"BACKBONE_FEATURES = {config.BACKBONE_FEATURES!r} is made of a ResNet's stage 5, which {config.BACKBONE} "
            "does not have; set BACKBONE_FEATURES=fpn or c5"
        )
    if config.IMAGE_PAD_MULTIPLE % _LEAST:
        raise UserError(
            f"IMAGE_PAD_MULTIPLE = {config.IMAGE_PAD_MULTIPLE}: the maps of {config.BACKBONE} fit each other where the "
            f"sides are multiples of {_LEAST}; take {-(-config.IMAGE_PAD_MULTIPLE // _LEAST) * _LEAST}"
        )


def _check_resnet(config):
    if config.BACKBONE_NORM == "ln":
        raise UserError(
            f"BACKBONE_NORM = 'ln': {config.BACKBONE} has no layer normalisation; choose frozen_bn, bn or gn"
        )
    _, _, groups, widening = RESNETS[config.BACKBONE]
    if config.BACKBONE_WIDTH * widening % groups:
        raise UserError(
            f"BACKBONE_WIDTH = {config.BACKBONE_WIDTH}: {config.BACKBONE} has {groups} groups of channels; take a "
            f"multiple of {groups // widening}"
        )


def _check_maps(config):
    maps, scales = len(FEATURES[config.BACKBONE_FEATURES].strides), len(config.RPN_ANCHOR_SCALES)
    if not scales or scales % maps:
        raise UserError(
            f"RPN_ANCHOR_SCALES = {config.RPN_ANCHOR_SCALES!r}: BACKBONE_FEATURES {config.BACKBONE_FEATURES!r} needs "
            f"{maps} numbers or a multiple of that, as many on each map, not {scales}"
        )
    for there, name in ((config.MASKS, "MASK_POOL_SIZE"), (config.NUM_KEYPOINTS, "KEYPOINT_POOL_SIZE")):
        own = getattr(config, name)
        if config.BACKBONE_FEATURES == "c4" and there and own != config.POOL_SIZE:
            raise UserError(
                f"POOL_SIZE {config.POOL_SIZE} and {name} {own}: with BACKBONE_FEATURES 'c4' all branches "
                "share their RoI bins; set both to 14"
            )
