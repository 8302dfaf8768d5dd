import pytest

from mrcnn_keras.weights.files.h5_file import plain_names


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # Matterport's file
        ({"conv1": ["conv1/kernel:0", "conv1/bias:0"]}, ["conv1/kernel", "conv1/bias"]),
        ({"mrcnn_mask": ["mrcnn_mask/mrcnn_mask/kernel:0"]}, ["mrcnn_mask/kernel"]),
        (
            {"rpn_model": ["rpn_model/rpn_conv_shared/kernel:0", "rpn_model/rpn_class_raw/kernel:0"]},
            ["rpn_conv_shared/kernel", "rpn_class_raw/kernel"],
        ),
        # written by a second model of the same session, or by a port to TensorFlow 2
        ({"conv1": ["conv1_1/kernel:0", "conv1_1/bias_1:0"]}, ["conv1/kernel", "conv1/bias"]),
        ({"mrcnn_mask_conv1": ["mrcnn_mask_conv1/conv2d_7/kernel:0"]}, ["mrcnn_mask_conv1/kernel"]),
        ({"time_distributed_3": ["mrcnn_mask_conv1/kernel:0"]}, ["mrcnn_mask_conv1/kernel"]),
        ({"bn_conv1": ["tower_0/bn_conv1/gamma", "tower_0/bn_conv1/beta"]}, ["bn_conv1/gamma", "bn_conv1/beta"]),
        ({"conv1": ["kernel:0", "bias:0"]}, ["conv1/kernel", "conv1/bias"]),
        (
            {"rpn_model": ["rpn_conv_shared_1/kernel:0", "rpn_class_raw_1/kernel:0"]},
            ["rpn_conv_shared/kernel", "rpn_class_raw/kernel"],
        ),
        # a model in a model: the numbers that Keras gives by itself stay where they tell layers apart
        (
            {"backbone": ["conv2d/kernel:0", "conv2d_1/kernel:0", "head_2/kernel:0"]},
            ["conv2d/kernel", "conv2d_1/kernel", "head/kernel"],
        ),
        # Keras 1
        ({"conv1": ["conv1_W:0", "conv1_b:0"]}, ["conv1/kernel", "conv1/bias"]),
        (
            {"bn_conv1": ["bn_conv1_running_mean:0", "bn_conv1_running_std:0"]},
            ["bn_conv1/moving_mean", "bn_conv1/moving_variance"],
        ),
        ({"block1_conv1": ["block1_conv1_W_1:0"]}, ["block1_conv1/kernel"]),
        # numbers that belong to the layer's name, as keras.applications has them
        ({"conv2_block1_1_conv": ["conv2_block1_1_conv/kernel:0"]}, ["conv2_block1_1_conv/kernel"]),
        ({"conv2d_1": ["conv2d_1/kernel:0"], "conv2d": ["conv2d/kernel:0"]}, ["conv2d_1/kernel", "conv2d/kernel"]),
        # names that would be the same are kept as they are written
        ({"a": ["x/kernel:0", "y/x/kernel:0"]}, ["a/x/kernel:0", "a/y/x/kernel:0"]),
        ({"dense": ["dense/temperature:0"]}, ["dense/temperature"]),
    ],
)
def test_plain_names(layers, expected):
    assert plain_names(layers) == expected
