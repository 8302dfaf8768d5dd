"""Which project a file is of, recognised by the names of its tensors."""

from mrcnn_keras.weights.maps import detectron2, keras_mobile, keras_resnets, matterport, torchvision

# Matterport's files also have the names of keras.applications' older ResNets, so it comes first.
SOURCES = (torchvision, detectron2, matterport, keras_resnets, keras_mobile)


def find_source(shapes):
    """The module whose `describe` and `translate` understand a file with these {name: shape}, or None."""
    return next((source for source in SOURCES if source.fits(shapes)), None)
