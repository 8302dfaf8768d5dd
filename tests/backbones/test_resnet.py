import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.backbones import resnet_backbone
from mrcnn_keras.backbones.resnet import res5
from tests.undrawn import without_draws


@pytest.fixture(scope="module")
def small():
    return resnet_backbone("resnet50", width=4)


def test_four_stages_of_strides_4_to_32(small):
    shapes = [stage.shape for stage in small(tf.zeros([2, 64, 96, 3]))]
    assert shapes == [(2, 16, 24, 16), (2, 8, 12, 32), (2, 4, 6, 64), (2, 2, 3, 128)]


@pytest.mark.parametrize(
    ("architecture", "parameters"),
    # torchvision's counts, less the classifier's (channels + 1) * 1000.
    [
        ("resnet18", 11_689_512 - 513_000),
        ("resnet34", 21_797_672 - 513_000),
        ("resnet50", 25_557_032 - 2_049_000),
        pytest.param("resnext101_32x8d", 88_791_336 - 2_049_000, marks=pytest.mark.slow),
        pytest.param("resnext101_64x4d", 83_455_272 - 2_049_000, marks=pytest.mark.slow),
    ],
)
def test_as_many_parameters_as_the_published_network(architecture, parameters, monkeypatch):
    without_draws(monkeypatch)
    model = resnet_backbone(architecture, norm_kind="bn")
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == parameters


def test_kernels_of_resnext_are_those_of_the_published_network():
    # An eighth of the width: 32 groups of one channel where the published one has 8.
    thin = resnet_backbone("resnext101_32x8d", width=8)
    blocks = {index: [thin.get_layer(f"res{index}_0_conv{i}") for i in (1, 2, 3)] for index in (2, 5)}
    assert [conv.groups for conv in blocks[2]] == [1, 32, 1]
    assert [conv.kernel.shape for conv in blocks[2]] == [(1, 1, 8, 32), (3, 3, 1, 32), (1, 1, 32, 32)]
    assert [conv.kernel.shape for conv in blocks[5]] == [(1, 1, 128, 256), (3, 3, 8, 256), (1, 1, 256, 256)]
    assert [stage.shape for stage in thin(tf.zeros([1, 64, 32, 3]))] == [
        (1, 16, 8, 32),
        (1, 8, 4, 64),
        (1, 4, 2, 128),
        (1, 2, 1, 256),
    ]


def test_the_other_resnext_has_twice_the_groups_of_half_the_channels():
    thin = resnet_backbone("resnext101_64x4d", width=16)
    blocks = {index: thin.get_layer(f"res{index}_0_conv2") for index in (2, 5)}
    assert [conv.groups for conv in blocks.values()] == [64, 64]
    assert [conv.kernel.shape for conv in blocks.values()] == [(3, 3, 1, 64), (3, 3, 8, 512)]


def test_a_group_uses_its_own_channels_only():
    conv = resnet_backbone("resnext101_32x8d", width=16).get_layer("res2_0_conv2")
    assert conv.kernel.shape == (3, 3, 2, 64)
    one = tf.one_hot(5, 64)[None, None, None]
    touched = np.abs(conv(one) - conv(tf.zeros_like(one)))[0, 0, 0]
    assert np.flatnonzero(touched).tolist() == [4, 5]


def test_blocks_of_resnet101():
    names = [layer.name for layer in resnet_backbone("resnet101", width=4).layers if layer.name.endswith("_add")]
    assert len(names) == 3 + 4 + 23 + 3
    assert names[-4:] == ["res4_22_add", "res5_0_add", "res5_1_add", "res5_2_add"]


def strides(model, stage):
    return [model.get_layer(f"res{stage}_0_conv{i}").strides[0] for i in (1, 2, 3)]


def test_the_convolution_that_carries_the_stride(small):
    assert strides(small, 2) == [1, 1, 1]
    assert strides(small, 3) == [1, 2, 1]
    assert strides(resnet_backbone("resnet50", stride_in="1x1", width=4), 3) == [2, 1, 1]


def test_padding_is_the_same_on_both_sides():
    # With an odd side, every strided layer looks at a symmetric picture symmetrically.
    model = resnet_backbone("resnet18", width=4)
    flip = np.array([[[1, 2, 1]] * 3, [[0, 1, 0]] * 3])  # whatever the picture, it equals its mirror image
    picture = tf.image.resize(tf.constant(flip[..., None] * np.ones(3), tf.float32), [65, 65])
    for layer in model.layers:
        if "conv" in layer.name and layer.weights:
            kernel = layer.get_weights()[0]
            layer.set_weights([(kernel + kernel[:, ::-1]) / 2])
    for stage in model(picture):
        np.testing.assert_allclose(stage, stage[:, :, ::-1], atol=1e-4 * float(tf.reduce_max(stage)))


def stem_pool(size, **options):
    """What the stem's pooling makes of a picture of numbers that ReLU leaves as they are, and these numbers."""
    model = resnet_backbone("resnet18", width=2, **options)
    before = tf.random.stateless_uniform([1, *size, 2], [0, 0])
    return model.get_layer("stem_pool")(model.get_layer("stem_pool_pad")(before)), before


