"""Curves and pictures for TensorBoard, where the training was asked for them."""

import importlib

import keras
import numpy as np
import tensorflow as tf

from mrcnn_keras.errors import UserError
from mrcnn_keras.training.averaging import averaged
from mrcnn_keras.visualize import draw_comparison

PICTURES = 4  # of the validation data
MIN_SCORE = 0.5  # of the detections that are drawn


def check_tensorboard():
    """Raises UserError where the package tensorboard is missing: TensorFlow 2.21 no longer comes with it."""
    try:
        importlib.import_module("tensorboard")
    except ImportError as error:
        raise UserError(
            "TensorBoard is not installed; `pip install tensorboard`, or leave out tensorboard: metrics.csv and "
            "curves.png have the same figures"
        ) from error


class TensorBoardLog(keras.callbacks.Callback):
    """Writes the figures of each epoch, and the truth beside the detections after each evaluation.

    run: RunFolder, in whose folder tensorboard/ the events go. validation: Dataset, or None. recorder: the Recorder,
    which is called before it, and has the row of the epoch.
    """

    def __init__(self, run, validation, recorder):
        super().__init__()
        self.validation, self.recorder = validation, recorder
        self.writer = tf.summary.create_file_writer(str(run.path / "tensorboard"))

    def on_epoch_end(self, epoch, logs=None):
        row = self.recorder.rows[-1]
        with self.writer.as_default(step=int(row["step"])):
            for name, value in row.items():
                if name not in ("epoch", "step") and value is not None and np.isfinite(value):
                    tf.summary.scalar(name, value)
            if "val_loss" in row:
                self.draw()
        self.writer.flush()

    def draw(self):
        """Writes a picture for each of the first ones of the validation data."""
        with averaged(self.model):
            for i in range(min(PICTURES, self.validation.num_images)):
                image, truth = self.validation.load_example(i)
                found = self.model.detect([image], MIN_SCORE)[0]
                drawn = draw_comparison(image, truth, found, self.validation.class_names)
                tf.summary.image(f"validation/{i}", np.asarray(drawn)[None])

    def on_train_end(self, logs=None):
        self.writer.flush()
