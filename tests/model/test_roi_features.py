import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.backbones import RoIStage
from mrcnn_keras.layers import PickRoIs, RoIAlignLayer
from mrcnn_keras.model.roi_features import SeparateRoIs, SharedRoIs

MAPS = [tf.random.stateless_normal([2, 8, 8, 16], [0, 0])]  # of stride 16
ROIS = tf.constant([[[0.0, 0, 64, 64], [16, 32, 80, 96], [5, 5, 9, 9]], [[0, 0, 128, 128], [64, 0, 96, 32], [0] * 4]])
PLACES = tf.constant([[0, 1], [1, 0]], tf.int64)
TARGETS = {
    "positive_places": PLACES,
    "positive_rois": tf.gather_nd(ROIS, PLACES),
    "positive_images": tf.constant([0, 1]),
}


def separate():
    boxes, masks, keypoints = (RoIAlignLayer(size, (16,)) for size in (7, 14, 9))
    return SeparateRoIs(boxes, {"mask": masks, "keypoint": keypoints})


def shared():
    stage = RoIStage(architecture="resnet18", norm_kind="gn", width=4)
    return SharedRoIs(RoIAlignLayer(14, (16,)), stage, PickRoIs())


SIZES = (
    (separate, (7, 16), "mask", (14, 16)),
    (separate, (7, 16), "keypoint", (9, 16)),
    (shared, (7, 32), "mask", (7, 32)),
    (shared, (7, 32), "keypoint", (7, 32)),
)


@pytest.mark.parametrize(("make", "boxes", "branch", "size"), SIZES)
def test_a_branch_reads_the_same_features_in_both_modes(make, boxes, branch, size):
    features = make()
    pooled = features.pool(MAPS, ROIS)
    assert pooled.shape == (2, 3, boxes[0], *boxes)
    in_training = features.pool_positives(branch, MAPS, pooled, TARGETS)
    assert in_training.shape == (2, size[0], *size)
    found = features.pool_detections(branch, MAPS, TARGETS["positive_rois"], TARGETS["positive_images"])
    np.testing.assert_allclose(in_training, found, rtol=1e-4, atol=1e-4)


def test_shared_features_are_made_once():
    features = shared()
    pooled = features.pool(MAPS, ROIS)
    picked = features.pool_positives("mask", None, pooled, TARGETS)
    np.testing.assert_array_equal(picked, tf.stack([pooled[0, 1], pooled[1, 0]]))