@pytest.mark.parametrize("size", [(8, 12), (2, 2), (16, 10)])
def test_padding_at_the_end_is_the_same_padding_of_tensorflow_for_even_sides(size):
    pooled, before = stem_pool(size, pool_pad="end")
    np.testing.assert_array_equal(pooled, tf.nn.max_pool2d(before, 3, 2, "SAME"))


@pytest.mark.parametrize("size", [(8, 12), (7, 9)])
def test_padding_on_both_sides_looks_at_every_second_pixel_and_those_around_it(size):
    pooled, before = stem_pool(size)
    explicit = tf.nn.max_pool2d(before, 3, 2, [[0, 0], [1, 1], [1, 1], [0, 0]])
    np.testing.assert_array_equal(pooled, explicit)
    assert np.any(pooled != tf.nn.max_pool2d(before, 3, 2, "SAME")) == (size == (8, 12))


@pytest.mark.parametrize("norm_kind", ["bn", "frozen_bn"])
@pytest.mark.parametrize("epsilon", [0.0, 1e-3])
def test_epsilon_reaches_all_norms(norm_kind, epsilon):
    model = resnet_backbone("resnet18", norm_kind, epsilon=epsilon, width=4)
    norms = [layer for layer in model.layers if "norm" in layer.name and layer.weights]
    assert len(norms) == 20
    assert {layer.epsilon for layer in norms} == {epsilon}
    stages = model(tf.random.stateless_uniform([1, 64, 64, 3], [0, 0]))
    assert all(np.isfinite(stage).all() and np.any(stage) for stage in stages)


@pytest.mark.parametrize("norm_kind", ["bn", "gn", "frozen_bn"])
@pytest.mark.parametrize(("freeze", "first"), [(0, "stem_"), (1, "res2_"), (2, "res3_"), (4, "res5_"), (5, None)])
def test_frozen_stages_do_not_train(freeze, first, norm_kind):
    model = resnet_backbone("resnet18", norm_kind, freeze_stages=freeze, width=4)
    trained = [layer.name for layer in model.layers if layer.trainable_weights]
    assert bool(trained) == (first is not None)
    assert not trained or trained[0].startswith(first)
    assert any("norm" in name for name in trained) == (norm_kind != "frozen_bn" and freeze < 5)


def test_a_picture_of_any_multiple_of_32(small):
    assert small(tf.zeros([1, 32, 32, 3]))[-1].shape[1:3] == (1, 1)
    assert small.inputs[0].shape == (None, None, None, 3)


PICTURE = tf.random.stateless_normal([2, 64, 96, 3], [1, 2])
BLOCKS = pytest.mark.parametrize(
    ("architecture", "stride_in"), [("resnet18", "3x3"), ("resnet50", "3x3"), ("resnet50", "1x1")]
)


def same_weights(model, other):
    """Copies weights of layers with the same names; returns how many layers that were."""
    names = {layer.name for layer in other.layers} & {layer.name for layer in model.layers if layer.weights}
    for name in names:
        model.get_layer(name).set_weights(other.get_layer(name).get_weights())
    return len(names)


@BLOCKS
def test_every_second_cell_of_dilated_c5_is_plain_c5(architecture, stride_in):
    plain, dilated = (
        resnet_backbone(architecture, "bn", stride_in, width=4, dilated=dilated) for dilated in (False, True)
    )
    assert same_weights(dilated, plain) == len([layer for layer in plain.layers if layer.weights])
    stages, dense = plain(PICTURE), dilated(PICTURE)
    assert [stage.shape[1:3] for stage in dense] == [(16, 24), (8, 12), (4, 6), (4, 6)]
    for stage, same in zip(stages[:3], dense[:3], strict=True):
        np.testing.assert_array_equal(stage, same)
    np.testing.assert_allclose(dense[3][:, ::2, ::2], stages[3], rtol=1e-4, atol=1e-4)


def test_dilation_of_detectron2_where_the_stride_is_in_the_1x1_convolution():
    model = resnet_backbone("resnet50", stride_in="1x1", width=4, dilated=True)
    convs = {name: model.get_layer(name) for name in ("res5_0_conv1", "res5_0_shortcut", "res4_0_conv1")}
    assert [conv.strides for conv in convs.values()] == [(1, 1), (1, 1), (2, 2)]
    assert [model.get_layer(f"res5_{i}_conv2").dilation_rate for i in range(3)] == [(2, 2)] * 3
    assert model.get_layer("res4_5_conv2").dilation_rate == (1, 1)


@BLOCKS
def test_res5_alone_makes_c5_of_c4(architecture, stride_in):
    whole = resnet_backbone(architecture, "bn", stride_in, width=4)
    body, head = (
        resnet_backbone(architecture, "bn", stride_in, width=4, last_stage=4),
        res5(architecture, "bn", stride_in, width=4),
    )
    layers = same_weights(body, whole) + same_weights(head, whole)
    assert layers == len([layer for layer in whole.layers if layer.weights])
    assert [weight.path for weight in (*body.weights, *head.weights)] == [weight.path for weight in whole.weights]
    stages = body(PICTURE)
    assert len(stages) == 3
    np.testing.assert_allclose(head(stages[-1]), whole(PICTURE)[-1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("freeze", "trains"), [(4, True), (5, False)])
def test_res5_is_the_fifth_stage_that_can_be_frozen(freeze, trains):
    assert bool(res5("resnet18", "gn", freeze_stages=freeze, width=4).trainable_weights) == trains
