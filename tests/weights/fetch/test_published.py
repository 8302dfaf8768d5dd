"""The table of published files: what belongs to which model, and that its facts fit together."""

import string

import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.fetch import published_file
from mrcnn_keras.weights.fetch.published import COCO, IMAGENET

ALL = [*COCO.values(), *IMAGENET.values()]


@pytest.mark.parametrize(
    ("preset", "backbone", "stride_in", "name"),
    [
        ("torchvision_v1", "resnet50", "3x3", "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"),
        ("resnet50_fpn", "resnet50", "3x3", "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"),
        ("torchvision_v2", "resnet50", "3x3", "maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth"),
        ("torchvision_faster_v1", "resnet50", "3x3", "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth"),
        ("torchvision_faster_v2", "resnet50", "3x3", "fasterrcnn_resnet50_fpn_v2_coco-dd69338a.pth"),
        ("torchvision_keypoint", "resnet50", "3x3", "keypointrcnn_resnet50_fpn_coco-fc266e95.pth"),
        ("detectron2_r50_fpn", "resnet50", "1x1", "model_final_f10217.pkl"),
        ("detectron2_r101_fpn", "resnet101", "1x1", "model_final_a3ec72.pkl"),
        ("detectron2_x101_fpn", "resnext101_32x8d", "3x3", "model_final_2d9806.pkl"),
        ("detectron2_faster_r50_fpn", "resnet50", "1x1", "model_final_280758.pkl"),
        ("detectron2_faster_r101_fpn", "resnet101", "1x1", "model_final_f6e8b1.pkl"),
        ("detectron2_faster_x101_fpn", "resnext101_32x8d", "3x3", "model_final_68b088.pkl"),
        ("detectron2_keypoint_r50_fpn", "resnet50", "1x1", "model_final_a6e10b.pkl"),
        ("detectron2_keypoint_r101_fpn", "resnet101", "1x1", "model_final_997cc7.pkl"),
        ("detectron2_keypoint_x101_fpn", "resnext101_32x8d", "3x3", "model_final_5ad38f.pkl"),
        ("matterport", "resnet101", "1x1", "mask_rcnn_coco.h5"),
    ],
)
def test_coco_file_of_each_preset(preset, backbone, stride_in, name):
    assert published_file(preset, backbone, stride_in, "coco").name == name


def test_every_preset_of_the_table_is_tested_above():
    assert len(COCO) == 16


@pytest.mark.parametrize(
    ("backbone", "stride_in", "name"),
    [
        ("resnet18", "3x3", "resnet18-f37072fd.pth"),
        ("resnet18", "1x1", "resnet18-f37072fd.pth"),  # a basic block has no 1x1 convolution
        ("resnet34", "1x1", "resnet34-b627a593.pth"),
        ("resnet50", "3x3", "resnet50-0676ba61.pth"),
        ("resnet50", "1x1", "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("resnet101", "3x3", "resnet101-63fe2227.pth"),
        ("resnet101", "1x1", "resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("resnext101_32x8d", "3x3", "resnext101_32x8d-8ba56ff5.pth"),
        ("resnext101_64x4d", "3x3", "resnext101_64x4d-173b62eb.pth"),
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
def test_what_is_not_published_says_what_is(arguments, words):
    with pytest.raises(UserError) as caught:
        published_file(*arguments)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.url)
def test_facts_of_a_file(file):
    """A digest that stands in the name begins the one in the table; nothing can be fetched without a checksum."""
    assert file.url.startswith("https://")
    assert file.license
    assert file.sha256 or file.md5
    for digest in filter(None, (file.sha256, file.md5)):
        assert set(digest) <= set(string.hexdigits.lower())
    assert len(file.sha256 or "") in (0, 8, 64)
    assert len(file.md5 or "") in (0, 6, 32)
    if file.project == "torchvision":
        assert file.name.endswith(f"-{file.sha256[:8]}.pth")
    if file.project == "Detectron2":
        assert file.name == f"model_final_{file.md5}.pkl"
    assert file.size is None or 40e6 < file.size < 500e6


def test_sizes_are_those_that_torchvision_rounds():
    """torchvision's documentation gives sizes in MiB, with three decimals."""
    told = {"torchvision_v1": 169.84, "torchvision_v2": 177.219}
    told |= {"torchvision_faster_v1": 159.743, "torchvision_faster_v2": 167.104}
    assert {preset: round(COCO[preset].size / 2**20, 3) for preset in told} == told
    told = {"resnet18": 44.661, "resnet34": 83.275, "resnet50": 97.781, "resnext101_32x8d": 339.586}
    assert {name: round(IMAGENET[name, "3x3"].size / 2**20, 3) for name in told} == told
