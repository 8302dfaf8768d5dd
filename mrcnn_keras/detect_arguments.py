"""What MaskRCNN.detect is given, as the arrays that it looks at."""

import os

import numpy as np

from mrcnn_keras.detections import as_boxes
from mrcnn_keras.errors import UserError


def photographs(images):
    """A list of pictures -> list of [H, W, 3] uint8 RGB. Raises UserError for what is none."""
    if not isinstance(images, (list, tuple)) and np.ndim(images) in (2, 3):
        raise UserError(f"detect got one picture of shape {np.shape(images)}; give a list: model.detect([image])")
    images = [images] if isinstance(images, (str, os.PathLike)) else images
    return [_as_rgb(image, index) for index, image in enumerate(images)]


def proposals_of(images, proposals, wanted):
    """-> for each picture what the model takes besides it: (), or where proposals are wanted ([1, N, 4] float32,)."""
    if not wanted:
        if proposals is not None:
            raise UserError("this model finds its proposals itself; call detect without them")
        return [()] * len(images)
    if proposals is None or len(proposals) != len(images):
        given = "none" if proposals is None else len(proposals)
        raise UserError(
            f"this model takes proposals, and {given} were given for {len(images)} pictures; give one array "
            "[N, (y1, x1, y2, x2)] a picture: model.detect(images, proposals=[boxes, ...])"
        )
    return [(as_boxes(boxes, f"picture {index}: proposals")[None],) for index, boxes in enumerate(proposals)]


def _as_rgb(image, index):
    """A picture as [H, W, 3] uint8."""
    if isinstance(image, (str, os.PathLike)):
        raise UserError(f"picture {index} is {str(image)!r}; give its pixels, [height, width, 3] RGB")
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4) or 0 in image.shape:
        raise UserError(f"picture {index} has shape {image.shape}; give [height, width, 3] RGB")
    if image.dtype != np.uint8:
        raise UserError(f"picture {index} has type {image.dtype}; give uint8 0..255")
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[..., :3]
