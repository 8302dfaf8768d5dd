"""RoIPool and RoIWarp, which He et al. 2017 (table 2c, 2d) compare RoIAlign with: both move a box to whole cells.

RoIPool (Girshick 2015) takes the maximum of the cells of a bin, as torchvision.ops.roi_pool does; RoIWarp (Dai et al.
2016) takes bilinear samples in the bins, as RoIAlign does.
"""

import tensorflow as tf

from mrcnn_keras.ops.roi_sampling import end_to_end, pyramid_level, sample_bins

FARTHEST = 2.0**24  # cells: up to here float32 holds each whole number
VALUES_AT_ONCE = 1 << 20  # features that are compared in one step: a few megabytes


def roi_pool(features, strides, boxes, box_indices, size, *, canonical_size=224.0, level_tolerance=0.0):
    """Each bin's largest feature, of boxes on the level of a pyramid that fits them.

    Arguments and result as in ops.roi_sampling.roi_align. A box of n cells has its bin i from cell floor(i n / size) to
    before cell ceil((i + 1) n / size), so that bins overlap where n is not a multiple of size. Cells outside the map do
    not count; a bin without any is 0. The gradient goes to the first of the largest cells. Time grows with the number
    of cells in all boxes, memory with the output only.
    """
    level, first, sides = _whole_cells(features, strides, boxes, canonical_size, level_tolerance)
    flat, origin, map_sides = end_to_end(features, level, box_indices)
    number = tf.range(size)[:, None]
    low = first[:, None] + number * sides[:, None] // size
    high = first[:, None] - -(number + 1) * sides[:, None] // size
    low, high = (tf.clip_by_value(edge, 0, map_sides[:, None]) for edge in (low, high))
    spans = high - low
    width = map_sides[:, 1, None, None]
    corner = origin[:, None, None] + low[:, :, None, 0] * width + low[:, None, :, 1]
    whole = tf.shape(corner)
    bins = [corner, spans[:, :, None, 0], spans[:, None, :, 1], width]
    bins = [tf.reshape(tf.broadcast_to(part, whole), [-1, 1]) for part in bins]
    largest = _places_of_largest(tf.stop_gradient(flat), *bins)
    # One number is read for each of the output, so that TensorFlow's gradient of gather is the gradient of RoIPool.
    channels = flat.shape[-1]
    pooled = tf.gather(tf.reshape(flat, [-1]), largest * channels + tf.range(channels))
    pooled = tf.where(bins[1] * bins[2] > 0, pooled, 0)
    return tf.reshape(pooled, [-1, size, size, channels])


def roi_warp(
    features, strides, boxes, box_indices, size, *, sampling=2, reduce="mean", canonical_size=224.0, level_tolerance=0.0
):
    """RoIAlign of the whole cells that RoIPool would read; arguments and result as in ops.roi_sampling.roi_align."""
    level, first, sides = _whole_cells(features, strides, boxes, canonical_size, level_tolerance)
    cells = tf.cast(tf.concat([first, first + sides], axis=-1), boxes.dtype)
    return sample_bins(features, level, cells, box_indices, size, sampling, reduce)


def _whole_cells(features, strides, boxes, canonical_size, level_tolerance):
    """The level of each box [M], its first cell [M, (y, x)] there and how many it has [M, (down, across)], all int32.

    Its corners are rounded to the nearest cell, halves away from zero. The cell of the second corner belongs to the
    box, so that a box which ends at the map's border reaches one cell further.
    """
    boxes = tf.stop_gradient(boxes)
    level = pyramid_level(boxes, len(features), canonical_size, tolerance=level_tolerance)
    cells = boxes / tf.gather(tf.constant(strides, boxes.dtype), level)[:, None]
    cells = tf.clip_by_value(cells, -FARTHEST, FARTHEST)
    # Not floor(x + 0.5): the sum of 0.5 and the number below it is 1 in float32.
    distance = tf.abs(cells)
    below = tf.floor(distance)
    rounded = tf.sign(cells) * (below + tf.cast(distance - below >= 0.5, cells.dtype))
    first, last = tf.split(tf.cast(rounded, tf.int32), 2, axis=-1)
    return level, first, tf.maximum(last - first + 1, 1)


def _places_of_largest(flat, corner, rows, columns, width):
    """Where in flat [cells, C] the largest feature of each bin is, for each channel: [N, C] int32.

    corner: place of the bin's first cell; rows, columns: its size, 0 for an empty bin, which gets place 0; width: cells
    in a row of its map; all [N, 1]. Bins are read many at once, large ones first, so that those of a step are alike.
    """
    counts = rows * columns
    order = tf.argsort(counts[:, 0], direction="DESCENDING")
    some = tf.cast(counts > 0, tf.int32)
    # An empty bin reads one cell.
    parts = counts + 1 - some, corner * some, tf.maximum(columns, 1), width
    counts, corner, columns, width = (tf.gather(part, order) for part in parts)
    channels = flat.shape[-1]

    def read(begin, step, found):
        most = counts[begin, 0]
        chunk = slice(begin, begin + tf.maximum(VALUES_AT_ONCE // channels // most, 1))

        def place(number):
            return corner[chunk] + number // columns[chunk] * width[chunk] + number % columns[chunk]

        number = tf.range(most)
        values = tf.gather(flat, place(tf.minimum(number, counts[chunk] - 1)))
        is_largest = values == tf.reduce_max(values, axis=1, keepdims=True)
        # Where no number is the largest, since one is NaN, a cell of the bin is still found.
        first = tf.reduce_min(tf.where(is_largest, number[:, None], counts[chunk, None] - 1), axis=1)
        return chunk.stop, step + 1, found.write(step, place(first))

    # Place 0 holds nothing, since an array without any part cannot be put together.
    found = tf.TensorArray(tf.int32, 1, dynamic_size=True, infer_shape=False, element_shape=[None, channels])
    found = found.write(0, tf.zeros([0, channels], tf.int32))
    count = tf.size(order)
    *_, found = tf.while_loop(lambda begin, *_: begin < count, read, (0, 1, found), parallel_iterations=2)
    return tf.gather(found.concat(), tf.math.invert_permutation(order))
