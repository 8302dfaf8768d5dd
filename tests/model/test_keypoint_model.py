"""Models with the keypoint branch: they train, come back from a file, detect, and are served; and learn by heart."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.config.config import LOSS_NAMES
from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import check, summarize
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.model.optimizer import make_optimizer

BRANCH = {"NUM_KEYPOINTS": 3, "KEYPOINT_POOL_SIZE": 7, "KEYPOINT_HEAD_CONVS": 2, "KEYPOINT_HEAD_CHANNELS": 16}
VARIANTS = {
    "with masks": {},
    "without masks, logits": {"MASKS": False, "KEYPOINT_SCORE": "logit"},
    "corners of pixels": {"MASKS": False, "BOX_CORNERS": "pixel", "IMAGE_PAD_PLACE": "centre"},
}


@pytest.fixture
def make_keypoint_batch(make_batch):
    """As make_batch, with three keypoints an object: its upper left corner, its centre, and one without a label."""

    def make(*class_ids, masks=True):
        batch = make_batch(*class_ids)
        low, high = np.split(batch["gt_boxes"], 2, axis=-1)
        points = np.stack([low, (low + high) / 2, 0 * low], axis=2)
        visible = np.broadcast_to(np.float32([2, 1, 0])[:, None], (*points.shape[:3], 1))
        batch["gt_keypoints"] = np.concatenate([points, visible], axis=-1).astype(np.float32)
        if not masks:
            del batch["gt_masks"]
        return batch

    return make


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_trains_saves_detects_and_is_served(variant, small_model, make_keypoint_batch, tmp_path):
    model = small_model(**BRANCH, **VARIANTS[variant], DETECTION_MIN_CONFIDENCE=0.01)
    model.compile()
    masks = model.config.MASKS
    before = [np.array(weight) for weight in model.get_layer("keypoint_head").trainable_weights]
    for class_ids in ((1, 2), ()):
        history = model.fit(
            tf.data.Dataset.from_tensors(make_keypoint_batch(*class_ids, masks=masks)), shuffle=False, verbose=0
        ).history
        assert np.isfinite(history["mrcnn_keypoint_loss"]).all()
        assert ("mrcnn_mask_loss" in history) == masks
    assert history["mrcnn_keypoint_loss"] == [0]  # no objects
    after = model.get_layer("keypoint_head").trainable_weights
    assert all(np.any(old != new) for old, new in zip(before, after, strict=True))

    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    [found] = model.detect([image])
    assert len(found) > 0
    assert found.keypoints.shape == (len(found), 3, 3)
    for box, points in zip(found.boxes, found.keypoints, strict=True):
        assert (points[:, :2] >= box[:2] - 1).all()
        assert (points[:, :2] <= box[2:] + 1).all()
    model.save(tmp_path / "model.keras")
    loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert loaded.config == model.config
    [again] = loaded.detect([image])
    np.testing.assert_array_equal(again.keypoints, found.keypoints)
    path = saved_model(loaded, tmp_path / "served" / "1")
    figures = summarize(check(loaded, path, [image, image[:9]]))
    assert figures["equal"], figures


def test_losses_and_what_is_sampled(small_model, make_keypoint_batch):
    model = small_model(**BRANCH, LOSS_WEIGHTS={**dict.fromkeys(LOSS_NAMES, 0), "mrcnn_keypoint_loss": 2})
    outputs = model(make_keypoint_batch(1, 2), training=True)
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


def test_no_detections_have_no_keypoints(small_model):
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
def test_two_pictures_of_rods_are_learnt_by_heart():
    keras.utils.set_random_seed(0)
    config = Config.preset(
        "resnet18_fpn",
        NUM_CLASSES=2,
        MASKS=False,
        NUM_KEYPOINTS=3,
        IMAGE_MIN_DIM=SIDE,
        IMAGE_MAX_DIM=SIDE,
        TOP_DOWN_PYRAMID_SIZE=64,
        FPN_CLASSIF_FC_LAYERS_SIZE=128,
        TRAIN_ROIS_PER_IMAGE=64,
        POST_NMS_ROIS_TRAINING=100,
        POST_NMS_ROIS_INFERENCE=100,
        DETECTION_MIN_CONFIDENCE=0.5,
    )
    model = MaskRCNN(config)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, STEPS)
    model.compile(make_optimizer("adamw", rate, weight_decay=0.01, clip_norm=5))
    batch = rods()
    model.fit(tf.data.Dataset.from_tensors(batch).repeat(STEPS), shuffle=False, verbose=0)
    for found, keypoints in zip(model.detect(list(batch["image"])), batch["gt_keypoints"], strict=True):
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
