"""A model around a backbone of the user's own trains it, detects, and comes back from its file."""

import keras
import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN
from tests.backbones.test_given import pyramid
from tests.model.conftest import SMALL

CONFIG = Config.preset("resnet18_fpn", **SMALL)


def backbone():
    """A pyramid with a layer of three weights."""
    inputs, maps = pyramid()
    last = keras.layers.BatchNormalization(trainable=False, name="norm")(maps[-1])
    last = keras.layers.SeparableConv2D(8, 3, padding="same", name="separable")(last)
    return keras.Model(inputs, [*maps[:-1], last], name="mine")


@pytest.fixture(scope="module")
def made():
    keras.utils.set_random_seed(0)
    return MaskRCNN(CONFIG, backbone=backbone())


def test_it_trains_detects_and_comes_back(made, make_batch, tmp_path):
    made.compile("adam")
    assert (made.config.BACKBONE, made.config.BACKBONE_NORM) == ("given", "frozen_bn")
    layer = made.network.backbone.get_layer("separable")
    before = [np.array(weight) for weight in layer.weights]
    made.train_on_batch(make_batch(1, 2))
    assert not any(np.array_equal(old, new) for old, new in zip(before, layer.weights, strict=True))
    image = make_batch()["image"][0]
    made.save(tmp_path / "mine.keras")
    for settings in ({}, {"DETECTION_MAX_INSTANCES": 5}):
        loaded = MaskRCNN.load(tmp_path / "mine.keras", **settings)
        mine, its = (
            {weight.path: weight for weight in model.weights if "/step" not in weight.path} for model in (made, loaded)
        )
        assert [*mine] == [*its]
        for path, weight in mine.items():
            np.testing.assert_array_equal(weight, its[path], err_msg=path)
        expected, found = (model.answer(image[None])["scores"][:, :5] for model in (made, loaded))
        np.testing.assert_array_equal(expected, found)
    other = MaskRCNN(CONFIG, backbone=backbone())
    assert other.load_weights(tmp_path / "mine.keras").complete


def test_misuse_is_refused(made, tmp_path):
    inputs, maps = pyramid()
    same_names = keras.Model(inputs, [*maps[:3], Rpn(name="rpn")(maps[3])])
    with pytest.raises(UserError, match="two weights of the model are called rpn/conv/kernel"):
        MaskRCNN(CONFIG, backbone=same_names)
    with pytest.raises(UserError, match="BACKBONE = 'given' needs the backbone itself"):
        MaskRCNN(made.config)
    with pytest.raises(UserError, match="save a .keras file"):
        made.save_to_preset(tmp_path / "preset")
    with pytest.raises(UserError, match="BACKBONE_WIDTH = 32: given has no such choice"):
        made.config.replace(BACKBONE_WIDTH=32)


class Rpn(keras.layers.Layer):
    """A layer of the user's whose weight has the name of one of the network."""

    def build(self, shape):
        self.conv = keras.layers.Conv2D(shape[-1], 1, name="conv")
        self.conv.build(shape)

    def call(self, x):
        return self.conv(x)

    def compute_output_shape(self, shape):
        return shape
