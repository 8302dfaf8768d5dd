"""Whose file is it: the source is known by the names of its tensors."""

from mrcnn_keras.weights.maps import detectron2, matterport, torchvision
from mrcnn_keras.weights.maps import keras_mobile as applications
from mrcnn_keras.weights.maps import keras_resnets as keras_applications

# Matterport's files also have the names of keras.applications' older ResNets, so they are looked at first.
SOURCES = (torchvision, detectron2, matterport, keras_applications, applications)


def find_source(shapes):
    """The module whose `describe` and `translate` understand a file with these {name: shape}, or None."""
    return next((source for source in SOURCES if source.fits(shapes)), None)
