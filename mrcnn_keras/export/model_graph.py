"""What every exporter is given."""

import tensorflow as tf

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN


def check_model(model, exporter):
    """Raises UserError for what is not a MaskRCNN. exporter: the name of the function that the user called."""
    if not isinstance(model, MaskRCNN):
        raise UserError(
            f"{exporter} got a {type(model).__name__}; give a MaskRCNN, such as MaskRCNN.load('mine.keras')"
        )


def with_mask_boxes(model, found):
    """found with mask_boxes [B, N, (y1, x1, y2, x2)] float32, pixels of the photograph, zeros in padding.

    found: the dict that model.answer gives; it comes back as it is where the model has no mask branch.
    """
    if "masks" not in found:
        return found
    spread = model.mask_boxes(found["boxes"])
    return {**found, "mask_boxes": tf.where(found["class_ids"][..., None] > 0, spread, 0.0)}
