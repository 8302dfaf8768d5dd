"""Which project a file is of, recognised by the names of its tensors."""

from mrcnn_keras.weights.maps import detectron2, keras_mobile, keras_resnets, matterport, torchvision

# Matterport's files also have the names of keras.applications' older ResNets, so it comes first.
SOURCES = (torchvision, detectron2, matterport, keras_resnets, keras_mobile)


def find_source(shapes):
    """Finds the project that a file is of.

    Args:
        shapes: Dict of name -> shape of the file's tensors.

    Returns:
        The module whose `describe` and `translate` understand the file, or `None`.
    """
    return next((source for source in SOURCES if source.fits(shapes)), None)
