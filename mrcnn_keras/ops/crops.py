"""Bilinear samples of maps: crop_and_resize with a gradient that is exact and the same in every run, and gathers.

TensorFlow's own gradient on a CPU adds up in several threads without a lock and so loses an addition now and then; on a
GPU it adds atomically. Where the operation is missing, the same numbers come from four gathers.
"""

import functools

import tensorflow as tf

from mrcnn_keras.ops.own_graph import in_own_graph


def crop_and_resize(image, boxes, box_indices, count, *, border=0, pool=1):
    """Bilinear samples on a grid in each box: tf.image.crop_and_resize, whose numbers these are.

    image [B, H, W, C]; boxes [M, (y1, x1, y2, x2)]: the first and the last sample of each box, in units of (side - 1)
    of the image; box_indices [M] int32, the image of each box; count: samples (rows, columns) per box; border: 0, or 1:
    the image gets a row or column more on each side, which repeats its edge; pool: samples per axis whose mean is
    returned. A sample outside the image and its border is 0. Returns [M, rows / pool, columns / pool, C] float32.
    Gradients reach the image, not the boxes.
    """
    boxes, count = tf.stop_gradient(boxes), tf.convert_to_tensor(count)
    read = functools.partial(_read, border, pool) if tf.config.list_physical_devices("GPU") else _reader(border, pool)
    samples = read(image, boxes, box_indices, count)
    sides = tf.get_static_value(count)
    samples.set_shape([boxes.shape[0], *((None, None) if sides is None else sides // pool), image.shape[-1]])
    return samples


def _read(border, pool, image, boxes, box_indices, count):
    if border:
        image = tf.pad(image, [[0, 0], [border, border], [border, border], [0, 0]], mode="SYMMETRIC")
    samples = tf.image.crop_and_resize(image, boxes, box_indices, count)
    # Pooling a map of samples: the same numbers as a mean over axes of their own, at a fraction of the time.
    return samples if pool == 1 else tf.nn.avg_pool2d(samples, pool, pool, "VALID")


@functools.cache
def _reader(border, pool):
    """_read with the gradient of this file."""

    @in_own_graph
    def read(image, boxes, box_indices, count):
        @tf.custom_gradient
        def of_image(image):
            samples = _read(border, pool, image, boxes, box_indices, count)
            return samples, lambda upstream: tf.cast(
                _gradient(upstream, tf.shape(image), boxes, box_indices, count, border, pool), image.dtype
            )

        return of_image(image)

    return read


def _gradient(upstream, shape, boxes, box_indices, count, border, pool):
    """upstream [M, rows / pool, columns / pool, C] -> [B, H, W, C]: it goes to the cells that were read, by weight.

    What was read is a sparse matrix times the cells, so the gradient is the transposed matrix times upstream. Its rows
    are shared out among the threads, each cell's sum to one of them. What was read from the border goes to the edge.
    """
    batch, height, width, channels = tf.unstack(shape)
    outer, bins = (height + 2 * border, width + 2 * border), count // pool
    number = tf.shape(boxes)[0]
    inside = tf.image.crop_and_resize(tf.ones([batch, *outer, 1]), boxes, box_indices, count)
    inside = tf.transpose(tf.reshape(inside, [number, bins[0], pool, bins[1], pool]), [0, 1, 3, 2, 4])

    def of_bins(axis, low, high):
        """Values of the cells before and behind each sample along an axis, all of a bin together."""
        return tf.reshape(tf.stack([low, high], axis=-1), [number, bins[axis], 2 * pool])

    cells, weights = [], []
    for axis, (low, high, share, _) in enumerate(neighbours_of_crops(boxes, count, *outer)):
        cells.append(tf.clip_by_value(of_bins(axis, low, high) - border, 0, shape[1 + axis] - 1))
        weights.append(of_bins(axis, 1.0 - share, share) / pool)
    (rows, columns), (row_weights, column_weights) = cells, weights
    cells = (box_indices[:, None, None] * height + rows)[:, :, None, :, None] * width + columns[:, None, :, None, :]
    weights = row_weights[:, :, None, :, None] * column_weights[:, None, :, None, :]
    twice = [cell // 2 for cell in range(2 * pool)]
    weights *= tf.gather(tf.gather(inside, twice, axis=3), twice, axis=4)
    results = number * bins[0] * bins[1]
    places = tf.stack([repeated_range(results, 4 * pool**2), tf.reshape(cells, [-1])], axis=-1)
    matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=tf.cast(places, tf.int64),
        values=tf.reshape(weights, [-1]),
        dense_shape=tf.cast(tf.stack([results, batch * height * width]), tf.int64),
    )
    transposed = tf.raw_ops.SparseMatrixTranspose(input=matrix, type=tf.float32)
    sums = tf.raw_ops.SparseMatrixMatMul(a=transposed, b=tf.reshape(upstream, [results, channels]))
    return tf.reshape(sums, shape)


def repeated_range(count, times):
    """-> [count * times] int32: each of 0 .. count - 1 `times` times. (tf.repeat would be 30 operations.)"""
    return tf.reshape(tf.tile(tf.expand_dims(tf.range(count), 1), [1, times]), [-1])


def gather_samples(cells, first, width, rows, columns):
    """Bilinear samples from four gathers, without crop_and_resize; of static shape where M is.

    cells [N, C]: maps laid end to end; first [M] and width [M, 1]: the place of the first cell of each box's map, and
    the cells in a row of it; rows, columns: `neighbours` of the samples along y and x. Returns [M, rows, columns, C].
    """
    (top, bottom, down, in_rows), (left, right, across, in_columns) = rows, columns

    def line(row):
        """The samples on the rows of cells above or below each sample."""
        begin = (first[:, None] + row * width)[:, :, None]
        near, far = (tf.gather(cells, begin + column[:, None, :]) for column in (left, right))
        return near + (far - near) * across[:, None, :, None]

    upper, lower = line(top), line(bottom)
    samples = upper + (lower - upper) * down[:, :, None, None]
    return tf.where(in_rows[:, :, None, None] & in_columns[:, None, :, None], samples, 0.0)


def neighbours(places, side, reach=0.0):
    """The cells around each sample along one axis of a map.

    places [M, P]: of the samples, in cells from the centre of the first; side: cells of the axis, int32, a scalar or
    [M, 1]. Returns [M, P] each: the cells before and behind it, int32, the weight of the second, and whether the sample
    counts: it does up to `reach` cells outside, as the edge's.
    """
    end = tf.cast(side - 1, places.dtype)
    inside = (places >= -reach) & (places <= end + reach)
    places = tf.clip_by_value(places, 0.0, end)
    low = tf.floor(places)
    return tf.cast(low, tf.int32), tf.cast(tf.minimum(low + 1.0, end), tf.int32), places - low, inside


def neighbours_of_crops(boxes, count, *sides):
    """The `neighbours` of crop_and_resize's samples along y and along x. sides: cells of these axes."""
    found, corners = [], tf.split(boxes, 4, axis=1)  # not boxes[:, 0, None]: see the test
    for axis, side in enumerate(sides):
        first, last, end = corners[axis], corners[axis + 2], tf.cast(side - 1, boxes.dtype)
        steps = tf.cast(tf.maximum(count[axis] - 1, 1), boxes.dtype)
        start = tf.where(count[axis] > 1, first, 0.5 * (first + last))
        places = start * end + (last - first) * end / steps * tf.range(count[axis], dtype=boxes.dtype)
        found.append(neighbours(places, side))
    return found
