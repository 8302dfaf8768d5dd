"""Boxes: area, overlap, deltas."""

import math

import tensorflow as tf

# exp of a size delta is bounded as Detectron does: a 16 pixel anchor grows to at most 1000 pixels.
MAX_LOG_SIZE = math.log(1000.0 / 16)


def area(boxes):
    """[..., (y1, x1, y2, x2)] -> [...] height times width, 0 for a box whose corners are swapped."""
    y1, x1, y2, x2 = tf.unstack(boxes, axis=-1)
    return tf.maximum(y2 - y1, 0.0) * tf.maximum(x2 - x1, 0.0)


def intersection(boxes, others):
    """boxes [..., N, 4], others [..., M, 4] -> [..., N, M] area that each pair shares."""
    y1, x1, y2, x2 = tf.split(boxes, 4, axis=-1)
    oy1, ox1, oy2, ox2 = (tf.linalg.matrix_transpose(part) for part in tf.split(others, 4, axis=-1))
    height = tf.maximum(tf.minimum(y2, oy2) - tf.maximum(y1, oy1), 0.0)
    width = tf.maximum(tf.minimum(x2, ox2) - tf.maximum(x1, ox1), 0.0)
    return height * width


def iou(boxes, others):
    """boxes [..., N, 4], others [..., M, 4] -> [..., N, M] intersection over union; 0 for empty boxes."""
    shared = intersection(boxes, others)
    union = tf.expand_dims(area(boxes), -1) + tf.expand_dims(area(others), -2) - shared
    return tf.math.divide_no_nan(shared, union)


def covered_share(boxes, regions):
    """boxes [..., N, 4], regions [..., M, 4] -> [..., N, M] share of each box that lies in each region."""
    return tf.math.divide_no_nan(intersection(boxes, regions), area(boxes)[..., :, None])


def clip(boxes, windows):
    """Moves corners into a window. boxes [..., N, 4] -> [..., N, 4].

    windows: [..., (y1, x1, y2, x2)], or [..., (height, width)] of one that begins at (0, 0).
    """
    windows = tf.cast(windows, boxes.dtype)[..., None, :]
    if windows.shape[-1] == 2:
        return tf.clip_by_value(boxes, 0.0, tf.concat([windows, windows], axis=-1))
    low, high = tf.split(windows, 2, axis=-1)
    return tf.clip_by_value(boxes, tf.concat([low, low], axis=-1), tf.concat([high, high], axis=-1))


# What is taken from the edges (y1, x1, y2, x2) of a box. "edge": nothing. "pixel": the second corner is the index of
# the last pixel, not the edge behind it (Matterport's norm_boxes), so that boxes are one pixel shorter.
CORNERS = {"edge": (0.0, 0.0, 0.0, 0.0), "pixel": (0.0, 0.0, 1.0, 1.0)}


def encode_corners(boxes, corners):
    """[..., (y1, x1, y2, x2)] edges -> the same boxes by the rule `corners`, a key of CORNERS."""
    return boxes - tf.constant(CORNERS[corners], boxes.dtype)


def decode_corners(boxes, corners):
    """The opposite of encode_corners."""
    return boxes + tf.constant(CORNERS[corners], boxes.dtype)


def encode(boxes, references, std_dev):
    """Deltas that turn references into boxes (Girshick et al. 2014, appendix C).

    boxes, references: [..., (y1, x1, y2, x2)]; references have an area. std_dev: four numbers that the deltas are
    divided by. Returns [..., (dy, dx, log dh, log dw)]; zeros where the box has no area.
    """
    height, width, cy, cx = _centre_form(references)
    box_height, box_width, box_cy, box_cx = _centre_form(boxes)
    real = (box_height > 0) & (box_width > 0) & (height > 0) & (width > 0)
    height, width = tf.where(real, height, 1.0), tf.where(real, width, 1.0)
    box_height, box_width = tf.where(real, box_height, 1.0), tf.where(real, box_width, 1.0)
    deltas = tf.stack(
        [
            (box_cy - cy) / height,
            (box_cx - cx) / width,
            tf.math.log(box_height / height),
            tf.math.log(box_width / width),
        ],
        axis=-1,
    )
    return tf.where(real[..., None], deltas / tf.constant(std_dev, deltas.dtype), 0.0)


def decode(deltas, references, std_dev):
    """The opposite of encode: [..., (dy, dx, log dh, log dw)] of references [..., 4] -> boxes [..., 4].

    Sizes grow at most by exp(MAX_LOG_SIZE).
    """
    deltas = deltas * tf.constant(std_dev, deltas.dtype)
    height, width, cy, cx = _centre_form(references)
    dy, dx, dh, dw = tf.unstack(deltas, axis=-1)
    cy = cy + dy * height
    cx = cx + dx * width
    half_height = 0.5 * height * tf.exp(tf.minimum(dh, MAX_LOG_SIZE))
    half_width = 0.5 * width * tf.exp(tf.minimum(dw, MAX_LOG_SIZE))
    return tf.stack([cy - half_height, cx - half_width, cy + half_height, cx + half_width], axis=-1)


def _centre_form(boxes):
    y1, x1, y2, x2 = tf.unstack(boxes, axis=-1)
    height, width = y2 - y1, x2 - x1
    return height, width, y1 + 0.5 * height, x1 + 0.5 * width
