"""Where boxes enter and leave the network: from edges to the rule that boxes follow inside it, and back."""

import keras
import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops


@keras.saving.register_keras_serializable("mrcnn_keras")
class BoxCorners(keras.layers.Layer):
    """Converts edges of boxes to the rule for corners that the network follows, or back.

    Args:
        corners: String, a key of `ops.boxes.CORNERS`.
        to_edges: Boolean, whether to convert back to edges.

    Call arguments:
        boxes: `[..., (y1, x1, y2, x2)]` float32, network pixels.
        class_ids: `[...]` int32 class ids of the boxes; 0 is padding.

    Returns:
        `[..., 4]` float32, zeros for padding.
    """

    def __init__(self, corners="edge", to_edges=False, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.corners, self.to_edges = corners, to_edges

    def call(self, boxes, class_ids):
        moved = (box_ops.decode_corners if self.to_edges else box_ops.encode_corners)(boxes, self.corners)
        return tf.where(class_ids[..., None] != 0, moved, 0.0)
