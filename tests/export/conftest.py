"""A model of a few seconds; with its random weights it finds dozens of things in any picture."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.export import saved_model, tflite
from mrcnn_keras.model import MaskRCNN


def build(seed=1, **settings):
    small = dict(
        NUM_CLASSES=3,
        CLASS_NAMES=("BG", "cat", "street lamp"),
        IMAGE_MIN_DIM=64,
        IMAGE_MAX_DIM=64,
        IMAGE_PAD_MULTIPLE=32,
        TOP_DOWN_PYRAMID_SIZE=32,
        FPN_CLASSIF_FC_LAYERS_SIZE=64,
        MASK_HEAD_CHANNELS=16,
        DETECTION_MIN_CONFIDENCE=0.05,
    )
    keras.utils.set_random_seed(seed)
    return MaskRCNN(Config.preset("resnet18_fpn", **small | settings))


@pytest.fixture(scope="session")
def build_model():
    return build


@pytest.fixture(scope="session")
def model():
    return build()


@pytest.fixture(scope="session")
def saved(model, tmp_path_factory):
    """The folder of a SavedModel of `model`, to be read only."""
    return saved_model(model, tmp_path_factory.mktemp("serving") / "mine" / "1")


# Tiny: a conversion to TFLite takes seconds.
THIN = dict(
    BACKBONE_WIDTH=8,
    PRE_NMS_LIMIT_INFERENCE=50,
    POST_NMS_ROIS_INFERENCE=30,
    DETECTION_MAX_INSTANCES=20,
    FPN_CLASSIF_FC_LAYERS_SIZE=32,
)


@pytest.fixture(scope="session")
def build_thin():
    return lambda **settings: build(**THIN | settings)


@pytest.fixture(scope="session")
def thin():
    return build(**THIN)


@pytest.fixture(scope="session")
def thin_tflite(thin, tmp_path_factory):
    """The float32 TFLite file of `thin`, to be read only."""
    return tflite(thin, tmp_path_factory.mktemp("tflite") / "thin.tflite")


@pytest.fixture(scope="session")
def served(saved):
    """What TensorFlow makes of it."""
    return tf.saved_model.load(str(saved))


@pytest.fixture(scope="session")
def saved_full(model, tmp_path_factory):
    """The same with full masks."""
    return saved_model(model, tmp_path_factory.mktemp("serving-full") / "mine" / "1", masks="full")


@pytest.fixture(scope="session")
def picture():
    """A function: height, width -> [height, width, 3] uint8 of noise with a bright rectangle."""

    def make(height, width):
        image = np.random.default_rng(height + width).integers(0, 200, (height, width, 3), dtype=np.uint8)
        image[height // 4 : height // 2, width // 4 : width // 2] = 255
        return image

    return make
