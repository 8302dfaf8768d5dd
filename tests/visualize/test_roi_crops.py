"""RoI crops and mask targets."""

import numpy as np
import pytest
from matplotlib import pyplot

from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.layers import MaskTargetLayer
from mrcnn_keras.visualize import display_mask_targets, display_roi_crops
from mrcnn_keras.visualize.roi_crops import SIDE, _crop, mask_target


@pytest.fixture(autouse=True)
def figures_are_closed():
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


def picture():
    """A white block at rows 20 to 40, columns 30 to 60 of a black picture of 60 x 100."""
    image = np.zeros((60, 100, 3), np.uint8)
    image[20:40, 30:60] = 255
    return image


def test_a_crop_has_the_edges_of_its_box():
    assert _crop(picture(), (20, 30, 40, 60))[4:-4, 4:-4].min() == 255
    half = _crop(picture(), (20, 30, 40, 90))  # the right half is beside the block
    assert half[5:-5, 5 : SIDE // 2 - 5].min() == 255
    assert half[:, SIDE // 2 + 5 :].max() == 0
    outside = _crop(np.full((10, 10, 3), 9, np.uint8), (-10, 0, 10, 10))
    assert outside[: SIDE // 2 - 8].max() == 0
    assert (outside[SIDE // 2 + 8 : -8, 8:-8] == 9).all()


def test_crops_are_shown_with_outlines_and_captions_and_without_padding():
    rois = np.array([(20, 30, 40, 60), (0, 0, 0, 0), (10, 10, 50, 90), (1, 1, 5, 5)])
    masks = np.zeros((4, 14, 14))
    masks[2, 4:10, 4:10] = 1
    figure = display_roi_crops(picture(), rois, masks, ["a", "b", "c", "d"], limit=2)
    assert [ax.get_title() for ax in figure.axes] == ["a", "c"]
    plain = display_roi_crops(picture(), rois[2:3])
    outlined, without = (np.asarray(f.axes[-1].images[0].get_array()) for f in (figure, plain))
    assert (outlined != without).any()
    assert display_roi_crops(picture(), np.zeros((0, 4))).axes[0].get_title() == "no RoI to show"


def truth():
    bits = np.ones((20, 30), bool)
    bits[:10, :15] = False
    return Detections((60, 100), [(20, 30, 40, 60), (0, 0, 9, 9)], [1, 2], None, [MaskCrop(20, 30, bits), None])


def test_mask_targets_are_those_of_training():
    roi = np.array([18, 25, 42, 55], np.float32)
    found = truth()
    layer = MaskTargetLayer((14, 14))
    targets = {
        "positive_images": np.array([0]),
        "positive_gt": np.array([0]),
        "positive_class_ids": np.array([1]),
        "positive_places": np.array([[0, 0]]),
        "positive_rois": roi[None],
    }
    gt_masks = found.mask_crops[0].bits[None, None].astype(np.uint8) * 255
    expected = layer(targets, found.boxes[None, :1], gt_masks)["masks"][0].numpy()
    assert np.array_equal(mask_target(found, 0, roi, (14, 14)), expected == 1)


def test_mask_targets_are_shown_of_positive_rois_only():
    rois = [(20, 30, 40, 60), (20, 30, 40, 80), (0, 0, 9, 9), (50, 70, 60, 100)]
    figure = display_mask_targets(picture(), rois, truth(), ["BG", "block", "box"], size=(14, 14))
    assert [ax.get_title() for ax in figure.axes if ax.images] == ["block, IoU 1.00", "block, IoU 0.60"]
    target = np.asarray(figure.axes[0].images[0].get_array())[:, -SIDE:]
    assert target[: SIDE // 2 - 8, : SIDE // 2 - 8].max() == 0
    assert target[SIDE // 2 + 8 :].min() == 255
    for instances, boxes in ((Detections.empty((60, 100)), rois), (truth(), np.zeros((0, 4)))):
        assert display_mask_targets(picture(), boxes, instances).axes[0].get_title() == "no RoI to show"
