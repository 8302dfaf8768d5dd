"""keras.applications' MobileNetV3 and EfficientNetV2, whose layers our backbones have under the same names."""

import re

import numpy as np
import pytest

from mrcnn_keras.backbones import application_backbone
from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import open_checkpoint
from mrcnn_keras.model.checkpoints import load_into
from mrcnn_keras.weights.maps.keras_mobile import describe, fits, translate
from tests.weights.files.writers import write_h5


def of_keras_2(name):
    """ "expanded_conv_1_expand_bn/gamma" -> "expanded_conv_1/expand/BatchNorm/gamma:0", as files of MobileNetV3 say."""
    layer, _, weight = name.partition("/")
    if layer.endswith("_depthwise"):
        weight = f"depthwise_{weight}"
    layer = re.sub(r"^(expanded_conv(_\d+)?)_", r"\1/", layer).replace("squeeze_excite_conv", "squeeze_excite/Conv")
    layer = re.sub(r"^conv", "Conv", re.sub("_bn$", "/BatchNorm", layer))
    return layer, f"{layer}/{weight}:0"


@pytest.fixture(scope="module")
def mobilenet():
    """The backbone, and an array for each of its weights."""
    backbone, random = application_backbone("mobilenet_v3_small", "bn"), np.random.default_rng(0)
    return backbone, {w.path: random.random(w.shape, dtype=np.float32) for w in backbone.weights}


@pytest.fixture(scope="module")
def saved(mobilenet, tmp_path_factory):
    """A file as keras.applications has it, of 2021: layers lie in each other, and some hold no weights for us."""
    layers = {"rescaling": {}, "normalization": {"normalization/mean:0": np.zeros(3, "f4")}}
    for path, array in mobilenet[1].items():
        layer, name = of_keras_2(path)
        layers.setdefault(layer, {})[name] = array
    assert "expanded_conv_3/squeeze_excite/Conv_1" in layers
    assert "Conv_1/BatchNorm" in layers
    return write_h5(tmp_path_factory.mktemp("applications") / "notop.h5", layers)


def test_keras_mobile_file_is_the_backbone(mobilenet, saved):
    _, arrays = mobilenet
    with open_checkpoint(saved) as checkpoint:
        assert checkpoint.preset is None
        assert checkpoint.settings["BACKBONE"] == "mobilenet_v3_small"
        assert checkpoint.settings["STD_PIXEL"] == (127.5, 127.5, 127.5)
        assert checkpoint.values.keys() == arrays.keys()
        for path, value in checkpoint.values.items():
            np.testing.assert_array_equal(value(), arrays[path])
        assert checkpoint.left_over == {"normalization/mean": "the pixels' mean and deviation, which are settings"}


@pytest.mark.parametrize(("settings", "noted"), [({"MEAN_PIXEL": (127.5,) * 3}, None), ({}, "MEAN_PIXEL=")])
def test_keras_mobile_is_adapted_to_the_deviation_and_a_different_mean_noted(mobilenet, saved, settings, noted):
    backbone, arrays = mobilenet
    config = Config(BACKBONE="mobilenet_v3_small", BACKBONE_NORM_EPSILON=1e-3, **settings)
    with open_checkpoint(saved) as checkpoint:
        report = load_into({weight.path: weight for weight in backbone.weights}, config, checkpoint)
    assert report.complete
    assert [noted in note for note in report.notes] == ([True] if noted else [])
    factor = np.divide(config.STD_PIXEL, 127.5)[:, None]
    np.testing.assert_allclose(backbone.get_layer("conv").kernel, arrays["conv/kernel"] * factor, rtol=1e-6)
    np.testing.assert_array_equal(backbone.get_layer("conv_1").kernel, arrays["conv_1/kernel"])


@pytest.mark.parametrize(("blocks", "size"), [(21, "b0"), (27, "b1"), (28, "b2"), (32, "b3"), (40, "s"), (57, "m")])
def test_efficientnet_is_identified_by_its_number_of_blocks(blocks, size):
    names = {f"block{1 + i // 26}{chr(ord('a') + i % 26)}_project_conv/kernel": (1, 1, 1, 1) for i in range(blocks)}
    assert fits(names)
    settings = describe(names)["settings"]
    assert settings["BACKBONE"] == f"efficientnet_v2_{size}"
    assert settings["MEAN_PIXEL"] == ((123.675, 116.28, 103.53) if size[0] == "b" else (128, 128, 128))


def test_keras_mobile_refuses_another_number_of_blocks():
    names = {
        f"expanded_conv_{i}_{part}/kernel": np.zeros((1, 1, 1, 1)) for i in range(7) for part in ("expand", "project")
    }
    with pytest.raises(UserError, match="has 7 blocks; of its kind mobilenet_v3_small, mobilenet_v3_large can be read"):
        translate(names)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet_v2_b0", "efficientnet_v2_s", "mobilenet_v3_large"])
def test_keras_mobile_numbers_of_blocks_are_those_of_the_backbones(name):
    shapes = {weight.path: tuple(weight.shape) for weight in application_backbone(name).weights}
    assert describe(shapes)["settings"]["BACKBONE"] == name


def test_keras_mobile_does_not_fit_another_network():
    assert not fits({"conv1_conv/kernel": (7, 7, 3, 64), "stem_conv/kernel": (3, 3, 3, 32)})
