"""load_weights of files of another model, or damaged: a sentence with the cure, and the model is as it was."""

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN
from tests.model.loading import assert_same_weights, fresh_model, weights_of
from tests.weights.files.saved_files import imagenet_file, save_h5, save_pickle, save_torch, save_torch_legacy
from tests.weights.files.writers import write_safetensors
from tests.weights.maps.thin_files import (
    RESNET18,
    RESNET50,
    RESNET101,
    detectron2_file,
    matterport_file,
    torchvision_file,
)

RESNET34 = dict(blocks=(3, 4, 6, 3), bottleneck=False)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The file of a torchvision Mask R-CNN with ResNet-18."""
    return save_torch(tmp_path_factory.mktemp("small") / "small.pth", torchvision_file(**RESNET18))


@pytest.fixture(scope="module")
def model(small):
    """A model that `small` fits, with other weights."""
    return fresh_model(small)


def refused(model, path, sentence):
    """The file is named, a cure too, and no variable has changed."""
    before = weights_of(model)
    with pytest.raises(UserError) as caught:
        model.load_weights(path)
    message = str(caught.value)
    assert str(path) in message
    assert message.count(str(path)) == 1
    assert sentence in message
    assert "; " in message
    assert_same_weights(weights_of(model), before)


def test_load_weights_refuses_by_name_and_exclude(model, small):
    with pytest.raises(UserError, match="takes no by_name, exclude: .* leave it out"):
        model.load_weights(small, by_name=True, exclude=["mrcnn_mask"])


def test_from_checkpoint_needs_the_ratios_of_unusual_anchors(tmp_path):
    tensors = dict(torchvision_file(**RESNET18))
    for name, rows in {"cls_logits": 5, "bbox_pred": 20}.items():
        weight = np.resize(tensors[f"rpn.head.{name}.weight"], (rows, *tensors[f"rpn.head.{name}.weight"].shape[1:]))
        tensors |= {f"rpn.head.{name}.weight": weight, f"rpn.head.{name}.bias": np.zeros(rows, np.float32)}
    path = save_torch(tmp_path / "five.pth", tensors)
    with pytest.raises(UserError, match="has 5 anchors per cell .* give RPN_ANCHOR_RATIOS with 5 numbers"):
        MaskRCNN.from_checkpoint(path)
    ratios = (0.25, 0.5, 1.0, 2.0, 4.0)
    assert MaskRCNN.from_checkpoint(path, RPN_ANCHOR_RATIOS=ratios).load_report.complete


# --- files of another model


# name -> function that makes the file, what is wrong with it, what to do
OTHERS = {
    "deeper": (
        lambda: torchvision_file(**RESNET34),
        "has res2_2_conv1, which this model's backbone does not have",
        "make the model with Config.preset('torchvision_v1', BACKBONE='resnet34')",
    ),
    "bottlenecks": (
        lambda: torchvision_file(**RESNET50),
        "which this model's backbone does not have",
        "make the model with Config.preset('torchvision_v1')",
    ),
    "version 2": (
        lambda: torchvision_file(v2=True, **RESNET18),
        "has kernel in layer fpn/lateral2, where this model has bias, kernel",
        "make the model with Config.preset('torchvision_v2', BACKBONE='resnet18')",
    ),
    "ImageNet, deeper": (
        lambda: imagenet_file(**RESNET34),
        "has res2_2_conv1, which this model's backbone does not have",
        "set BACKBONE='resnet34' and BACKBONE_NORM='frozen_bn'",
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_load_weights_refuses_another_architecture(kind, model, tmp_path):
    make, fault, cure = OTHERS[kind]
    refused(model, save_torch(tmp_path / "other.pth", make()), f"{fault}; {cure}")


def test_load_weights_refuses_a_wider_backbone(small):
    refused(
        fresh_model(small, BACKBONE_WIDTH=16),
        small,
        "has stem_conv/kernel of shape (7, 7, 3, 8), where this model has (7, 7, 3, 16)",
    )


def test_load_weights_refuses_group_norm(small):
    refused(fresh_model(small, BACKBONE_NORM="gn"), small, "where this model has beta, gamma; make")


@pytest.mark.slow
def test_load_weights_refuses_resnet101_for_resnet50(tmp_path):
    """The deeper one has all layers of the other in the same sizes: only their number distinguishes the two."""
    path, deeper = tmp_path / "r50.pkl", tmp_path / "r101.pkl"
    save_pickle(path, detectron2_file())
    save_pickle(deeper, detectron2_file(**RESNET101))
    refused(fresh_model(path), deeper, "has res4_6_conv1, which this model's backbone does not have; ")
    refused(fresh_model(deeper), path, "lacks res4_6_conv1, where this model's backbone has it; ")


# --- damaged files


def damaged_torch(path, tensors, name):
    save_torch(path, tensors)
    content = bytearray(path.read_bytes())
    content[content.index(tensors[name].tobytes())] ^= 1
    path.write_bytes(content)


def with_nan(write):
    def save(path, tensors, name):
        tensors[name][-1] = np.nan
        write(path, tensors)

    return save


DAMAGED = {
    "torch": damaged_torch,
    "torch legacy": with_nan(save_torch_legacy),
    "pickle": with_nan(save_pickle),
    "safetensors": with_nan(write_safetensors),
}
LAST = "roi_heads.mask_predictor.mask_fcn_logits.bias"  # of the values that are read


@pytest.mark.parametrize("kind", DAMAGED)
def test_load_weights_of_a_damaged_file_changes_nothing(kind, model, tmp_path):
    """All values before the damaged one are sound, and none of them gets into the model."""
    DAMAGED[kind](path := tmp_path / "damaged.bin", torchvision_file(**RESNET18), LAST)
    refused(model, path, "damaged")


def test_load_weights_of_a_damaged_h5_file_changes_nothing(tmp_path):
    tensors = matterport_file(**RESNET18)
    path = save_h5(tmp_path / "sound.h5", tensors)
    model = fresh_model(path)
    tensors["bn5b_branch2b/moving_variance"][3] = -1
    refused(model, save_h5(tmp_path / "damaged.h5", tensors), "damaged")
    path.write_bytes(path.read_bytes()[:-1000])
    refused(model, path, "sound.h5")
