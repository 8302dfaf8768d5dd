"""Models without random weights, where others take their place or nothing but their shapes is looked at."""

import keras
import tensorflow as tf


def without_draws(monkeypatch):
    """Weights begin with zeros: to draw the 40 million of a ResNet-50's Mask R-CNN takes seconds."""
    for kind in (keras.initializers.VarianceScaling, keras.initializers.RandomNormal):
        monkeypatch.setattr(kind, "__call__", lambda self, shape, dtype=None: tf.zeros(shape, dtype or "float32"))
