"""The table of published files: what belongs to which model, that its facts fit together, and digests in names."""

import hashlib
import re

import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.fetch import name_hash_mismatch, published_file
from mrcnn_keras.weights.fetch.published import COCO, IMAGENET

SHA, MD5 = hashlib.sha256(b"weights").hexdigest(), hashlib.md5(b"weights").hexdigest()


def test_each_preset_with_coco_weights_has_the_settings_of_its_file():
    for preset, file in COCO.items():
        config = Config.preset(preset)
        assert published_file(preset, config.BACKBONE, config.BACKBONE_STRIDE_IN, "coco") is file
    assert COCO["torchvision_v1"].name == "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
    path = "COCO-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_3x/139653917/model_final_2d9806.pkl"
    assert COCO["detectron2_x101_fpn"].url == f"https://dl.fbaipublicfiles.com/detectron2/{path}"


@pytest.mark.parametrize(
    ("backbone", "stride_in", "name"),
    [
        ("resnet18", "1x1", "resnet18-f37072fd.pth"),  # a basic block has no 1x1 convolution
        ("resnet50", "3x3", "resnet50-0676ba61.pth"),
        ("resnet50", "1x1", "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("mobilenet_v3_large", "3x3", "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5"),
        ("efficientnet_v2_b0", "3x3", "efficientnetv2-b0_notop.h5"),
    ],
)
def test_imagenet_file_of_each_backbone(backbone, stride_in, name):
    assert published_file("any preset", backbone, stride_in, "imagenet").name == name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("resnet101_fpn", "resnet101", "3x3", "coco"), ["'resnet101_fpn'", "detectron2_r101_fpn", "'imagenet'"]),
        ((None, "resnet50", "3x3", "coco"), ["without a preset", "torchvision_v1"]),
        (("torchvision_v1", "resnet101", "3x3", "coco"), ["BACKBONE = 'resnet101'", "'resnet50'"]),
        (("resnet50_fpn", "resnet50", "1x1", "coco"), ["BACKBONE_STRIDE_IN = '1x1'", "'3x3'"]),
        ((None, "resnext101_32x8d", "1x1", "imagenet"), ["'resnext101_32x8d'", "resnet101 with '1x1'"]),
        (("resnet50_fpn", "resnet50", "3x3", "lvis"), ["'lvis'", "'coco' and 'imagenet'"]),
    ],
)
def test_unpublished_weights_are_refused_with_those_that_there_are(arguments, words):
    with pytest.raises(UserError) as caught:
        published_file(*arguments)
    assert all(word in str(caught.value) for word in words)


def test_facts_of_published_files():
    """A digest in the name begins the one in the table; nothing can be fetched without a checksum."""
    for file in (*COCO.values(), *IMAGENET.values()):
        assert file.url.startswith("https://"), file
        assert file.license, file
        assert file.sha256 or file.md5, file
        assert re.fullmatch("([0-9a-f]{8}|[0-9a-f]{64})?", file.sha256 or ""), file
        assert re.fullmatch("([0-9a-f]{6}|[0-9a-f]{32})?", file.md5 or ""), file
        assert file.project != "torchvision" or file.name.endswith(f"-{file.sha256[:8]}.pth"), file
        assert file.project != "Detectron2" or file.name == f"model_final_{file.md5}.pkl", file
        assert file.size is None or 40e6 < file.size < 500e6, file


def test_sizes_are_those_that_torchvision_rounds():
    """torchvision's documentation gives sizes in MiB, with three decimals."""
    rounded = {"torchvision_v1": 169.84, "torchvision_v2": 177.219}
    rounded |= {"torchvision_faster_v1": 159.743, "torchvision_faster_v2": 167.104}
    assert {preset: round(COCO[preset].size / 2**20, 3) for preset in rounded} == rounded
    rounded = {"resnet18": 44.661, "resnet34": 83.275, "resnet50": 97.781, "resnext101_32x8d": 339.586}
    assert {name: round(IMAGENET[name, "3x3"].size / 2**20, 3) for name in rounded} == rounded


@pytest.mark.parametrize(
    ("name", "difference"),
    [
        (f"resnet50-{SHA[:8]}.pth", None),
        (f"model_final_{MD5[:6]}.pkl", None),
        ("my-weights.pth", None),
        ("maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth", f"its sha256 begins with {SHA[:8]}, not bf2d0c1e"),
        ("model_final_f10217.pkl", f"its md5 begins with {MD5[:6]}, not f10217"),
    ],
)
def test_digits_in_a_name_are_compared_with_the_content(tmp_path, name, difference):
    (tmp_path / name).write_bytes(b"weights")
    note = name_hash_mismatch(tmp_path / name)
    assert note == difference or f"{name} is not the published file of that name: {difference};" in note
