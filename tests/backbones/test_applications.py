"""The backbones of keras.applications; the large ones are checked by their names of layers alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.architectures import APPLICATIONS
from mrcnn_keras.backbones import application_backbone
from mrcnn_keras.backbones.applications import ChannelScale
from mrcnn_keras.layers.norm import GroupNorm

BATCH_NORM, LAYER_NORM = "mobilenet_v3_small", "convnext_tiny"
slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "kind", "channels"),
    [
        ("mobilenet_v3_small", "frozen_bn", (16, 24, 48, 576)),
        pytest.param("mobilenet_v3_large", "bn", (24, 40, 112, 960), marks=slow),
        pytest.param("efficientnet_v2_b0", "gn", (32, 48, 112, 1280), marks=slow),
        pytest.param("efficientnet_v2_s", "bn", (48, 64, 160, 1280), marks=slow),
        ("convnext_tiny", "ln", (96, 192, 384, 768)),
    ],
)
def test_four_stages_of_strides_4_to_32(name, kind, channels):
    model = application_backbone(name, kind)
    stages = model(tf.zeros([1, 64, 96, 3]))
    sizes = [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert [stage.shape for stage in stages] == [(1, *size, depth) for size, depth in zip(sizes, channels, strict=True)]
    assert model.inputs[0].shape == (None, None, None, 3)


def test_each_architecture_is_one_of_keras():
    for name, (maker, starts, _) in APPLICATIONS.items():
        assert name.replace("_", "") == maker.lower()
        assert hasattr(keras.applications, maker)
        assert len(starts) == 4


def layers_of(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize("kind", ["frozen_bn", "bn", "gn"])
def test_batch_norm_is_replaced_by_the_chosen_kind(kind):
    model = application_backbone(BATCH_NORM, kind, epsilon=0.01)
    batch, group = layers_of(model, keras.layers.BatchNormalization), layers_of(model, GroupNorm)
    assert (len(batch), len(group)) == ((0, 34) if kind == "gn" else (34, 0))
    assert {layer.trainable for layer in batch + group} == {kind != "frozen_bn"}
    assert {layer.epsilon for layer in batch + group} == {0.01}
    assert {layer.name for layer in batch + group} >= {"conv_bn", "expanded_conv_10_project_bn"}


def test_batch_norm_apart_the_network_is_that_of_keras():
    keras.utils.set_random_seed(0)
    ours = application_backbone(BATCH_NORM, "bn")
    theirs = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, include_preprocessing=False, input_shape=(64, 64, 3)
    )
    assert [weight.path for weight in ours.weights] == [weight.path for weight in theirs.weights]
    theirs.set_weights(ours.get_weights())
    picture = tf.random.stateless_normal([1, 64, 64, 3], [0, 0])
    np.testing.assert_allclose(ours(picture)[-1], theirs(picture), rtol=1e-4, atol=1e-4)


def test_layer_norm_stays_and_each_scale_has_a_name_that_a_file_can_know():
    first, second = application_backbone(LAYER_NORM, "ln"), application_backbone(LAYER_NORM, "ln")
    assert len(layers_of(first, keras.layers.LayerNormalization)) == 3 + 3 + 9 + 3 + 1
    assert len(layers_of(first, ChannelScale)) == 3 + 3 + 9 + 3
    assert [weight.path for weight in first.weights] == [weight.path for weight in second.weights]
    assert all("variable" not in weight.path for weight in first.weights)


@pytest.mark.parametrize(
    ("freeze", "first"),
    [
        (0, "conv"),
        (1, "expanded_conv_depthwise"),
        (2, "expanded_conv_1_expand"),
        (3, "expanded_conv_3_expand"),
        (4, "expanded_conv_8_expand"),
        (5, None),
    ],
)
def test_frozen_stages_do_not_train(freeze, first):
    trained = [layer.name for layer in application_backbone(BATCH_NORM, "gn", freeze).layers if layer.trainable_weights]
    assert (trained[0] if trained else None) == first
    assert freeze == 5 or {"conv_1", "conv_1_bn"} <= set(trained)
