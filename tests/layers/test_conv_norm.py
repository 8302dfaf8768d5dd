"""A convolution that does the work of the batch norm behind it gives what the two would give one after the other."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers import Conv2D, DepthwiseConv2D, followed_by, make_norm

RNG = np.random.default_rng(0)
KINDS = {
    "bias": lambda: Conv2D(6, 3, padding="same", bias_initializer="ones"),
    "stride 2, dilation, no bias": lambda: Conv2D(6, 3, 2, use_bias=False),
    "groups": lambda: Conv2D(6, 3, groups=2),
    "depthwise, two outputs per channel": lambda: DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
}


ONE = np.ones((1, 1, 1, 1), np.float32)


def built(conv, kind="frozen_bn", epsilon=1e-3, channels=1):
    """A convolution of this many channels, and its normalisation."""
    shape = (None, 9, 9, channels)
    conv.build(shape)
    norm = make_norm(kind, conv.compute_output_shape(shape)[-1], "norm", epsilon)
    norm.build(conv.compute_output_shape(shape))
    return conv, norm


def pair(make, kind="frozen_bn"):
    """A convolution of 4 channels, and its normalisation with weights and statistics of a trained network."""
    conv, norm = built(make(), kind, channels=4)
    for weight in norm.weights:
        low = 0.1 if "variance" in weight.path else -1.0
        weight.assign(RNG.uniform(low, 2.0, weight.shape))
    return conv, norm


@pytest.mark.parametrize("kind", KINDS)
def test_convolution_and_fixed_norm_are_one_operation_with_the_same_result(kind):
    conv, norm = pair(KINDS[kind])
    x = RNG.normal(size=(2, 9, 9, 4)).astype(np.float32)
    apart = norm(conv(x))
    followed_by(conv, norm)
    np.testing.assert_allclose(norm(conv(x)), apart, atol=2e-6)
    np.testing.assert_array_equal(conv(x), norm(conv(x)))  # the norm has nothing left to do


def test_a_number_by_hand():
    """1 * 3 + 1 = 4 by the convolution, (4 - 2) / sqrt(3 + 1) * 10 + 0.5 = 10.5 by batch norm."""
    conv, norm = built(Conv2D(1, 1), epsilon=1.0)
    followed_by(conv, norm)
    weights = (conv.kernel, conv.bias, norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    for weight, value in zip(weights, (3, 1, 10, 0.5, 2, 3), strict=True):
        weight.assign(np.full(weight.shape, value))
    assert float(norm(conv(ONE))[0, 0, 0, 0]) == 10.5


def test_norm_that_trains_takes_the_statistics_of_the_batch_and_is_fixed_otherwise():
    conv, norm = pair(KINDS["bias"], "bn")
    followed_by(conv, norm)
    x = RNG.normal(size=(2, 9, 9, 4)).astype(np.float32)
    trained = norm(conv(x, training=True), training=True)
    np.testing.assert_allclose(tf.math.reduce_mean(trained, [0, 1, 2]), norm.beta, atol=1e-5)
    np.testing.assert_array_equal(norm(conv(x, training=False), training=False), conv(x, training=False))
    norm.trainable = False
    np.testing.assert_array_equal(norm(conv(x, training=True), training=True), conv(x, training=True))


def test_gradients_are_those_of_the_two_operations():
    conv, norm = pair(KINDS["groups"])
    x = RNG.normal(size=(2, 9, 9, 4)).astype(np.float32)

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(norm(conv(x, training=True), training=True) ** 2)
        return tape.gradient(loss, [weight.value for weight in conv.weights])

    apart = gradients()
    followed_by(conv, norm)
    for one, other in zip(gradients(), apart, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_other_normalisation_is_left_alone():
    conv, norm = Conv2D(8, 1), make_norm("gn", 8, "norm")
    followed_by(conv, norm)
    followed_by(conv, None)
    assert conv.norm is None


def test_in_bfloat16_the_product_of_kernel_and_factor_is_rounded_once():
    """A third is 0.333984375 in bfloat16; 3.03125 times that rounds to 1.015625, 3.03125 thirds to 1.0078125."""
    conv, norm = built(Conv2D(1, 1, use_bias=False, dtype="mixed_bfloat16"), epsilon=0.0)
    followed_by(conv, norm)
    conv.kernel.assign([[[[1 / 3]]]])
    norm.gamma.assign([3.03125])
    assert conv(ONE).dtype == "bfloat16"
    assert float(conv(ONE)[0, 0, 0, 0]) == 1.0078125


@pytest.mark.parametrize(("ours", "keras_own"), [(Conv2D, keras.layers.Conv2D), (DepthwiseConv2D, None)])
def test_without_norm_it_is_the_convolution_of_keras(ours, keras_own):
    keras_own = keras_own or keras.layers.DepthwiseConv2D
    options = {"kernel_size": 3, "activation": "relu", "bias_initializer": "ones", "padding": "same"}
    options |= {"filters": 5} if ours is Conv2D else {}
    conv, same = ours(**options), keras_own(**options)
    x = RNG.normal(size=(1, 7, 8, 4)).astype(np.float32)
    conv(x), same(x)
    same.set_weights(conv.get_weights())
    np.testing.assert_allclose(conv(x), same(x), atol=1e-6)
    assert ours.__name__ == keras_own.__name__  # a .keras file has weights under the names of classes
