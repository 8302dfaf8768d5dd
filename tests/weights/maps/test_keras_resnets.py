"""keras.applications' ResNets: two kinds of layer names, blue first, biases in the convolutions."""

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps.keras_resnets import describe, fits, translate
from tests.weights.maps.thin_files import RESNET50, RESNET101, keras_applications_file, matterport_file

both_names = pytest.mark.parametrize("old", [False, True])


@both_names
def test_keras_resnets_settings(old):
    described = describe(keras_applications_file(old=old).shapes)
    assert described["preset"] is None
    assert described["settings"] == dict(
        BACKBONE="resnet50",
        BACKBONE_WIDTH=8,
        BACKBONE_STRIDE_IN="1x1",
        MEAN_PIXEL=(123.68, 116.779, 103.939),
        STD_PIXEL=(1.0, 1.0, 1.0),
        BACKBONE_NORM_EPSILON=1e-3 if old else 1.001e-5,
    )
    assert describe(keras_applications_file(old=old, **RESNET101).shapes)["settings"]["BACKBONE"] == "resnet101"


def test_keras_resnets_names_of_2016_and_current_ones_give_the_same():
    """The files are filled in the order of the layers."""
    new, old = (translate(keras_applications_file(old=old))[0] for old in (False, True))
    assert new.keys() == old.keys()
    for path in new:
        np.testing.assert_array_equal(new[path](), old[path]())


@both_names
def test_keras_resnets_stem_takes_red_first(old):
    file = keras_applications_file(old=old)
    theirs = file["conv1/kernel" if old else "conv1_conv/kernel"]
    ours = translate(file)[0]["stem_conv/kernel"]()
    np.testing.assert_array_equal(ours[:, :, 0], theirs[:, :, 2])
    np.testing.assert_array_equal(ours[:, :, 2], theirs[:, :, 0])


def test_keras_resnets_means_take_over_the_biases():
    file = keras_applications_file()
    values, _ = translate(file)
    expected = file["conv3_block2_1_bn/moving_mean"] - file["conv3_block2_1_conv/bias"]
    np.testing.assert_allclose(values["res3_1_norm1/moving_mean"](), expected, atol=1e-6)
    assert values["res4_0_shortcut_norm/gamma"].sources == ("conv4_block1_0_bn/gamma",)
    assert not any(path.endswith("/bias") for path in values)


def test_keras_resnets_convolutions_without_a_bias():
    file = keras_applications_file()
    for name in [name for name in file if name.endswith("_conv/bias")]:
        del file[name]
    values, _ = translate(file)
    np.testing.assert_array_equal(values["res2_0_norm3/moving_mean"](), file["conv2_block1_3_bn/moving_mean"])


@both_names
def test_keras_resnets_leave_the_classes_of_imagenet(old):
    leftovers = translate(keras_applications_file(old=old, top=True))[1]
    assert len(leftovers) == 2
    assert {*leftovers.values()} == {"ImageNet's classes"}


def test_keras_resnets_refuse_other_models():
    file = keras_applications_file()
    file.keras_norm("post_bn", 4)
    with pytest.raises(UserError, match="ResNet V2"):
        describe(file.shapes)
    with pytest.raises(UserError, match=r"\(3, 8, 36, 3\) bottleneck blocks"):
        describe(keras_applications_file(blocks=(3, 8, 36, 3), bottleneck=True).shapes)


def test_keras_resnets_also_fit_matterports_files():
    assert fits(keras_applications_file(old=True).shapes)
    assert fits(matterport_file(**RESNET50).shapes)  # so find_source looks for Matterport first
