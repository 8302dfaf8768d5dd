"""Checks arrays that `predict` is given as inputs of the network: the network itself would not complain."""

import numpy as np

from mrcnn_keras.errors import UserError
from mrcnn_keras.pictures import refuse_shares


def checked_inputs(inputs, names):
    """The entries `names` of a dict of arrays.

    Raises UserError if one is missing or would find nothing, or things beside the pictures.
    """
    if missing := [name for name in names if name not in inputs]:
        raise UserError(f"predict got a dict without {' and '.join(missing)}; give {' and '.join(names)}")
    image, sizes = np.asarray(inputs["image"]), np.asarray(inputs["image_size"])
    refuse_shares(image, "image")
    wrong = sizes.shape != (*image.shape[:1], 2) or not ((sizes > 0) & (sizes <= image.shape[1:3])).all()
    if image.ndim == 4 and wrong:
        raise UserError(
            f"image_size is {sizes.tolist()!s:.100} for image of shape {image.shape}; give [[height, width], ...], "
            "what of each is picture and not padding"
        )
    chosen = {name: inputs[name] for name in names}
    return {name: np.asarray(value) if isinstance(value, list) else value for name, value in chosen.items()}
