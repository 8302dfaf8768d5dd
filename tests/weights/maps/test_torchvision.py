"""torchvision's files: both kinds of names, the order of axes and of boxes, and what the shapes determine."""

import ast

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps.torchvision import describe, fits, translate
from tests.weights.maps.thin_files import PYRAMID, RESNET18, RESNEXT101, UNITS, ThinFile, torch_resnet, torchvision_file

LEGACY = (  # current name of a part -> its name in the files of 2019
    ("rpn.head.conv.0.0.", "rpn.head.conv."),
    *((f"{kind}_blocks.{i}.0.", f"{kind}_blocks.{i}.") for kind in ("inner", "layer") for i in range(4)),
    *((f"mask_head.{i}.0.", f"mask_head.mask_fcn{i + 1}.") for i in range(4)),
)


def legacy(name):
    for today, before in LEGACY:
        name = name.replace(today, before)
    return name


def published(shared, model):
    rows = (shared / "reference" / f"torchvision_{model}_keys.tsv").read_text().splitlines()
    return {name: ast.literal_eval(shape) for name, shape, _ in (row.split("\t") for row in rows)}


@pytest.mark.parametrize(
    ("model", "preset", "variables"),
    [
        ("maskrcnn_v1", "torchvision_v1", 307),
        ("maskrcnn_v2", "torchvision_v2", 363),
        ("keypointrcnn", "torchvision_keypoint", 313),
    ],
)
def test_torchvision_published_names(shared, model, preset, variables):
    shapes = published(shared, model)
    assert fits(shapes)
    assert describe(shapes)["preset"] == preset
    file = ThinFile()
    file.update({name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()})
    values, leftovers = translate(file)
    assert len(values) == variables
    assert {*leftovers.values()} <= {"a counter of training steps"}
    assert values["box_head/fc1/kernel"].shape == (12544, 1024)
    assert values["fpn/lateral5/kernel"].shape == (1, 1, 2048, 256)


def test_torchvision_settings_of_the_published_file(shared):
    settings = describe(published(shared, "maskrcnn_v2"))["settings"]
    expected = dict(BACKBONE="resnet50", BACKBONE_WIDTH=64, TOP_DOWN_PYRAMID_SIZE=256, RPN_CONVS=2, RPN_CHANNELS=256)
    expected |= dict(POOL_SIZE=7, BOX_HEAD_CONVS=4, BOX_HEAD_CHANNELS=256, BOX_HEAD_FCS=1)
    expected |= dict(FPN_CLASSIF_FC_LAYERS_SIZE=1024, MASK_HEAD_CONVS=4, MASK_HEAD_CHANNELS=256)
    expected |= dict(NUM_CLASSES=91, MASKS=True)
    names, ids = settings.pop("CLASS_NAMES"), settings.pop("CATEGORY_IDS")
    assert settings == expected
    assert (names[:3], names[12], names[90]) == (("BG", "person", "bicycle"), "N/A", "toothbrush")
    assert (len(names), names.count("N/A"), ids) == (91, 10, tuple(range(1, 91)))


def test_torchvision_names_of_2019_and_current_ones_give_the_same():
    file = torchvision_file()
    old = file.renamed(legacy)
    assert describe(old.shapes) == describe(file.shapes)
    values, old_values = translate(file)[0], translate(old)[0]
    assert values.keys() == old_values.keys()
    for path in values:
        np.testing.assert_array_equal(values[path](), old_values[path]())
    assert old_values["mask_head/conv2/kernel"].sources == ("roi_heads.mask_head.mask_fcn2.weight",)


@pytest.mark.parametrize(
    ("options", "preset"),
    [
        (dict(), "torchvision_v1"),
        (dict(v2=True), "torchvision_v2"),
        (dict(masks=False), "torchvision_faster_v1"),
        (dict(masks=False, v2=True), "torchvision_faster_v2"),
        (dict(masks=False, keypoints=17), "torchvision_keypoint"),
        (dict(keypoints=3), "torchvision_keypoint"),
    ],
)
def test_torchvision_preset(options, preset):
    described = describe(torchvision_file(**options).shapes)
    assert described["preset"] == preset
    assert described["settings"]["MASKS"] == options.get("masks", True)


