"""load_weights of files that are not of exactly this model: what does not fit is reported."""

import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.model import MaskRCNN
from tests.model.loading import FAST, THIN, assert_loaded, fresh_model, weights_of
from tests.weights.files.saved_files import imagenet_file, save_h5, save_pickle, save_torch
from tests.weights.maps.thin_files import RESNET18, detectron2_file, keras_applications_file, torchvision_file

CLASS_LAYERS = ("box_head/class_logits", "box_head/deltas", "mask_head/logits")
BACKBONE = ("stem_", "res")
IMAGENET_STD = (58.395, 57.12, 57.375)


def of_layers(paths, layers):
    return {path for path in paths if path.startswith(layers)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def masks(folder):
    """torchvision's Mask R-CNN with ResNet-18 and 4 classes."""
    return save_torch(folder / "masks.pth", torchvision_file(**RESNET18))


@pytest.fixture(scope="module")
def faster(folder):
    """torchvision's Faster R-CNN with ResNet-18 and 4 classes."""
    return save_torch(folder / "faster.pth", torchvision_file(masks=False, **RESNET18))


# --- parts that do not fit are re-initialised, and that is reported


@pytest.mark.parametrize("classes", [2, 9])
def test_load_weights_with_another_number_of_classes(classes, masks, capsys):
    model = fresh_model(masks, NUM_CLASSES=classes)
    before = weights_of(model)
    report = model.load_weights(masks)
    assert {*report.replaced} == of_layers(before, CLASS_LAYERS)
    assert {*report.replaced.values()} == {"another number of classes"}
    assert not report.missing
    assert_loaded(model, before, report, masks)
    line = "re-initialised: box_head/class_logits, box_head/deltas, mask_head/logits (another number of classes)"
    assert line in capsys.readouterr().out


def test_load_weights_with_another_number_of_anchors(masks):
    model = fresh_model(masks, RPN_ANCHOR_RATIOS=(0.5, 1, 2, 4))
    before = weights_of(model)
    report = model.load_weights(masks)
    assert {*report.replaced} == of_layers(before, ("rpn/logits", "rpn/deltas"))
    assert_loaded(model, before, report, masks)
    assert "the weights were trained with RPN_ANCHOR_RATIOS=(0.5, 1.0, 2.0)" in report.notes[0].replace(
        "[", "("
    ).replace("]", ")")


def test_load_weights_of_a_file_without_masks(faster, masks):
    model = fresh_model(masks)
    before = weights_of(model)
    report = model.load_weights(faster)
    assert {*report.missing} == of_layers(before, "mask_head/")
    assert {*report.missing.values()} == {"the file has no such layer"}
    assert not report.replaced
    assert_loaded(model, before, report, faster)


def test_load_weights_into_a_model_without_masks(faster, masks):
    model = fresh_model(faster)
    report = model.load_weights(masks)
    assert report.complete
    assert len(of_layers(report.left_over, "mask_head/")) == 12  # kernel and bias of 4 + 1 convolutions and the logits
    assert report.left_over["mask_head/logits/kernel"] == "the model has no such layer"


def test_load_weights_of_an_imagenet_backbone(masks, folder):
    tensors = imagenet_file(**RESNET18)
    model = fresh_model(masks)
    before = weights_of(model)
    report = model.load_weights(save_torch(folder / "resnet18.pth", tensors))
    assert {*report.loaded} == of_layers(before, BACKBONE)
    assert {*report.missing} == {*before} - {*report.loaded}
    assert {report.left_over[name] for name in ("fc.weight", "fc.bias")} == {"ImageNet's classes"}
    after = weights_of(model)
    np.testing.assert_array_equal(after["stem_conv/kernel"], tensors["conv1.weight"].transpose(2, 3, 1, 0))
    for path in report.missing:
        np.testing.assert_array_equal(after[path], before[path])


# --- conventions


def test_load_weights_of_a_keras_applications_backbone(folder):
    """Trained on pixels that are only centred, with the stride in the 1x1 convolution; our pictures are divided by a
    deviation, by which its first kernel is multiplied."""
    tensors = keras_applications_file()
    model = MaskRCNN(Config(BACKBONE_STRIDE_IN="1x1", MASKS=False, **THIN, **FAST))
    report = model.load_weights(save_h5(folder / "resnet50.h5", tensors))
    kernel = tensors["conv1_conv/kernel"][:, :, ::-1] * np.float32(IMAGENET_STD)[:, None]
    np.testing.assert_allclose(weights_of(model)["stem_conv/kernel"], kernel, rtol=1e-6)
    assert len(report.notes) == 1
    assert "BACKBONE_NORM_EPSILON=1.001e-05," in report.notes[0]
    for name in ("BACKBONE_STRIDE_IN", "MEAN_PIXEL", "STD_PIXEL"):
        assert name not in report.notes[0]


def test_load_weights_folds_another_deviation_into_the_first_kernel(folder):
    """Detectron2's models do not divide by a deviation: one that does gives the same with a kernel multiplied by it."""
    path = save_pickle(folder / "model_final.pkl", detectron2_file(**RESNET18))
    own, other = fresh_model(path), fresh_model(path, STD_PIXEL=IMAGENET_STD)
    own.load_weights(path)
    report = other.load_weights(path)
    assert report.complete
    assert report.notes == []
    kernels = [weights_of(model)["stem_conv/kernel"] for model in (own, other)]
    np.testing.assert_allclose(kernels[1], kernels[0] * np.float32(IMAGENET_STD)[:, None], rtol=1e-6)
    pictures = {
        "image": np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype("f4"),
        "image_size": np.array([[64, 64]], "i4"),
    }
    c2, same = (np.array(model.inference_tensors("stages")(pictures)["stages"][0]) for model in (own, other))
    assert np.abs(c2).max() > 1
    np.testing.assert_allclose(same, c2, rtol=1e-4, atol=1e-4 * np.abs(c2).max())


def test_load_weights_notes_other_conventions(masks):
    model = fresh_model(masks, BACKBONE_NORM_EPSILON=1e-5, ROI_ALIGN_ALIGNED=True, MEAN_PIXEL=(120, 120, 120))
    (note,) = model.load_weights(masks).notes
    assert "BACKBONE_NORM_EPSILON=0.0, ROI_ALIGN_ALIGNED=False" in note
    assert "MEAN_PIXEL=" in note
    assert "RPN_BBOX_STD_DEV" not in note
    assert "Config.preset('torchvision_v1') has them all" in note


def test_load_weights_takes_almost_equal_means_as_equal(masks):
    assert fresh_model(masks, MEAN_PIXEL=(123.7, 116.8, 103.9)).load_weights(masks).notes == []


def test_load_weights_notes_another_mask_loss(masks):
    (note,) = fresh_model(masks, MASK_LOSS="softmax").load_weights(masks).notes
    assert "trained with MASK_LOSS=sigmoid," in note


def test_load_weights_notes_a_published_name_with_another_content(folder):
    path = save_torch(folder / "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth", torchvision_file(masks=False, **RESNET18))
    report = MaskRCNN.from_checkpoint(path, **FAST).load_report
    assert report.complete
    assert len(report.notes) == 1
    assert f"{path} is not the published file of that name: its sha256 begins with" in str(report)
