"""Anchors: the boxes that the region proposal network starts from."""

import numpy as np
import tensorflow as tf


def cell_anchors(scales, ratios, rounded=False):
    """Anchors of one cell, around the origin, ordered by scale, ratio.

    scales: sides in pixels of squares with the anchors' areas. ratios: height / width. rounded: half sides are
    rounded to whole pixels, as torchvision's models have them. Returns [scales * ratios, (y1, x1, y2, x2)] float32.
    """
    scales, roots = np.reshape(scales, [-1, 1]), np.sqrt(np.asarray(ratios, np.float64))
    heights, widths = np.ravel(scales * roots), np.ravel(scales / roots)
    anchors = np.stack([-heights, -widths, heights, widths], axis=-1) / 2
    return (np.round(anchors) if rounded else anchors).astype(np.float32)


def grid_anchors(feature_size, stride, cells):
    """Anchors of a feature map, ordered by row, column, cell anchor.

    feature_size: [(height, width)] of the map. stride: [(sy, sx)] pixels per cell. cells: [K, 4] from cell_anchors.
    The cell in row i is centred at i * stride: with centred padding a convolution of stride s is centred there
    (torchvision and Detectron2 do the same). Returns [height * width * K, 4] float32.
    """
    sides, steps = tf.unstack(tf.convert_to_tensor(feature_size)), tf.unstack(tf.cast(stride, tf.float32))
    ys, xs = (tf.cast(tf.range(side), tf.float32) * step for side, step in zip(sides, steps, strict=True))
    centres = tf.reshape(ys, [-1, 1, 1, 1]) * [1.0, 0.0, 1.0, 0.0] + tf.reshape(xs, [-1, 1, 1]) * [0.0, 1.0, 0.0, 1.0]
    return tf.reshape(centres + cells, [-1, 4])
