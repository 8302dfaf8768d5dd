"""Networks with other backbones, maps and branches: what is inside, and that all of it trains, is saved and served."""

import numpy as np
import pytest

from mrcnn_keras.layers import RoIAlignLayer
from tests.graphs import op_by_op
from tests.model.served import assert_comes_back_and_is_served

ONE_MAP = {"MASK_HEAD_CONVS": 1, "PRE_NMS_LIMIT_TRAINING": 200, "PRE_NMS_LIMIT_INFERENCE": 200}
THIN = {"BACKBONE_WIDTH": 16, "BACKBONE_FREEZE_STAGES": 0}
C4 = {"BACKBONE_FEATURES": "c4", "POOL_SIZE": 14, "MASK_POOL_SIZE": 14, "MASK_HEAD_CONVS": 0, "BOX_HEAD_FCS": 0}
KEYPOINTS = {"NUM_KEYPOINTS": 3, "KEYPOINT_POOL_SIZE": 7, "KEYPOINT_HEAD_CONVS": 2, "KEYPOINT_HEAD_CHANNELS": 16}
# Beside the variants of test_learning.py, which learn by heart: batch norm needs more than two pictures for that.
VARIANTS = {
    "c4 of bottlenecks with batch norm, masks and logits of keypoints, corners of pixels": ONE_MAP
    | THIN
    | C4
    | KEYPOINTS
    | {"BACKBONE": "resnet50", "BACKBONE_WIDTH": 8, "BACKBONE_NORM": "bn", "KEYPOINT_SCORE": "logit"}
    | {"BOX_CORNERS": "pixel", "IMAGE_PAD_PLACE": "centre", "KEYPOINT_POOL_SIZE": 14},
    "c5 of MobileNet with batch norm, softmax masks of an MLP with 28 cells": ONE_MAP
    | {"BACKBONE_WIDTH": 64}
    | {"BACKBONE": "mobilenet_v3_small", "BACKBONE_NORM": "bn", "BACKBONE_FREEZE_STAGES": 0, "BACKBONE_FEATURES": "c5"}
    | {"MASK_LOSS": "softmax", "MASK_HEAD_KIND": "mlp", "MASK_HEAD_UNITS": 16, "MASK_HEAD_FCS": 3, "MASK_DECONVS": 2},
}


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_variant_trains_with_and_without_objects_and_is_served(variant, small_model, make_batch, as_dataset, tmp_path):
    model = small_model(**VARIANTS[variant], DETECTION_MIN_CONFIDENCE=0)
    model.compile()
    keypoints = model.config.NUM_KEYPOINTS
    before = {weight.path: np.array(weight) for weight in model.trainable_weights}
    for class_ids in ((1, 2), ()):
        data = as_dataset(make_batch(*class_ids, keypoints=keypoints > 0))
        with op_by_op():
            history = model.fit(data, shuffle=False, verbose=0).history
        assert {*history} == {"loss", *model.loss_names}
        assert all(np.isfinite(values).all() for values in history.values())
    branches = {"mrcnn_mask_loss", "mrcnn_keypoint_loss"} & {*history}
    assert len(branches) == 1 + (keypoints > 0)
    assert [history[name] for name in branches] == [[0]] * len(branches)  # no objects
    assert [w.path for w in model.trainable_weights if np.array_equal(w, before[w.path])] == []

    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    with op_by_op():
        [found] = model.detect([image])
    assert model.answer(image[None])["masks"].shape == (1, 10, *[model.config.mask_side()] * 2)
    if keypoints:
        assert found.keypoints.shape == (len(found), 3, 3)
        for box, points in zip(found.boxes, found.keypoints, strict=True):
            assert (points[:, :2] >= box[:2] - 1).all()
            assert (points[:, :2] <= box[2:] + 1).all()
    assert_comes_back_and_is_served(model, [image, image[:9]], tmp_path)


def test_shapes_inside_a_model_with_c4(small_model, make_batch):
    model = small_model(**ONE_MAP | THIN | C4)
    assert [layer.pool_size for layer in model.layers if isinstance(layer, RoIAlignLayer)] == [14]
    images = {name: make_batch()[name] for name in ("image", "image_size")}
    names = ("stages", "pyramid", "anchors", "rpn_logits", "box_features", "mask_features", "mask_logits")
    tensors = model.inference_tensors(*names)(images)
    assert [stage.shape for stage in tensors["stages"]] == [(2, 16, 16, 16), (2, 8, 8, 32), (2, 4, 4, 64)]
    np.testing.assert_array_equal(tensors["pyramid"][0], tensors["stages"][-1])
    assert [level.shape for level in tensors["anchors"]] == [(4 * 4 * 15, 4)]
    assert [level.shape for level in tensors["rpn_logits"]] == [(2, 4 * 4 * 15)]
    assert tensors["box_features"].shape == (2, 20, 7, 7, 128)
    assert tensors["mask_features"].shape[1:] == (7, 7, 128)
    assert tensors["mask_logits"].shape[1:] == (14, 14, 3)
