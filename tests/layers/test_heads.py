import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers import BoxHead, MaskHead, MaskMLP, RPNHead


def normal(*shape):
    return tf.random.stateless_normal(shape, [0, 0])


def test_box_head_has_logits_and_deltas_per_class():
    logits, deltas = BoxHead(5, units=16)(normal(2, 3, 7, 7, 8))
    assert logits.shape == (2, 3, 5)
    assert deltas.shape == (2, 3, 5, 4)
    assert logits.dtype == deltas.dtype == tf.float32


def test_each_roi_is_looked_at_alone():
    head, pooled = BoxHead(3, units=16), normal(2, 4, 2, 2, 3)
    logits, deltas = head(pooled)
    for image, row in ((0, 2), (1, 3)):
        alone = head(pooled[image : image + 1, row : row + 1])
        np.testing.assert_allclose(alone[0][0, 0], logits[image, row], atol=1e-6)
        np.testing.assert_allclose(alone[1][0, 0], deltas[image, row], atol=1e-6)


def test_at_first_classes_are_alike_and_boxes_stay():
    keras.utils.set_random_seed(0)
    logits, deltas = BoxHead(5)(normal(1, 10, 7, 7, 16))
    probs = tf.nn.softmax(logits).numpy()
    assert np.abs(probs - 0.2).max() < 0.2
    assert np.abs(deltas).max() < 0.2


@pytest.mark.parametrize(("convs", "channels"), [(0, 6), (2, 4)])
@pytest.mark.parametrize("norm_kind", ["none", "gn"])
def test_mask_head_doubles_the_side(convs, channels, norm_kind):
    head = MaskHead(5, convs, channels, norm_kind)
    logits = head(normal(3, 7, 7, 6))
    assert logits.shape == (3, 14, 14, 5)
    assert len(head.weights) == 4 + convs * (2 if norm_kind == "none" else 4)


@pytest.mark.parametrize(("deconvs", "side"), [(0, 7), (1, 14), (2, 28)])
def test_each_deconvolution_doubles_the_side(deconvs, side):
    head = MaskHead(5, convs=0, channels=4, deconvs=deconvs)
    assert head(normal(3, 7, 7, 6)).shape == (3, side, side, 5)
    names = {weight.path.split("/")[-2] for weight in head.weights}
    assert names == {"logits", *("deconv", "deconv2")[:deconvs]}
    assert head(tf.zeros([0, 7, 7, 6])).shape == (0, side, side, 5)


def test_deconvolutions_and_logits_by_hand():
    head = MaskHead(1, convs=0, channels=1, deconvs=2)
    head.build((None, 1, 1, 1))
    for deconv, kernel in zip(head.deconvs, ([[1, -1], [2, 3]], [[1, 0], [0, 10]]), strict=True):
        deconv.kernel.assign(np.reshape(kernel, (2, 2, 1, 1)))
    head.logits.kernel.assign([[[[-1]]]])
    head.logits.bias.assign([0.5])
    # 1 becomes (1, -1; 2, 3), of which ReLU leaves no -1, and each of these times (1, 0; 0, 10).
    doubled = [[1, 0, 0, 0], [0, 10, 0, 0], [2, 0, 3, 0], [0, 20, 0, 30]]
    np.testing.assert_allclose(head(tf.ones([1, 1, 1, 1]))[0, :, :, 0], 0.5 - np.array(doubled))


def test_mlp_cells_depend_on_all_features():
    head = MaskMLP(3, side=2, units=4)
    features = normal(5, 7, 7, 2)
    logits = head(features)
    assert logits.shape == (5, 2, 2, 3)
    assert [weight.shape for weight in head.weights[::2]] == [(98, 4), (4, 4), (4, 12)]
    hidden = np.reshape(features, (5, 98))
    for layer in head.fcs:
        hidden = np.maximum(hidden @ layer.kernel.numpy(), 0)
    np.testing.assert_allclose(logits, np.reshape(hidden @ head.maps.kernel.numpy(), (5, 2, 2, 3)), atol=1e-5)
    assert head(features[:0]).shape == (0, 2, 2, 3)


HEADS = {
    "box": (lambda kind: BoxHead(3, 8, convs=2, channels=4, norm_kind=kind), lambda: normal(2, 3, 5, 5, 4)),
    "mask": (lambda kind: MaskHead(3, 2, 4, kind), lambda: normal(6, 5, 5, 4)),
    "rpn": (lambda kind: RPNHead(4, 3, kind, convs=2), lambda: [normal(2, 8, 8, 4), normal(2, 4, 4, 4)]),
}
each_head = pytest.mark.parametrize("name", HEADS)


@each_head
@pytest.mark.parametrize("kind", ["none", "gn", "bn", "frozen_bn"])
def test_convolutions_before_batch_norm_have_no_bias(name, kind):
    make, features = HEADS[name]
    head = make(kind)
    head(features())
    biases = [len(conv.weights) == 2 for conv in head.convs]
    assert biases == [kind in ("none", "gn")] * 2
    assert [len(norm.weights) for norm in head.norms if norm] == {"none": [], "gn": [2, 2]}.get(kind, [4, 4])


@each_head
@pytest.mark.parametrize("kind", ["bn", "frozen_bn"])
def test_batch_norm_of_a_head_follows_the_batch_in_training_unless_frozen(name, kind):
    make, features = HEADS[name]
    head = make(kind)
    at_rest = tf.nest.flatten(head(features()))
    before = [norm.moving_mean.numpy() for norm in head.norms]
    training = tf.nest.flatten(head(features(), training=True))
    moved = [np.any(norm.moving_mean.numpy() != mean) for norm, mean in zip(head.norms, before, strict=True)]
    other = [np.abs(one - two).max() > 1e-6 for one, two in zip(at_rest, training, strict=True)]
    assert moved == [kind == "bn"] * 2
    assert any(other) == (kind == "bn")
    trained = {weight.path.split("/")[-2] for weight in head.trainable_weights}
    assert ("norm2" in trained) == (kind == "bn")


@pytest.mark.parametrize("head", [MaskHead, MaskMLP])
def test_masks_start_near_one_half(head):
    probs = tf.sigmoid(head(5)(normal(2, 14, 14, 256))).numpy()
    assert np.abs(probs - 0.5).max() < 0.4


def test_no_rois_have_no_masks():
    head = MaskHead(5, convs=1, channels=4)
    with tf.GradientTape() as tape:
        logits = head(tf.zeros([0, 14, 14, 6]))
        total = tf.reduce_sum(logits)
    assert logits.shape == (0, 28, 28, 5)
    assert not any(np.any(gradient) for gradient in tape.gradient(total, head.trainable_variables))
    assert BoxHead(5, units=4)(tf.zeros([0, 3, 2, 2, 6]))[0].shape == (0, 3, 5)


def test_head_outputs_are_float32_in_mixed_precision():
    logits, deltas = BoxHead(3, units=8, dtype="mixed_bfloat16")(normal(1, 2, 2, 2, 4))
    masks = MaskHead(3, 1, 8, dtype="mixed_bfloat16")(normal(1, 2, 2, 4))
    mlp = MaskMLP(3, 4, 8, dtype="mixed_bfloat16")(normal(1, 2, 2, 4))
    assert logits.dtype == deltas.dtype == masks.dtype == mlp.dtype == tf.float32
