import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers import apply_norm, make_norm
from mrcnn_keras.layers.norm import GroupNorm, keeps_bias


def test_none_is_no_layer():
    assert make_norm("none", 8, "n") is None
    x = tf.constant([[1.0, 2.0]])
    assert apply_norm(None, x) is x


@pytest.mark.parametrize(
    ("channels", "groups"), [(256, 32), (128, 32), (64, 16), (16, 4), (4, 1), (3, 1), (200, 25), (18, 3), (7, 1)]
)
def test_groups_have_at_least_4_channels_and_are_equal(channels, groups):
    layer = make_norm("gn", channels, "n")
    assert layer.groups == groups
    x = tf.random.stateless_normal([1, 5, 6, channels], [0, 0]) * 3 + 1
    grouped = tf.reshape(layer(x), [30, groups, -1]).numpy()
    np.testing.assert_allclose(grouped.mean(axis=(0, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(grouped.std(axis=(0, 2)), 1, atol=1e-3)


@pytest.mark.parametrize("training", [True, False])
def test_frozen_batch_norm_keeps_its_statistics_and_has_nothing_to_train(training):
    layer = make_norm("frozen_bn", 2, "n", epsilon=0.0)
    layer.build((None, None, None, 2))
    layer.set_weights([np.array(w) for w in ([2, 1], [1, 0], [5, 0], [4, 1])])  # gamma, beta, mean, variance
    y = layer(tf.constant([[[[7, 3]]], [[[5, 4]]]], tf.float32), training=training)
    np.testing.assert_allclose(y[:, 0, 0], [[3, 3], [1, 4]], rtol=1e-6)
    assert layer.trainable_variables == []
    assert layer.get_weights()[2].tolist() == [5, 0]


def test_batch_norm_learns():
    layer = make_norm("bn", 2, "n")
    y = layer(tf.constant([[[[7, 3]]], [[[5, 5]]]], tf.float32), training=True)
    np.testing.assert_allclose(y[:, 0, 0], [[1, -1], [-1, 1]], atol=1e-4)
    assert len(layer.trainable_variables) == 2
    assert isinstance(layer, keras.layers.BatchNormalization)


@pytest.mark.parametrize("kind", ["bn", "frozen_bn"])
@pytest.mark.parametrize("epsilon", [0.0, 1e-3])
def test_epsilon_reaches_batch_norm(kind, epsilon):
    layer = make_norm(kind, 1, "n", epsilon=epsilon)
    layer.build((None, None, None, 1))
    layer.set_weights([np.array([w]) for w in (2.0, 1.0, 5.0, 0.004)])  # gamma, beta, mean, variance
    expected = 2 * (6 - 5) / np.sqrt(0.004 + epsilon) + 1
    np.testing.assert_allclose(layer(tf.fill([1, 1, 1, 1], 6.0)), [[[[expected]]]], rtol=1e-5)


def test_a_bias_stays_where_no_batch_norm_follows():
    assert [kind for kind in ("none", "gn", "bn", "frozen_bn") if keeps_bias(kind)] == ["none", "gn"]


@pytest.mark.parametrize("training", [True, False])
def test_group_norm_is_kerass_group_normalization(training):
    x = tf.random.stateless_normal([2, 7, 9, 12], [1, 2]) * 3 + 5
    layers = GroupNorm(4, epsilon=1e-5), keras.layers.GroupNormalization(4, epsilon=1e-5)
    outputs, gradients = [], []
    for layer in layers:
        layer.build(x.shape)
        layer.set_weights([np.linspace(1, 2, 12), np.linspace(-1, 1, 12)])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=training) if isinstance(layer, GroupNorm) else layer(x)
            total = tf.reduce_sum(y**3)
        outputs.append(y)
        gradients.append(tape.gradient(total, [x, *layer.trainable_variables]))
    np.testing.assert_allclose(*outputs, atol=1e-5)
    for mine, its in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("training", [True, False])
def test_group_norm_of_nothing_and_of_one_value(training):
    layer = GroupNorm(2, epsilon=1e-5)
    assert layer(tf.zeros([0, 3, 3, 4]), training=training).shape == (0, 3, 3, 4)
    same = tf.fill([1, 3, 3, 4], 1000.0)
    np.testing.assert_array_equal(layer(same, training=training), np.zeros((1, 3, 3, 4)))


@pytest.mark.parametrize("kind", ["bn", "gn"])
def test_norms_of_half_precision_are_those_of_float32_and_so_are_their_gradients(kind):
    rng = np.random.default_rng(0)
    values, upstream = (rng.normal(1, 2, size=(3, 9, 7, 16)).astype(np.float32) for _ in range(2))
    values = tf.cast(tf.cast(values, tf.bfloat16), tf.float32).numpy()  # exact in both
    results = []
    for precision in ("float32", "mixed_bfloat16"):
        layer = make_norm(kind, 16, "n")
        layer.dtype_policy = precision
        layer.build(values.shape)
        layer.gamma.assign(np.linspace(-1, 2, 16))
        with tf.GradientTape() as tape:
            tape.watch(inputs := tf.cast(values, layer.compute_dtype))
            output = layer(inputs, training=True)
            total = tf.reduce_sum(tf.cast(output, tf.float32) * upstream)
        assert output.dtype == inputs.dtype
        gradients = tape.gradient(total, [inputs, layer.gamma.value, layer.beta.value])
        moving = [] if kind == "gn" else [layer.moving_mean.value, layer.moving_variance.value]
        results.append([np.float32(result) for result in (output, *gradients, *moving)])
    for exact, rough in zip(*results, strict=True):
        assert np.linalg.norm(rough - exact) < 2**-7 * np.linalg.norm(exact)


def test_batch_norm_and_its_gradient_are_exact():
    rng = np.random.default_rng(0)
    x, upstream = (rng.normal(size=(2, 200, 300, 4)).astype(np.float32) for _ in range(2))
    x += 1.5
    layer = make_norm("bn", 4, "n")
    layer.build(x.shape)
    layer.gamma.assign(gamma := np.array([1, 2, -1, 0.5], np.float32))
    with tf.GradientTape() as tape:
        tape.watch(inputs := tf.constant(x))
        output = layer(inputs, training=True)
        total = tf.reduce_sum(output * upstream)
    gradients = tape.gradient(total, [inputs, layer.gamma.value, layer.beta.value])

    # The formulas of Ioffe and Szegedy 2015, section 3, in float64.
    every = (0, 1, 2)
    inverse = 1 / np.sqrt(np.var(x, axis=every, dtype=np.float64) + 1e-5)
    normalized = (x - np.mean(x, axis=every, dtype=np.float64)) * inverse
    along = np.float64(upstream)
    along_x = along - along.mean(axis=every) - normalized * (along * normalized).mean(axis=every)
    expected = [gamma * inverse * along_x, (along * normalized).sum(axis=every), along.sum(axis=every)]
    for found, exact in zip([output, *gradients], [normalized * gamma, *expected], strict=True):
        assert np.linalg.norm(found - exact) < 1e-6 * np.linalg.norm(exact)


def test_batch_norm_moves_its_statistics_as_keras_does():
    x = np.random.default_rng(0).normal(2.0, 3.0, (2, 5, 6, 3)).astype(np.float32)
    ours, keras_layer = make_norm("bn", 3, "n"), keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.97)
    for layer in (ours, keras_layer):
        layer(x, training=True)
    for own, expected in zip(ours.get_weights(), keras_layer.get_weights(), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-5)
    assert ours(x).dtype == keras_layer(x).dtype
    np.testing.assert_allclose(ours(x), keras_layer(x), rtol=1e-5)
