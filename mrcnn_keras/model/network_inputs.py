"""What `predict` is given as inputs of the network is checked, where it is arrays: the network itself would not say."""

import warnings

import numpy as np

from mrcnn_keras.errors import UserError


def check_inputs(inputs, names):
    """Raises UserError if inputs are missing or a size is not that of a part of its picture.

    inputs: dict of arrays; names: of the inputs that the network has.
    """
    missing = [name for name in names if name not in inputs]
    if missing:
        raise UserError(f"predict got a dict without {', '.join(missing)}; give {', '.join(names)}, or photographs")
    image, sizes = np.asarray(inputs["image"]), np.asarray(inputs["image_size"])
    wrong = np.flatnonzero(((sizes < 1) | (sizes > image.shape[1:3])).any(axis=-1))
    if wrong.size:
        size, (height, width) = sizes[wrong[0]].tolist(), image.shape[1:3]
        raise UserError(
            f"image_size {size} of picture {wrong[0]} is not that of a part of its {height} x {width} pixels; give the "
            "height and width of what is picture, without the padding"
        )
    if image.dtype.kind == "f" and image.size and 0 < image.max() <= 1:
        warnings.warn("the pictures have values of 0 to 1, not 0 to 255: little will be found", stacklevel=3)
