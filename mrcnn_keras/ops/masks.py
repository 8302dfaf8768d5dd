"""Masks as small maps inside boxes: cut for training, pasted into the picture to be drawn.

A map of k cells over a box of side s has its cell i centred at (i + 0.5) * s / k. Between centres the value is
interpolated linearly, outside it fades to 0: the rule of Detectron2's paste (grid_sample at pixel centres).
"""

import tensorflow as tf


def hat_weights(positions, cells):
    """Linear interpolation as a matrix: positions [..., P] in cells, cells: int -> weights [..., P, cells]."""
    centres = tf.range(cells, dtype=positions.dtype) + 0.5
    return tf.nn.relu(1.0 - tf.abs(positions[..., None] - centres))


def crop_masks(masks, mask_boxes, boxes, size):
    """Parts of masks that lie in other boxes, on a grid.

    masks [M, h, w] float32 in mask_boxes [M, 4]; boxes [M, 4]: what to cut; size: (height, width) cells of the output.
    Returns [M, height, width] float32, sampled at the cells' centres.
    """
    y1, x1, y2, x2 = tf.unstack(mask_boxes, axis=-1)
    rows = _positions(boxes[:, 0], boxes[:, 2], size[0], y1, y2, masks.shape[1])
    columns = _positions(boxes[:, 1], boxes[:, 3], size[1], x1, x2, masks.shape[2])
    vertical = hat_weights(rows, masks.shape[1])
    horizontal = hat_weights(columns, masks.shape[2])
    return tf.matmul(tf.matmul(vertical, masks), horizontal, transpose_b=True)


def _positions(low, high, count, mask_low, mask_high, cells):
    """Centres of `count` cells between low and high, in cells of a mask that spans mask_low .. mask_high."""
    steps = (tf.range(count, dtype=low.dtype) + 0.5) / count
    pixels = low[:, None] + (high - low)[:, None] * steps
    side = (mask_high - mask_low)[:, None]
    return tf.math.divide_no_nan((pixels - mask_low[:, None]) * cells, side)


def paste_mask(mask, box, size):
    """A map in the pixels of its box: the TensorFlow counterpart of detections.paste_mask.

    mask [h, w] float32 0..1; box [(y1, x1, y2, x2)] float32 pixels; size: (height, width) int32 of the picture. Returns
    the values [rows, columns] float32 of the pixels whose centre lies in the box, and where these are, two pairs
    (first, end) of rows and of columns. A box without area has no pixels.
    """
    vertical, rows = _pixel_weights(box[0], box[2], size[0], mask.shape[0])
    horizontal, columns = _pixel_weights(box[1], box[3], size[1], mask.shape[1])
    return tf.matmul(tf.matmul(vertical, mask), horizontal, transpose_b=True), rows, columns


def _pixel_weights(low, high, limit, cells):
    """Weights [pixels, cells] of the pixels whose centre lies from low to high, and (first, end) of them."""
    first = tf.clip_by_value(tf.cast(tf.math.ceil(low - 0.5), tf.int32), 0, limit)
    end = tf.clip_by_value(tf.cast(tf.math.floor(high + 0.5), tf.int32), first, limit)
    end = tf.where(high > low, end, first)
    pixels = tf.cast(tf.range(first, end), tf.float32) + 0.5
    return hat_weights((pixels - low) * float(cells) / tf.maximum(high - low, 1e-6), cells), (first, end)


def paste_boxes(boxes, cells, rule):
    """The boxes that maps of `cells` x `cells` are spread over. boxes [..., (y1, x1, y2, x2)] float32 pixels.

    "exact": the boxes themselves (Detectron2). "expanded": torchvision's rule, by which the map with a border of one
    empty cell fills the box made larger by the same share and cut to whole pixels, from its first to its last pixel.
    """
    if rule == "exact":
        return boxes
    scale = (cells + 2) / cells
    low, high = tf.split(boxes, 2, axis=-1)
    centre, half = (high + low) * 0.5, (high - low) * 0.5 * scale
    first, last = (
        tf.cast(tf.cast(centre - half, tf.int32), tf.float32),
        tf.cast(tf.cast(centre + half, tf.int32), tf.float32),
    )
    side = tf.maximum(last - first + 1, 1.0)
    border = side / (cells + 2)
    return tf.concat([first + border, first + side - border], axis=-1)
