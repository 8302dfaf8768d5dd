"""From a photograph to the network's picture and back, as tensors: the counterpart of resize.py inside a SavedModel."""

import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops
from mrcnn_keras.ops import resampling
from mrcnn_keras.resize import sizes_in_network


def plan_resize(height, width, **plan):
    """resize.plan_resize in a graph: height, width: int32 scalars; plan: of resize.sizes_in_network.

    Returns three int32 tensors of two: the sizes (height, width) of the resized and of the padded network picture, and
    (top, left), the place of the one in the other.
    """
    parts = sizes_in_network(tf, tf.cast(tf.stack([height, width]), tf.float64), **plan)
    return tuple(tf.cast(part, tf.int32) for part in parts)


def resize_images(images, resized, network, offset, method="triangle"):
    """images [B, H, W, 3] uint8 or float -> [B, network height, network width, 3] float32, zeros around.

    resized, network, offset: from plan_resize. method: a key of resampling.METHODS.
    """
    images = resampling.METHODS[method](images, resized)
    after = network - resized - offset
    return tf.pad(images, [[0, 0], [offset[0], after[0]], [offset[1], after[1]], [0, 0]])


def boxes_to_network(boxes, size, resized, offset):
    """Edges of boxes [B, N, 4] in pixels of the photograph -> in network pixels; nothing is clipped.

    size, resized: (height, width) int32 of the photograph and of it in the network's picture; offset: its place there.
    Boxes without area get none.
    """
    scale = tf.cast(resized, tf.float32) / tf.cast(size, tf.float32)
    return boxes * tf.tile(scale, [2]) + tf.cast(tf.tile(offset, [2]), tf.float32)


def boxes_to_photograph(boxes, size, resized, offset, *, corners="edge", whole_pixels=False):
    """Edges of boxes [B, N, 4] in network pixels -> in pixels of the photograph, inside it.

    size, resized: (height, width) int32 of the photograph and of it in the network's picture; offset: its place
    there; corners: see ops.boxes.CORNERS ("pixel" maps first to first and last to last pixel); whole_pixels: rounded,
    halves to the even number.
    """
    boxes = box_ops.encode_corners(boxes - tf.cast(tf.tile(offset, [2]), tf.float32), corners)
    last = box_ops.CORNERS[corners][2]
    sides = [tf.maximum(tf.cast(side, tf.float32) - last, 1.0) for side in (size, resized)]
    boxes = box_ops.decode_corners(boxes * tf.tile(sides[0] / sides[1], [2]), corners)
    return box_ops.clip(tf.round(boxes) if whole_pixels else boxes, size[None])


def keypoints_to_photograph(keypoints, size, resized, offset, *, corners="edge"):
    """Keypoints [..., (y, x, score)] in network pixels -> in pixels of the photograph; the rest as for boxes."""
    points, scores = tf.split(keypoints, [2, 1], axis=-1)
    last = box_ops.CORNERS[corners][2]
    sides = [tf.maximum(tf.cast(side, tf.float32) - last, 1.0) for side in (size, resized)]
    # By the rule "pixel" the first pixel's centre comes to the first pixel's centre, and the last to the last.
    points = (points - tf.cast(offset, tf.float32) - last / 2) * (sides[0] / sides[1]) + last / 2
    return tf.concat([points, scores], axis=-1)
