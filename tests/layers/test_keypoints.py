import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers import DetectionKeypoints, KeypointHead, KeypointTargetLayer


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("norm_kind", ["none", "gn"])
def test_keypoint_head_maps_have_four_times_the_side(norm_kind):
    head = KeypointHead(5, convs=2, channels=4, norm_kind=norm_kind)
    logits = head(normal(3, 7, 7, 6))
    assert logits.shape == (3, 28, 28, 5)
    assert logits.dtype == tf.float32
    assert len(head.weights) == 2 + 2 * (2 if norm_kind == "none" else 4)
    assert head(tf.zeros([0, 7, 7, 6])).shape == (0, 28, 28, 5)


def test_at_first_all_cells_are_nearly_as_likely():
    logits = KeypointHead(3, convs=2, channels=16)(normal(4, 7, 7, 8))
    assert np.abs(logits).max() < 1


def convolved(x, kernel, bias):
    """3x3, zeros around: x [S, S, C], kernel [3, 3, C, D]."""
    padded, side = np.pad(x, [(1, 1), (1, 1), (0, 0)]), len(x)
    parts = [padded[i : i + side, j : j + side] @ kernel[i, j] for i in range(3) for j in range(3)]
    return sum(parts) + bias


def deconvolved(x, kernel, bias):
    """4x4, stride 2, one row and column cut off at each side: x [S, S, C], kernel [4, 4, K, C]."""
    side = len(x)
    output = np.zeros((2 * side + 2, 2 * side + 2, kernel.shape[2]))
    for i in range(side):
        for j in range(side):
            output[2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += np.einsum("abkc,c->abk", kernel, x[i, j])
    return output[1:-1, 1:-1] + bias


def doubled(x):
    """Bilinear: each new cell is 3/4 of the nearer and 1/4 of the farther old one, the first axis."""
    before, behind = np.concatenate([x[:1], x[:-1]]), np.concatenate([x[1:], x[-1:]])
    return np.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * behind], axis=1).reshape(-1, *x.shape[1:])


def test_the_head_is_convolution_deconvolution_and_interpolation():
    head, pooled = KeypointHead(2, convs=1, channels=4), normal(1, 5, 5, 3)
    head(pooled)
    weights = [normal(*weight.shape) for weight in head.weights]
    for weight, value in zip(head.weights, weights, strict=True):
        weight.assign(value)
    kernel, bias, deconv, deconv_bias = (np.float64(weight) for weight in weights)
    x = np.maximum(convolved(pooled[0].astype(np.float64), kernel, bias), 0)
    x = doubled(deconvolved(x, deconv, deconv_bias))
    expected = doubled(np.swapaxes(x, 0, 1)).swapaxes(0, 1)
    np.testing.assert_allclose(head(pooled)[0], expected, rtol=1e-4, atol=1e-4)


# Three positive RoIs, their pictures and objects, and keypoints [2 pictures, 2 objects, 2 keypoints].
TARGETS = {
    "positive_rois": tf.constant([[0, 0, 8, 8], [10, 10, 18, 18], [0, 0, 4, 4]], tf.float32),
    "positive_places": tf.constant([[0, 5], [0, 6], [1, 2]], tf.int64),
    "positive_images": tf.constant([0, 0, 1]),
    "positive_gt": tf.constant([0, 1, 0]),
    "positive_class_ids": tf.constant([1, 1, 1]),
}
KEYPOINTS = tf.constant(
    [[[[1, 3, 2], [0, 0, 0]], [[11, 17, 2], [40, 40, 2]]], [[[9, 9, 2], [1, 1, 0]], [[0, 0, 0]] * 2]], tf.float32
)


def test_targets_are_of_rois_with_a_keypoint_that_counts():
    chosen = KeypointTargetLayer(4)(TARGETS, KEYPOINTS)
    # The second keypoint of each is not labelled or outside; the third RoI has none.
    assert chosen["cells"].numpy().tolist() == [[1, -1], [3, -1]]
    for name in ("positive_rois", "positive_places", "positive_images"):
        np.testing.assert_array_equal(chosen[name], TARGETS[name][:2])


def test_rois_that_end_at_their_last_pixel_have_the_same_targets():
    shorter = TARGETS | {"positive_rois": TARGETS["positive_rois"] - [0, 0, 1, 1]}
    edges, pixels = KeypointTargetLayer(4)(TARGETS, KEYPOINTS), KeypointTargetLayer(4, "pixel")(shorter, KEYPOINTS)
    np.testing.assert_array_equal(pixels["cells"], edges["cells"])


def test_no_rois_have_no_targets():
    none = {name: value[:0] for name, value in TARGETS.items()}
    assert KeypointTargetLayer(4)(none, KEYPOINTS)["cells"].shape == (0, 2)
    assert KeypointTargetLayer(4)(none, tf.zeros([2, 0, 2, 3]))["positive_rois"].shape == (0, 4)


def test_points_stand_in_the_places_of_their_detections():
    logits, class_ids = np.zeros((2, 8, 8, 1), np.float32), tf.constant([[1, 0], [0, 2]])
    logits[0, 2, 3, 0], logits[1, 4, 5, 0] = 5, 6
    boxes = tf.constant([[0, 0, 8, 8], [10, 10, 18, 18]], tf.float32)
    found = DetectionKeypoints("logit")(tf.constant(logits), boxes, class_ids).numpy()
    assert found.shape == (2, 2, 1, 3)
    np.testing.assert_allclose(found[0, 0, 0], [2.5, 3.5, 5], rtol=1e-6)
    np.testing.assert_allclose(found[1, 1, 0], [14.5, 15.5, 6], rtol=1e-6)
    assert not found[[0, 1], [1, 0]].any()
    moved = DetectionKeypoints("logit", corners="pixel")(tf.constant(logits), boxes - [0, 0, 1, 1], class_ids)
    np.testing.assert_allclose(moved, found, rtol=1e-6)


def test_no_detections_have_no_points():
    found = DetectionKeypoints()(tf.zeros([0, 8, 8, 4]), tf.zeros([0, 4]), tf.zeros([2, 3], tf.int32))
    assert found.shape == (2, 3, 4, 3)
    assert not found.numpy().any()
