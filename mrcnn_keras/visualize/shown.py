"""What is taken as a picture to draw into: all that `MaskRCNN.detect` takes, and floats from 0 to 1."""

import numpy as np

from mrcnn_keras.errors import UserError
from mrcnn_keras.pictures import as_picture


def as_shown(image):
    """A picture -> [H, W, 3] uint8 RGB.

    `as_picture` refuses floats from 0 to 1, in which a model would find nothing; here they are what matplotlib and
    scikit-image mean by them. A float picture from 0 to 255 that is as dark as that would be black.
    """
    if (
        isinstance(image, np.ndarray)
        and image.dtype.kind == "f"
        and image.size
        and 0 <= image.min() <= image.max() <= 1
    ):
        image = image * 255
    return as_picture(image)


def photograph_of(image, detections):
    """A picture -> [H, W, 3] uint8 RGB, if it has the size of the photograph that the detections are of."""
    image = as_shown(image)
    if image.shape[:2] != detections.size:
        raise UserError(
            f"picture of {image.shape[0]} x {image.shape[1]} pixels with instances of a {detections.size[0]} x "
            f"{detections.size[1]} photograph; give that one"
        )
    return image
