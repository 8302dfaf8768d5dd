"""A model of a few seconds; with its random weights it finds dozens of things in any picture."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.export import saved_model, tflite
from mrcnn_keras.model import MaskRCNN
from tests.tiny import TINY

SMALL = TINY | dict(
    NUM_CLASSES=3,
    CLASS_NAMES=("BG", "cat", "street lamp"),
    IMAGE_PAD_MULTIPLE=32,
    IMAGE_STRETCH=True,
    MASK_POOL_SIZE=14,
    PRE_NMS_LIMIT_INFERENCE=500,
    POST_NMS_ROIS_INFERENCE=100,
    DETECTION_MAX_INSTANCES=100,
    DETECTION_MIN_CONFIDENCE=0.05,
)
# Of few channels and boxes, since a conversion to TFLite takes seconds; with the norms of the preset.
THIN = dict(
    BACKBONE_WIDTH=8,
    BACKBONE_NORM="bn",
    HEAD_NORM="gn",
    PRE_NMS_LIMIT_INFERENCE=50,
    POST_NMS_ROIS_INFERENCE=30,
    DETECTION_MAX_INSTANCES=20,
)


def build(seed=1, **settings):
    keras.utils.set_random_seed(seed)
    return MaskRCNN(Config.preset("resnet18_fpn", **SMALL | settings))


@pytest.fixture(scope="session")
def build_model():
    return build


@pytest.fixture(scope="session")
def model():
    return build()


@pytest.fixture(scope="session")
def saved(model, made_once):
    """The folder of a SavedModel of `model`, to be read only."""
    return made_once("saved", lambda folder: saved_model(model, folder / "mine" / "1")) / "mine" / "1"


@pytest.fixture(scope="session")
def build_thin():
    return lambda **settings: build(**THIN | settings)


@pytest.fixture(scope="session")
def thin():
    return build(**THIN)


@pytest.fixture(scope="session")
def thin_tflite(thin, made_once):
    """The float32 TFLite file of `thin`, to be read only."""
    return made_once("tflite", lambda folder: tflite(thin, folder / "thin.tflite")) / "thin.tflite"


@pytest.fixture(scope="session")
def served(saved):
    """`saved` as TensorFlow loads it."""
    return tf.saved_model.load(str(saved))


@pytest.fixture(scope="session")
def saved_full(model, made_once):
    """The folder of one with full masks."""
    return made_once("saved-full", lambda folder: saved_model(model, folder / "1", masks="full")) / "1"


@pytest.fixture(scope="session")
def picture():
    """A function: height, width -> [height, width, 3] uint8 of noise with a bright rectangle."""

    def make(height, width):
        image = np.random.default_rng(height + width).integers(0, 200, (height, width, 3), dtype=np.uint8)
        image[height // 4 : height // 2, width // 4 : width // 2] = 255
        return image

    return make
