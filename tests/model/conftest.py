"""One small model for all tests of this folder: 64 x 64 pixels, 2 classes, two objects per picture."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.model import MaskRCNN
from tests.tiny import TINY

SMALL = TINY | dict(
    NUM_CLASSES=1 + 2,
    BACKBONE_NORM="gn",  # two pictures of 64 pixels are too few for batch norm
    BACKBONE_FREEZE_STAGES=2,
    TRAIN_ROIS_PER_IMAGE=32,
    WEIGHT_DECAY=0,  # without momentum and decay, weights without a gradient stay as they are
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
    """A function: class ids of the objects (0 padding, negative crowd) -> a batch of two pictures.

    keypoints: whether each object has three, its upper left corner, its centre, and one without a label.
    """

    def make(*class_ids, seed=0, keypoints=False):
        count = len(class_ids)
        boxes = np.array(OBJECTS[:count], np.float32).reshape(-1, 4) * (np.array(class_ids) != 0)[:, None]
        batch = {
            "image": np.random.default_rng(seed).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8),
            "image_size": np.array([[64, 64], [64, 56]], np.int32),
            "gt_boxes": np.stack([boxes, boxes]).astype(np.float32),
            "gt_class_ids": np.array([class_ids, class_ids], np.int32).reshape(2, count),
            "gt_masks": np.full((2, count, 14, 14), 255, np.uint8),
        }
        if keypoints:
            low, high = np.split(batch["gt_boxes"], 2, axis=-1)
            points = np.stack([low, (low + high) / 2, 0 * low], axis=2)
            visible = np.broadcast_to(np.float32([2, 1, 0])[:, None], (*points.shape[:3], 1))
            batch["gt_keypoints"] = np.concatenate([points, visible], axis=-1).astype(np.float32)
        return batch

    return make


@pytest.fixture(scope="session")
def as_dataset():
    """A function: batches -> a tf.data.Dataset that leaves the number of objects per picture open."""

    def make(*batches):
        signature = {}
        for name, value in batches[0].items():
            open_axes = 1 + name.startswith("gt_")
            signature[name] = tf.TensorSpec([None] * open_axes + [*value.shape[open_axes:]], value.dtype)
        dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))

    return make
