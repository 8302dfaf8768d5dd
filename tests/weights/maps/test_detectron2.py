"""Detectron2's files: blue first, background last."""

import json

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps.detectron2 import describe, fits, translate
from tests.weights.maps.thin_files import RESNET18, RESNET50, RESNET101, RESNEXT101, UNITS, detectron2_file


def test_detectron2_published_names(shared):
    folder = shared / "oracle" / "detectron2_mask_rcnn_R_50_FPN_3x"
    recipe = json.loads((folder / "weights.json").read_text())
    with np.load(folder / "weights.npz") as small:
        shapes = {name: small[name].shape for name in small.files}
    shapes |= {name: tuple(how["shape"]) for name, how in recipe["large"].items()}
    assert fits(shapes)
    described = describe(shapes)
    settings = described["settings"]
    assert described["preset"] == "detectron2_r50_fpn"
    assert (settings["NUM_CLASSES"], settings["POOL_SIZE"], settings["FPN_CLASSIF_FC_LAYERS_SIZE"]) == (81, 7, 1024)
    assert settings["CLASS_NAMES"][:2] == ("BG", "person")
    assert settings["CLASS_NAMES"][80] == "toothbrush"
    assert (len(settings["CATEGORY_IDS"]), settings["CATEGORY_IDS"][11]) == (80, 13)


@pytest.mark.parametrize(
    ("architecture", "masks", "preset"),
    [
        (RESNET50, True, "detectron2_r50_fpn"),
        (RESNET101, True, "detectron2_r101_fpn"),
        (RESNEXT101, True, "detectron2_x101_fpn"),
        (RESNET50, False, "detectron2_faster_r50_fpn"),
        (RESNET101, False, "detectron2_faster_r101_fpn"),
        (RESNEXT101, False, "detectron2_faster_x101_fpn"),
        (RESNET18, True, "detectron2_r50_fpn"),  # no such file is published
    ],
)
def test_detectron2_preset(architecture, masks, preset):
    assert describe(detectron2_file(masks=masks, **architecture).shapes)["preset"] == preset


@pytest.mark.parametrize(("architecture", "preset"), [(RESNET50, "r50"), (RESNET101, "r101"), (RESNEXT101, "x101")])
def test_detectron2_keypoints(architecture, preset):
    file = detectron2_file(classes=1, masks=False, keypoints=17, **architecture)
    described = describe(file.shapes)
    settings = described["settings"]
    assert described["preset"] == f"detectron2_keypoint_{preset}_fpn"
    assert (settings["NUM_CLASSES"], settings["CLASS_NAMES"], settings["CATEGORY_IDS"]) == (2, ("BG", "person"), (1,))
    assert (settings["NUM_KEYPOINTS"], settings["KEYPOINT_NAMES"][16]) == (17, "right_ankle")
    assert (settings["KEYPOINT_HEAD_CONVS"], settings["KEYPOINT_HEAD_CHANNELS"], settings["MASKS"]) == (2, UNITS, False)
    values, _ = translate(file)
    assert values["keypoint_head/conv2/kernel"].sources == ("roi_heads.keypoint_head.conv_fcn2.weight",)
    # keypoints have no background that would come first
    np.testing.assert_array_equal(
        values["keypoint_head/maps/bias"](), file["roi_heads.keypoint_head.score_lowres.bias"]
    )


def test_detectron2_stem_takes_red_first():
    """The sum over a patch of RGB with our kernel is the sum over the same patch in BGR with theirs."""
    rng = np.random.default_rng(1)
    file = detectron2_file()
    kernel = translate(file)[0]["stem_conv/kernel"]()
    patch = rng.normal(size=(7, 7, 3))  # y, x, (red, green, blue)
    theirs = (file["backbone.bottom_up.stem.conv1.weight"] * patch[:, :, ::-1].transpose(2, 0, 1)).sum((1, 2, 3))
    np.testing.assert_allclose((kernel * patch[..., None]).sum((0, 1, 2)), theirs, rtol=1e-5, atol=1e-5)


