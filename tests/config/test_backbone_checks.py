"""Settings of the backbone that do not go together, each with its cure."""

import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError

MOBILE, CONVNEXT = {"BACKBONE": "mobilenet_v3_large"}, {"BACKBONE": "convnext_tiny", "BACKBONE_NORM": "ln"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"BACKBONE_FEATURES": "c3"}, "choose one of fpn, c4, c5, dc5"),
        ({"BACKBONE": "mobilenet_v3_larg"}, "choose one of .*; did you mean mobilenet_v3_large?"),
        ({"BACKBONE_NORM": "ln"}, "resnet50 has no layer normalisation; choose frozen_bn, bn or gn"),
        ({**MOBILE, "BACKBONE_NORM": "ln"}, "has batch normalisation; set BACKBONE_NORM=bn"),
        ({"BACKBONE": "convnext_tiny"}, "'frozen_bn': convnext_tiny has layer normalisation; set BACKBONE_NORM=ln"),
        ({**MOBILE, "BACKBONE_WIDTH": 32}, "BACKBONE_WIDTH = 32: mobilenet_v3_large has no such choice; leave it out"),
        ({**MOBILE, "BACKBONE_STRIDE_IN": "1x1"}, "has no such choice"),
        ({**MOBILE, "BACKBONE_POOL_PAD": "end"}, "has no such choice"),
        ({**CONVNEXT, "BACKBONE_NORM_EPSILON": 1e-3}, "convnext_tiny has no such choice"),
        ({**MOBILE, "BACKBONE_FEATURES": "c4"}, "'c4' is made of a ResNet's stage 5.*; set BACKBONE_FEATURES=fpn"),
        ({**CONVNEXT, "BACKBONE_FEATURES": "dc5"}, "which convnext_tiny does not have"),
        ({**MOBILE, "IMAGE_PAD_MULTIPLE": 40}, "multiples of 32; take 64"),
        ({"BACKBONE": "resnext101_64x4d", "BACKBONE_WIDTH": 24}, "64 groups of channels; take a multiple of 16"),
        ({"RPN_ANCHOR_SCALES": (32, 64)}, "'fpn' needs 5 numbers or a multiple of that, as many on each map, not 2"),
        ({"RPN_ANCHOR_SCALES": ()}, "needs 5 numbers"),
        ({"BACKBONE_FEATURES": "dc5", "RPN_ANCHOR_SCALES": ()}, "needs 1 numbers"),
        ({"BACKBONE_FEATURES": "c4"}, "POOL_SIZE 7 and MASK_POOL_SIZE 14: .* share their RoI bins; set both to 14"),
        (
            {"BACKBONE_FEATURES": "c4", "MASKS": False, "NUM_KEYPOINTS": 3},
            "POOL_SIZE 7 and KEYPOINT_POOL_SIZE 14: .* share their RoI bins; set both to 14",
        ),
    ],
)
def test_backbone_settings_that_contradict_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        Config(**settings)


def test_backbone_settings_that_fit_are_taken():
    assert Config(**MOBILE, BACKBONE_NORM_EPSILON=1e-3, BACKBONE_FEATURES="c5").BACKBONE_FEATURES == "c5"
    assert Config(**CONVNEXT).BACKBONE_NORM == "ln"
    assert Config(BACKBONE_FEATURES="c4", MASKS=False).POOL_SIZE == 7
    assert Config(BACKBONE="resnext101_64x4d", BACKBONE_WIDTH=16).BACKBONE_WIDTH == 16


def test_scales_of_anchors_are_shared_out_among_the_maps():
    config = Config(RPN_ANCHOR_SCALES=(8, 12, 16, 24, 32, 48, 64, 96, 128, 192))
    assert config.anchor_scales() == [[8, 12], [16, 24], [32, 48], [64, 96], [128, 192]]
    assert config.anchors_per_cell() == 6
    single = Config(BACKBONE_FEATURES="dc5")
    assert single.anchor_scales() == [[32, 64, 128, 256, 512]]
    assert single.anchors_per_cell() == 15


@pytest.mark.parametrize(("bins", "side"), [(14, 14), (7, 8)])
def test_cells_of_a_mask_after_stage_5(bins, side):
    assert Config(BACKBONE_FEATURES="c4", POOL_SIZE=bins, MASK_POOL_SIZE=bins).mask_side() == side
