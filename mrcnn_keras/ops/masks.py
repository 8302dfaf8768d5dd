"""Masks as small maps inside boxes: cut for training, pasted into the picture for looking.

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

    masks [M, h, w] float32 in mask_boxes [M, 4]; boxes [M, 4]: what to cut; size: (height, width) cells of the answer.
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


def paste_masks(masks, boxes, height, width):
    """Full masks: masks [N, h, w] 0..1, boxes [N, 4] pixels -> [N, height, width] float32.

    Outside a box, within half a cell of its edge, values fade from half the edge's to 0; a box without area gives 0.
    """
    y1, x1, y2, x2 = tf.unstack(boxes, axis=-1)
    rows = _pixel_positions(height, y1, y2, masks.shape[1])
    columns = _pixel_positions(width, x1, x2, masks.shape[2])
    vertical = hat_weights(rows, masks.shape[1])
    horizontal = hat_weights(columns, masks.shape[2])
    return tf.matmul(tf.matmul(vertical, masks), horizontal, transpose_b=True)


def _pixel_positions(count, low, high, cells):
    pixels = tf.range(count, dtype=low.dtype) + 0.5
    side = (high - low)[:, None]
    # -1 is beyond the reach of all cells.
    return tf.where(side > 0, tf.math.divide_no_nan((pixels[None, :] - low[:, None]) * cells, side), -1.0)


PASTE = ("exact", "expanded")


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
