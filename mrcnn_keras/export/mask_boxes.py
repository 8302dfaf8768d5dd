"""What the small maps of an answer are spread over, inside a graph."""

import tensorflow as tf


def with_mask_boxes(model, found):
    """found with mask_boxes [B, N, (y1, x1, y2, x2)] float32, pixels of the photograph, zeros in padding.

    found: the dict that model.answer gives; it comes back as it is where the model has no mask branch.
    """
    if "masks" not in found:
        return found
    spread = model.mask_boxes(found["boxes"])
    return {**found, "mask_boxes": tf.where(found["class_ids"][..., None] > 0, spread, 0.0)}
