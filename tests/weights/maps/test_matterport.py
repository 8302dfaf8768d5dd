"""Matterport's files: batch norm folded into the heads, biases into the backbone's means, two logits into one."""

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps.matterport import NORM_EPSILON, describe, fits, translate
from tests.weights.maps.thin_files import PYRAMID, RESNET50, UNITS, ThinFile, matterport_file


def batch_norm(file, name, x):
    gamma, beta, mean, variance = (
        file[f"{name}/{part}"].astype(np.float64) for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    return (x - mean) / np.sqrt(variance + NORM_EPSILON) * gamma + beta


def published(shared, backbone):
    rows = (shared / "reference" / f"matterport_h5_{backbone}_81.tsv").read_text().splitlines()[1:]
    shapes = {}
    for path, _, shape in (row.split("\t") for row in rows):
        layer, weight = path.split("/")[-2:]
        shapes[f"{layer}/{weight.removesuffix(':0')}"] = tuple(int(side) for side in shape.split("x"))
    return shapes


@pytest.mark.parametrize(
    ("backbone", "preset", "variables"), [("resnet50", "matterport_r50", 307), ("resnet101", "matterport", 562)]
)
def test_matterport_published_names(shared, backbone, preset, variables):
    shapes = published(shared, backbone)
    assert fits(shapes)
    described = describe(shapes)
    settings = described["settings"]
    assert (described["preset"], settings["BACKBONE"]) == (preset, backbone)
    assert (settings["NUM_CLASSES"], settings["RPN_CHANNELS"], settings["MASK_HEAD_CONVS"]) == (81, 512, 4)
    assert (settings["CLASS_NAMES"][1], settings["CATEGORY_IDS"][-1]) == ("person", 90)
    file = ThinFile()
    file.update({name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()})
    values, leftovers = translate(file)
    assert (len(values), leftovers) == (variables, {})
    assert values["box_head/fc1/kernel"].shape == (12544, 1024)
    assert values["rpn/logits/kernel"].shape == (1, 1, 512, 3)


def test_matterport_with_own_classes():
    described = describe(matterport_file(classes=2, **RESNET50).shapes)
    settings = described["settings"]
    assert described["preset"] == "matterport_r50"
    assert (settings["NUM_CLASSES"], settings["CLASS_NAMES"], settings["CATEGORY_IDS"]) == (2, (), ())
    assert (settings["TOP_DOWN_PYRAMID_SIZE"], settings["FPN_CLASSIF_FC_LAYERS_SIZE"]) == (PYRAMID, UNITS)


def test_matterport_means_take_over_the_biases():
    rng = np.random.default_rng(1)
    file = matterport_file()
    values, _ = translate(file)
    bias, x = file["res3b_branch2b/bias"], rng.normal(size=(5, 16))  # x: what the convolution gives without its bias
    gamma, beta, mean, variance = (
        values[f"res3_1_norm2/{part}"]() for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    ours = (x - mean) / np.sqrt(variance + NORM_EPSILON) * gamma + beta
    np.testing.assert_allclose(ours, batch_norm(file, "bn3b_branch2b", x + bias), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(values["res3_1_conv2/kernel"](), file["res3b_branch2b/kernel"])
    assert values["res5_0_shortcut/kernel"].sources == ("res5a_branch1/kernel",)
    assert values["stem_norm/moving_mean"].sources == ("bn_conv1/moving_mean", "conv1/bias")


def test_matterport_batch_norm_is_folded_into_the_box_head():
    """A convolution over all bins of a RoI and its batch norm are one fully connected layer of the RoI made flat."""
    rng = np.random.default_rng(2)
    file = matterport_file()
    values, _ = translate(file)
    roi = rng.normal(size=(2, 2, PYRAMID))  # y, x, channel
    conv = np.einsum("yxi,yxio->o", roi, file["mrcnn_class_conv1/kernel"]) + file["mrcnn_class_conv1/bias"]
    ours = roi.ravel() @ values["box_head/fc1/kernel"]() + values["box_head/fc1/bias"]()
    np.testing.assert_allclose(ours, batch_norm(file, "mrcnn_class_bn1", conv), rtol=1e-4, atol=1e-4)
    conv = np.einsum("i,io->o", ours, file["mrcnn_class_conv2/kernel"][0, 0]) + file["mrcnn_class_conv2/bias"]
    ours = ours @ values["box_head/fc2/kernel"]() + values["box_head/fc2/bias"]()
    np.testing.assert_allclose(ours, batch_norm(file, "mrcnn_class_bn2", conv), rtol=1e-4, atol=1e-4)


def test_matterport_batch_norm_is_folded_into_the_mask_head():
    file = matterport_file()
    patch = np.random.default_rng(3).normal(size=(3, 3, PYRAMID))
    values, _ = translate(file)
    for i in range(1, 5):
        conv = np.einsum("yxi,yxio->o", patch, file[f"mrcnn_mask_conv{i}/kernel"]) + file[f"mrcnn_mask_conv{i}/bias"]
        kernel, bias = values[f"mask_head/conv{i}/kernel"](), values[f"mask_head/conv{i}/bias"]()
        expected = batch_norm(file, f"mrcnn_mask_bn{i}", conv)
        np.testing.assert_allclose(np.einsum("yxi,yxio->o", patch, kernel) + bias, expected, rtol=1e-4, atol=1e-4)


def test_matterport_folds_in_float64():
    """Each number of the file's float32 layer is rounded once, at the end."""
    file = matterport_file()
    file["mrcnn_mask_bn1/moving_variance"][:] = 1 / 3
    file["mrcnn_mask_bn1/gamma"][:] = 0.1
    factor = np.float64(np.float32(0.1)) / np.sqrt(np.float64(np.float32(1 / 3)) + NORM_EPSILON)
    expected = (file["mrcnn_mask_conv1/kernel"] * factor).astype(np.float32)
    np.testing.assert_array_equal(translate(file)[0]["mask_head/conv1/kernel"](), expected)


def test_matterport_one_logit_has_the_probability_of_two():
    file = matterport_file()
    file["rpn_class_raw/bias"] = np.array([1, 3, 0, -2, 0.5, 0.5], np.float32)  # (background, object) of three anchors
    logits = translate(file)[0]["rpn/logits/bias"]()
    assert logits.tolist() == [2, -2, 0]
    pairs = np.exp(file["rpn_class_raw/bias"].reshape(3, 2))
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), pairs[:, 1] / pairs.sum(axis=1), rtol=1e-6)
    kernel = file["rpn_class_raw/kernel"]
    np.testing.assert_allclose(
        translate(file)[0]["rpn/logits/kernel"]()[..., 2], kernel[..., 5] - kernel[..., 4], rtol=1e-6
    )


def test_matterport_other_tensors_are_unchanged():
    file = matterport_file()
    values, _ = translate(file)
    for ours, theirs in {
        "stem_conv/kernel": "conv1/kernel",
        "fpn/lateral4/kernel": "fpn_c4p4/kernel",
        "fpn/output2/bias": "fpn_p2/bias",
        "rpn/deltas/kernel": "rpn_bbox_pred/kernel",
        "box_head/deltas/kernel": "mrcnn_bbox_fc/kernel",
        "mask_head/deconv/kernel": "mrcnn_mask_deconv/kernel",
        "mask_head/logits/bias": "mrcnn_mask/bias",
    }.items():
        np.testing.assert_array_equal(values[ours](), file[theirs])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mrcnn_class_bn1/gamma": None}, "mrcnn_class_bn1/gamma is missing"),
        ({"mrcnn_class_conv1/kernel": (2, 3, PYRAMID, UNITS)}, "the shape of mrcnn_class_conv1/kernel"),
        ({"rpn_class_raw/kernel": (1, 1, 2 * PYRAMID, 3)}, "the shape of rpn_class_raw/kernel"),
        ({"mrcnn_bbox_fc/kernel": (UNITS, 20), "mrcnn_bbox_fc/bias": (20,)}, "mrcnn_bbox_fc is 20, where 16"),
        ({"mrcnn_mask_bn2/moving_variance": (1, PYRAMID)}, "moving_variance has the shape .1, 12."),
        ({"fpn_p2/kernel": ()}, "where 4 axes are needed"),
    ],
)
def test_matterport_refuses_shapes_that_do_not_fit(changes, sentence):
    shapes = {**matterport_file().shapes, **changes}
    with pytest.raises(UserError, match=sentence):
        describe({name: shape for name, shape in shapes.items() if shape is not None})
