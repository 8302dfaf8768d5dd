"""Layers that say what they return without being traced, which saves half the time to build a model, say the truth."""

import keras
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.model import MaskRCNN
from tests.tiny import TINY

VARIANTS = {
    "pyramid": {"NUM_KEYPOINTS": 2},
    "c4": {"BACKBONE_FEATURES": "c4", "MASK_DECONVS": 2, "MASK_HEAD_CONVS": 0},
    "bfloat16": {"PRECISION": "bfloat16"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_a_layer_says_it_returns_is_what_its_call_returns(variant, monkeypatch):
    declared, symbolic_call = set(), keras.Layer.symbolic_call

    def compared(layer, *args, **kwargs):
        said = symbolic_call(layer, *args, **kwargs)
        if "compute_output_spec" in vars(type(layer)):
            traced = keras.Operation.compute_output_spec(layer, *args, **kwargs)
            assert forms(said) == forms(traced), layer.name
            declared.add(type(layer).__name__)
        return said

    monkeypatch.setattr(keras.Layer, "symbolic_call", compared)
    model = MaskRCNN(Config.preset("resnet18_fpn", **TINY | VARIANTS[variant]))
    assert model.inference.outputs
    first = {"NormalizeImages", "WindowLayer", "AnchorLayer", "RPNHead", "ProposalLayer", "RoIAlignLayer"}
    of_training = {"AnchorTargetLayer", "RoITargetLayer", "MaskTargetLayer"}
    assert declared >= first | of_training | {"BoxHead", "MaskHead", "DetectionLayer"}


def forms(outputs):
    return keras.tree.map_structure(lambda tensor: (tuple(tensor.shape), tensor.dtype), outputs)