def test_torchvision_other_classes_have_no_names():
    settings = describe(torchvision_file(classes=5).shapes)["settings"]
    assert (settings["NUM_CLASSES"], settings["CLASS_NAMES"], settings["CATEGORY_IDS"]) == (5, (), ())


def test_torchvision_settings_of_keypoints(shared):
    settings = describe(published(shared, "keypointrcnn"))["settings"]
    assert (settings["NUM_CLASSES"], settings["CLASS_NAMES"], settings["CATEGORY_IDS"]) == (2, ("BG", "person"), (1,))
    assert (settings["NUM_KEYPOINTS"], settings["KEYPOINT_NAMES"][0], settings["MASKS"]) == (17, "nose", False)
    assert (settings["KEYPOINT_HEAD_CONVS"], settings["KEYPOINT_HEAD_CHANNELS"]) == (8, 512)


def test_torchvision_other_keypoints_have_no_names():
    settings = describe(torchvision_file(classes=2, keypoints=3).shapes)["settings"]
    assert (settings["NUM_KEYPOINTS"], settings["KEYPOINT_NAMES"], settings["KEYPOINT_FLIP_PAIRS"]) == (3, (), ())
    assert (settings["CLASS_NAMES"], settings["MASKS"]) == ((), True)


def test_torchvision_keypoint_convolutions_are_every_second_part():
    file = torchvision_file(keypoints=3)
    values, _ = translate(file)
    assert values["keypoint_head/conv2/kernel"].sources == ("roi_heads.keypoint_head.2.weight",)
    deconvolution = file["roi_heads.keypoint_predictor.kps_score_lowres.weight"]  # (in, out, height, width)
    np.testing.assert_array_equal(values["keypoint_head/maps/kernel"](), deconvolution.transpose(2, 3, 1, 0))


def test_torchvision_boxes_from_xy_to_yx():
    """Row 4 b + i of the file is part i of (dx, dy, dw, dh) of box b; ours are (dy, dx, dh, dw)."""
    file = torchvision_file(classes=2)
    file["rpn.head.bbox_pred.bias"] = np.arange(12, dtype=np.float32)
    file["roi_heads.box_predictor.bbox_pred.weight"] = np.repeat(np.arange(8, dtype=np.float32)[:, None], UNITS, 1)
    values, _ = translate(file)
    assert values["rpn/deltas/bias"]().tolist() == [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]
    assert values["box_head/deltas/kernel"]()[3].tolist() == [1, 0, 3, 2, 5, 4, 7, 6]


def test_torchvision_classes_stay_in_place():
    file = torchvision_file(classes=3)
    values, _ = translate(file)
    kernel = values["box_head/class_logits/kernel"]()
    np.testing.assert_array_equal(kernel, file["roi_heads.box_predictor.cls_score.weight"].T)
    mask_kernel = file["roi_heads.mask_predictor.mask_fcn_logits.weight"]
    np.testing.assert_array_equal(values["mask_head/logits/kernel"]()[0, 0], mask_kernel[:, :, 0, 0].T)


def test_torchvision_flat_features():
    """The first fully connected layer gives the same for a RoI, in whichever order it is flattened."""
    rng = np.random.default_rng(1)
    file = torchvision_file()
    kernel = translate(file)[0]["box_head/fc1/kernel"]()
    roi = rng.normal(size=(PYRAMID, 2, 2))  # channel, y, x
    theirs = file["roi_heads.box_head.fc6.weight"] @ roi.ravel()
    np.testing.assert_allclose(roi.transpose(1, 2, 0).ravel() @ kernel, theirs, rtol=1e-5, atol=1e-5)


def test_torchvision_convolutions_give_the_same():
    rng = np.random.default_rng(2)
    torch = pytest.importorskip("torch")
    import tensorflow as tf

    file = torchvision_file()
    values, _ = translate(file)
    image = rng.normal(size=(1, 9, 8, PYRAMID)).astype(np.float32)  # y, x, channel
    turned = torch.from_numpy(image.transpose(0, 3, 1, 2).copy())

    def weights(name):
        return torch.from_numpy(file[f"{name}.weight"]), torch.from_numpy(file[f"{name}.bias"])

    theirs = torch.nn.functional.conv2d(turned, *weights("backbone.fpn.layer_blocks.1.0"), padding=1)
    ours = tf.nn.conv2d(image, values["fpn/output3/kernel"](), 1, "SAME") + values["fpn/output3/bias"]()
    np.testing.assert_allclose(ours, theirs.numpy().transpose(0, 2, 3, 1), atol=1e-4)

    theirs = torch.nn.functional.conv_transpose2d(turned, *weights("roi_heads.mask_predictor.conv5_mask"), stride=2)
    kernel = values["mask_head/deconv/kernel"]()
    ours = tf.nn.conv2d_transpose(image, kernel, (1, 18, 16, PYRAMID), 2) + values["mask_head/deconv/bias"]()
    np.testing.assert_allclose(ours, theirs.numpy().transpose(0, 2, 3, 1), atol=1e-4)


