"""RoIAlign written out in loops, in float64. Index i of a map is the value at i + 0.5 cells: the centre of cell i."""

import math

import numpy as np
import tensorflow as tf

from mrcnn_keras.ops.roi_sampling import roi_align


def reference(features, strides, boxes, box_indices, size, sampling=2, aligned=True, reduce="mean", canonical=224):
    """[M, size, size, C] float64; sampling 0: as many samples as a bin has cells, rounded up, at least 1."""
    pooled = np.zeros((len(boxes), size, size, features[0].shape[-1]))
    for row, (box, image) in enumerate(zip(np.asarray(boxes, np.float64), box_indices, strict=True)):
        area = max(box[2] - box[0], 0) * max(box[3] - box[1], 0)
        level = math.floor(2 + math.log2(math.sqrt(area) / canonical)) if area else 0
        level = min(max(level, 0), len(features) - 1)
        y1, x1, y2, x2 = box / strides[level]
        height, width = (y2 - y1, x2 - x1) if aligned else (max(y2 - y1, 1), max(x2 - x1, 1))
        down, across = (sampling or max(math.ceil(side / size), 1) for side in (height, width))
        shift = 0.5 if aligned else 0.0
        for i in range(size):
            for j in range(size):
                samples = [
                    bilinear(
                        np.asarray(features[level][image], np.float64),
                        y1 + (i + (a + 0.5) / down) * height / size - shift,
                        x1 + (j + (b + 0.5) / across) * width / size - shift,
                    )
                    for a in range(down)
                    for b in range(across)
                ]
                pooled[row, i, j] = np.mean(samples, axis=0) if reduce == "mean" else np.max(samples, axis=0)
    return pooled


def bilinear(feature, y, x):
    """The value at index (y, x), fractions between cells; 0 more than one cell outside, else the edge's."""
    height, width, channels = feature.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return np.zeros(channels)
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = math.floor(y), math.floor(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = feature[top, left] * (left + 1 - x) + feature[top, right] * (x - left)
    lower = feature[bottom, left] * (left + 1 - x) + feature[bottom, right] * (x - left)
    return upper * (top + 1 - y) + lower * (y - top)


def random_maps(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def pool(features, strides, boxes, box_indices, size, function=roi_align, **options):
    """The package's result for the same lists of numbers."""
    boxes = tf.reshape(tf.constant(boxes, tf.float32), [-1, 4])
    box_indices = tf.constant(box_indices, tf.int32)
    return function([tf.constant(f) for f in features], strides, boxes, box_indices, size, **options).numpy()
