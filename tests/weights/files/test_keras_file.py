"""Variables in files of Keras 3: their paths are found without the model, for each kind of layer in our backbones."""

import zipfile
from contextlib import closing

import keras
import numpy as np
import pytest

from mrcnn_keras.backbones import application_backbone
from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files import open_keras
from mrcnn_keras.weights.files.h5_process import H5Process
from mrcnn_keras.weights.files.keras_file import variables


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_v2_b0", "convnext_tiny"])
def test_paths_of_variables_in_a_keras_file(tmp_path, name):
    backbone = application_backbone(name)
    backbone.save(tmp_path / "x.keras")
    expected = {weight.path: np.array(weight) for weight in backbone.weights if weight.dtype.startswith("float")}
    with closing(H5Process(tmp_path / "x.keras", "keras")) as process:
        found = {path: tensor() for path, tensor in variables(process.datasets).items()}
    assert found.keys() == expected.keys()
    for path, array in found.items():
        np.testing.assert_array_equal(array, expected[path], err_msg=path)


def refused(path, message):
    with pytest.raises(UserError, match=message), open_keras(path):
        pass


def test_keras_file_of_another_model_is_refused(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "x.keras")
    refused(tmp_path / "x.keras", "x.keras holds a Sequential, not a MaskRCNN; give")


def test_keras_file_that_unpacks_to_more_memory_than_it_may_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        with archive.open("model.weights.h5", "w") as member:
            for _ in range(400):  # MB
                member.write(bytes(10**6))
    refused(tmp_path / "x.keras", r"x.keras cannot be read as a .keras model \(needs more memory than a file")