@pytest.mark.parametrize(("name", "architecture"), [("resnet18", RESNET18), ("resnext101_32x8d", RESNEXT101)])
def test_torchvision_imagenet_resnets(name, architecture):
    file = ThinFile()
    channels = torch_resnet(file, **architecture)
    file.torch_dense("fc", 1000, channels[-1])
    assert fits(file.shapes)
    described = describe(file.shapes)
    assert (described["preset"], described["settings"]["BACKBONE"]) == (None, name)
    assert described["settings"]["BACKBONE_STRIDE_IN"] == "3x3"
    values, leftovers = translate(file)
    assert leftovers["fc.weight"] == "ImageNet's classes"
    assert {*leftovers.values()} == {"ImageNet's classes", "a counter of training steps"}
    # the channel of red stays the first
    np.testing.assert_array_equal(values["stem_conv/kernel"]()[2, 3, 0], file["conv1.weight"][:, 0, 2, 3])


def test_torchvision_grouped_kernel():
    file = ThinFile()
    torch_resnet(file, **RESNEXT101)
    kernel = translate(file)[0]["res2_0_conv2/kernel"]()
    assert kernel.shape == (3, 3, 1, 32)  # one channel in each of 32 groups
    np.testing.assert_array_equal(kernel[0, 1, 0], file["layer1.0.conv2.weight"][:, 0, 0, 1])


def test_torchvision_unused_names_have_a_reason():
    file = torchvision_file()
    file.torch_dense("fc", 1000, 8)
    file.add("ema.decay", 1)
    leftovers = translate(file)[1]
    assert leftovers["fc.bias"] == "ImageNet's classes"
    assert leftovers["ema.decay"] == "the model has no such layer"


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("backbone.body.conv1.weight", (8, 3, 7), "has the shape .* where 4 axes are needed"),
        ("backbone.body.conv1.weight", (8, 3, 5, 5), "is a kernel of .5, 5. cells"),
        ("backbone.body.layer3.0.conv1.weight", (32, 65, 1, 1), "takes 65 channels, where 64 would fit"),
        ("backbone.fpn.layer_blocks.2.0.weight", (14, 12, 3, 3), "bias has the shape .12,., where .14,."),
        ("roi_heads.box_head.fc6.weight", (10, 49), "the number of inputs of roi_heads.box_head.fc6.weight is 49"),
        ("roi_heads.box_predictor.bbox_pred.weight", (18, 10), "18 outputs, where four per box"),
        ("roi_heads.mask_predictor.mask_fcn_logits.weight", (2**50, 12, 1, 1), "mask_fcn_logits.bias has the shape"),
    ],
)
def test_torchvision_refuses_shapes_that_do_not_fit(name, shape, sentence):
    shapes = {**torchvision_file().shapes, name: shape}
    with pytest.raises(UserError, match=sentence):
        describe(shapes)


def test_torchvision_refuses_other_models():
    with pytest.raises(UserError, match="detector without ResNet"):
        describe({"backbone.body.0.0.weight": (16, 3, 3, 3)})
    file = ThinFile()
    torch_resnet(file, blocks=(3, 8, 36, 3), bottleneck=True)
    with pytest.raises(UserError, match=r"\(3, 8, 36, 3\) bottleneck blocks .* only resnet18, .*resnext101_64x4d can"):
        describe(file.shapes)
    mixed = torchvision_file(v2=True)
    for part in ("weight", "bias", "running_mean", "running_var"):
        del mixed[f"roi_heads.mask_head.2.1.{part}"]
    mixed.add("roi_heads.mask_head.2.0.bias", PYRAMID)
    with pytest.raises(UserError, match="batch norm and others do not"):
        describe(mixed.shapes)
