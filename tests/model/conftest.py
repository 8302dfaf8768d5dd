"""One small model for all tests of this folder: 64 x 64 pixels, 2 classes, two objects a picture."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.model import MaskRCNN

SMALL = dict(
    NUM_CLASSES=1 + 2,
    BATCH_SIZE=2,
    IMAGE_MIN_DIM=64,
    IMAGE_MAX_DIM=64,
    BACKBONE_NORM="gn",  # two pictures of 64 pixels are too few for batch norm
    BACKBONE_FREEZE_STAGES=2,
    TOP_DOWN_PYRAMID_SIZE=32,
    FPN_CLASSIF_FC_LAYERS_SIZE=64,
    MASK_HEAD_CHANNELS=16,
    MASK_POOL_SIZE=7,
    MINI_MASK_SHAPE=(14, 14),
    RPN_ANCHOR_SCALES=(8, 16, 32, 64, 128),
    TRAIN_ROIS_PER_IMAGE=32,
    PRE_NMS_LIMIT_TRAINING=50,
    PRE_NMS_LIMIT_INFERENCE=50,
    POST_NMS_ROIS_TRAINING=50,
    POST_NMS_ROIS_INFERENCE=20,
    DETECTION_MAX_INSTANCES=10,
    OPTIMIZER="sgd",
    LEARNING_RATE=0.01,
    LEARNING_MOMENTUM=0,  # without momentum and decay, weights without a gradient stay as they are
    WEIGHT_DECAY=0,
)
OBJECTS = [[10, 10, 40, 40], [30, 20, 60, 50]]


@pytest.fixture(scope="session")
def small_model():
    """A function: settings -> a small model, always with the same weights."""

    def make(**settings):
        keras.utils.set_random_seed(0)
        model = MaskRCNN(Config.preset("resnet18_fpn", **{**SMALL, **settings}))
        # Scores of fresh weights are nearly equal, and rounding would choose among them.
        for layer in (model.get_layer("rpn").logits, model.get_layer("box_head").class_logits):
            layer.kernel.assign(layer.kernel * 30)
        return model

    return make


@pytest.fixture(scope="session")
def model(small_model):
    """The compiled model. Tests may train it: none may rely on the weights that another leaves."""
    model = small_model()
    model.compile()
    return model


@pytest.fixture(scope="session")
def make_batch():
    """A function: class ids of the objects (0 padding, negative crowd) -> a batch of two pictures."""

    def make(*class_ids, seed=0):
        count = len(class_ids)
        boxes = np.array(OBJECTS[:count], np.float32).reshape(-1, 4) * (np.array(class_ids) != 0)[:, None]
        return {
            "image": np.random.default_rng(seed).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8),
            "image_size": np.array([[64, 64], [64, 56]], np.int32),
            "gt_boxes": np.stack([boxes, boxes]).astype(np.float32),
            "gt_class_ids": np.array([class_ids, class_ids], np.int32).reshape(2, count),
            "gt_masks": np.full((2, count, 14, 14), 255, np.uint8),
        }

    return make


@pytest.fixture(scope="session")
def as_dataset():
    """A function: batches -> a tf.data.Dataset that leaves open how many objects a picture has."""

    def make(*batches):
        signature = {
            "image": tf.TensorSpec([None, 64, 64, 3], tf.uint8),
            "image_size": tf.TensorSpec([None, 2], tf.int32),
            "gt_boxes": tf.TensorSpec([None, None, 4], tf.float32),
            "gt_class_ids": tf.TensorSpec([None, None], tf.int32),
            "gt_masks": tf.TensorSpec([None, None, 14, 14], tf.uint8),
        }
        dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))

    return make