def test_detectron2_background_comes_first():
    file = detectron2_file(classes=3)
    file["roi_heads.box_predictor.cls_score.bias"] = np.array([10, 11, 12, 99], np.float32)  # 99: the background
    file["roi_heads.box_predictor.bbox_pred.bias"] = np.arange(1, 13, dtype=np.float32)
    file["roi_heads.mask_head.predictor.bias"] = np.array([5, 6, 7], np.float32)
    values, _ = translate(file)
    assert values["box_head/class_logits/bias"]().tolist() == [99, 10, 11, 12]
    assert values["box_head/deltas/bias"]().tolist() == [0, 0, 0, 0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11]
    assert values["mask_head/logits/bias"]().tolist() == [0, 5, 6, 7]
    logits = values["box_head/class_logits/kernel"]()
    np.testing.assert_array_equal(logits[:, 0], file["roi_heads.box_predictor.cls_score.weight"][3])
    np.testing.assert_array_equal(logits[:, 2], file["roi_heads.box_predictor.cls_score.weight"][1])
    deltas = values["box_head/deltas/kernel"]()
    assert deltas.shape == (UNITS, 16)
    assert not deltas[:, :4].any()
    np.testing.assert_array_equal(deltas[:, 4], file["roi_heads.box_predictor.bbox_pred.weight"][1])
    masks = values["mask_head/logits/kernel"]()[0, 0]
    assert not masks[:, 0].any()
    np.testing.assert_array_equal(masks[:, 1:], file["roi_heads.mask_head.predictor.weight"][:, :, 0, 0].T)


def test_detectron2_anchor_boxes_from_xy_to_yx():
    file = detectron2_file()
    file["proposal_generator.rpn_head.anchor_deltas.bias"] = np.arange(12, dtype=np.float32)
    assert translate(file)[0]["rpn/deltas/bias"]().tolist() == [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]


def test_detectron2_left_over_tensors_have_a_reason():
    file = detectron2_file()
    file.add("pixel_mean", 3, 1, 1)
    leftovers = translate(file)[1]
    assert leftovers["proposal_generator.anchor_generator.cell_anchors.0"] == "anchors, which the model makes itself"
    assert leftovers["pixel_mean"] == "a constant, which the preset has"


def test_detectron2_long_heads():
    """The models trained from scratch have batch norm everywhere, two convolutions in the RPN and four for boxes."""
    file = detectron2_file(long_heads=True)
    settings = describe(file.shapes)["settings"]
    found = {name: settings[name] for name in ("RPN_CONVS", "BOX_HEAD_CONVS", "BOX_HEAD_FCS", "HEAD_NORM", "RPN_NORM")}
    assert found == dict(RPN_CONVS=2, BOX_HEAD_CONVS=4, BOX_HEAD_FCS=1, HEAD_NORM="bn", RPN_NORM="none")
    values, _ = translate(file)
    assert values["rpn/conv2/kernel"].sources == ("proposal_generator.rpn_head.conv.conv1.weight",)
    assert values["mask_head/norm3/moving_mean"].sources == ("roi_heads.mask_head.mask_fcn3.norm.running_mean",)
    assert "HEAD_NORM" not in describe(detectron2_file().shapes)["settings"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["backbone.res2.0.conv1.weight"], "no feature pyramid"),
        (["backbone.bottom_up.stem.conv1.weight", "roi_heads.box_head.0.fc1.weight"], "Cascade R-CNN"),
        (["backbone.bottom_up.res3.0.conv2_offset.weight"], "deformable convolutions"),
        (["backbone.bottom_up.stem.conv1.weight", "head.cls_score.weight"], "RetinaNet"),
    ],
)
def test_detectron2_refuses_other_models(names, sentence):
    shapes = dict.fromkeys(names, (8, 8, 1, 1))
    assert fits(shapes)
    with pytest.raises(UserError, match=sentence):
        describe(shapes)


def test_detectron2_refuses_class_agnostic_boxes():
    shapes = detectron2_file(classes=3).shapes
    shapes["roi_heads.box_predictor.bbox_pred.weight"] = (4, UNITS)
    shapes["roi_heads.box_predictor.bbox_pred.bias"] = (4,)
    with pytest.raises(UserError, match="boxes of the classes is 4, where 12 would fit"):
        describe(shapes)
