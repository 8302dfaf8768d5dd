"""Models with the keypoint branch: their loss, and that they learn by heart, come back from a file and are served."""

import keras
import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.config.config import LOSS_NAMES
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.model.optimizer import make_optimizer
from tests.graphs import op_by_op, repeated
from tests.model.served import assert_comes_back_and_is_served

BRANCH = {"NUM_KEYPOINTS": 3, "KEYPOINT_POOL_SIZE": 7, "KEYPOINT_HEAD_CONVS": 2, "KEYPOINT_HEAD_CHANNELS": 16}


def test_keypoint_loss_of_fresh_maps_is_that_of_a_guess(small_model, make_batch):
    model = small_model(
        **BRANCH, HEAD_NORM="gn", LOSS_WEIGHTS={**dict.fromkeys(LOSS_NAMES, 0), "mrcnn_keypoint_loss": 2}
    )
    outputs = model(make_batch(1, 2, keypoints=True), training=True)
    assert outputs["keypoint_logits"].shape[1:] == (28, 28, 3)
    cells = outputs["keypoint_cells"].numpy()
    assert len(cells) == len(outputs["keypoint_logits"]) > 0
    # the annotated boxes are among the RoIs: their corner is in the first cell, their centre in the middle one
    assert [0, 14 * 28 + 14, -1] in cells.tolist()
    assert (cells[:, 2] == -1).all()
    losses = model.losses_of(outputs)
    assert tuple(losses) == LOSS_NAMES
    # fresh maps are nearly flat: the loss is that of a guess among 28 x 28 cells
    assert float(losses["mrcnn_keypoint_loss"]) == pytest.approx(np.log(28 * 28), rel=0.02)
    total = float(model.compute_loss(y_pred=outputs))
    assert total == pytest.approx(2 * float(losses["mrcnn_keypoint_loss"]), rel=1e-6)


def test_no_detections_have_no_keypoints(small_model, without_graphs):
    model = small_model(**BRANCH, MASKS=False, DETECTION_MIN_CONFIDENCE=1.0)
    [found] = model.detect([np.zeros((40, 30, 3), np.uint8)])
    assert found.keypoints.shape == (0, 3, 3)
    assert model.answer(np.zeros((0, 40, 30, 3), np.uint8))["keypoints"].shape == (0, 10, 3, 3)


SIDE, STEPS = 96, 160
# Rods in two pictures: each from a red end to a green one, and the keypoint between them is not labelled in the second.
RODS = ([(20, 14, 44, 70), (84, 40, 60, 86)], [(12, 20, 50, 30), (62, 88, 80, 26)])


def rods():
    """A batch: gt_keypoints are the red end, the green end and the middle of each rod."""
    images, boxes, keypoints = np.full((2, SIDE, SIDE, 3), 90, np.uint8), [], []
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    for image, of_picture in zip(images, RODS, strict=True):
        for y1, x1, y2, x2 in of_picture:
            for part, (y, x) in enumerate(np.linspace((y1, x1), (y2, x2), 40)):
                image[np.hypot(rows - y, columns - x) < 3] = 200 * (part < 39) + 40
            image[np.hypot(rows - y1, columns - x1) < 5] = (230, 30, 30)
            image[np.hypot(rows - y2, columns - x2) < 5] = (30, 220, 30)
            boxes.append((min(y1, y2) - 6, min(x1, x2) - 6, max(y1, y2) + 6, max(x1, x2) + 6))
            middle = ((y1 + y2) / 2, (x1 + x2) / 2, 2 * (of_picture is RODS[0]))
            keypoints.append([(y1, x1, 2), (y2, x2, 1), middle])
    return {
        "image": images,
        "image_size": np.full((2, 2), SIDE, np.int32),
        "gt_boxes": np.array(boxes, np.float32).reshape(2, 2, 4),
        "gt_class_ids": np.ones((2, 2), np.int32),
        "gt_keypoints": np.array(keypoints, np.float32).reshape(2, 2, 3, 3),
    }


@pytest.mark.slow
def test_keypoints_of_two_pictures_are_learnt_come_back_and_are_served(tmp_path):
    keras.utils.set_random_seed(0)
    config = Config.preset(
        "resnet18_fpn",
        NUM_CLASSES=2,
        MASKS=False,
        NUM_KEYPOINTS=3,
        IMAGE_MIN_DIM=SIDE,
        IMAGE_MAX_DIM=SIDE,
        BACKBONE_WIDTH=16,
        HEAD_NORM="none",  # a third of the graph
        TOP_DOWN_PYRAMID_SIZE=64,
        FPN_CLASSIF_FC_LAYERS_SIZE=128,
        TRAIN_ROIS_PER_IMAGE=24,
        POST_NMS_ROIS_TRAINING=100,
        POST_NMS_ROIS_INFERENCE=100,
        DETECTION_MIN_CONFIDENCE=0.5,
    )
    model = MaskRCNN(config)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, STEPS)
    model.compile(make_optimizer("adamw", rate, weight_decay=0.01, clip_norm=5))
    batch = rods()
    history = model.fit(repeated(batch, STEPS), shuffle=False, verbose=0).history
    assert {*history} == {"loss", *model.loss_names}
    assert "mrcnn_mask_loss" not in history
    with op_by_op():
        detected = model.detect(list(batch["image"]))
    for found, keypoints in zip(detected, batch["gt_keypoints"], strict=True):
        assert len(found) == 2
        # rows of the detections are in the order of their scores
        first = found.keypoints[:, 0, :2]
        order = [int(np.hypot(*(first - truth[0, :2]).T).argmin()) for truth in keypoints]
        assert sorted(order) == [0, 1]
        labelled = keypoints[..., 2] > 0
        far = np.hypot(*np.moveaxis(found.keypoints[order][..., :2] - keypoints[..., :2], -1, 0))[labelled]
        assert far.max() < 2, far
        scores = found.keypoints[order][..., 2][labelled]  # the share of a cell, of 56 x 56
        assert scores.min() > 10 / 56**2
        assert scores.mean() > 0.02
    assert_comes_back_and_is_served(model, [*batch["image"], batch["image"][0, :9]], tmp_path)
