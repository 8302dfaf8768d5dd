"""Bilinear samples of maps: crop_and_resize with a gradient that is exact and the same in every run, and gathers.

TensorFlow's own gradient on a CPU adds up in several threads without a lock and so loses an addition now and then; on a
GPU it adds atomically. Where the operation is missing, the same numbers come from four gathers.
"""

import tensorflow as tf

from mrcnn_keras.ops.own_graph import in_own_graph


def crop_and_resize(image, boxes, box_indices, count):
    """Bilinear samples on a grid in each box: tf.image.crop_and_resize, whose numbers these are.

    image [B, H, W, C]; boxes [M, (y1, x1, y2, x2)]: the first and the last sample of each box, in units of (side - 1)
    of the image; box_indices [M] int32, the image of each box; count: samples (rows, columns) per box. A sample
    outside the image is 0. Returns [M, *count, C] float32. Gradients reach the image, not the boxes.
    """
    boxes, count = tf.stop_gradient(boxes), tf.convert_to_tensor(count)
    if tf.config.list_physical_devices("GPU"):
        return tf.image.crop_and_resize(image, boxes, box_indices, count)
    samples = _crop(image, boxes, box_indices, count)
    sides = tf.get_static_value(count)
    samples.set_shape([boxes.shape[0], *((None, None) if sides is None else sides), image.shape[-1]])
    return samples


@in_own_graph
def _crop(image, boxes, box_indices, count):
    @tf.custom_gradient
    def crop(image):
        samples = tf.image.crop_and_resize(image, boxes, box_indices, count)
        return samples, lambda upstream: tf.cast(
            _gradient(upstream, tf.shape(image), boxes, box_indices, count), image.dtype
        )

    return crop(image)


def _gradient(upstream, shape, boxes, box_indices, count):
    """upstream [M, rows, columns, C] -> [B, H, W, C]: each sample's gradient goes to the four cells it was read from.

    The samples are a sparse matrix times the cells, so the gradient is the transposed matrix times upstream. Its rows
    are shared out among the threads, each cell's sum to one of them.
    """
    batch, height, width, channels = tf.unstack(shape)
    inside = tf.image.crop_and_resize(tf.ones([batch, height, width, 1]), boxes, box_indices, count)
    (rows, row_weights), (columns, column_weights) = (
        (tf.stack([low, high], axis=-1), tf.stack([1.0 - share, share], axis=-1))
        for low, high, share, _ in neighbours_of_crops(boxes, count, height, width)
    )
    cells = (box_indices[:, None, None] * height + rows)[:, :, None, :, None] * width + columns[:, None, :, None, :]
    weights = row_weights[:, :, None, :, None] * column_weights[:, None, :, None, :] * inside[..., None]
    samples = tf.size(inside)
    places = tf.stack([tf.repeat(tf.range(samples), 4), tf.reshape(cells, [-1])], axis=-1)
    matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=tf.cast(places, tf.int64),
        values=tf.reshape(weights, [-1]),
        dense_shape=tf.cast(tf.stack([samples, batch * height * width]), tf.int64),
    )
    transposed = tf.raw_ops.SparseMatrixTranspose(input=matrix, type=tf.float32)
    sums = tf.raw_ops.SparseMatrixMatMul(a=transposed, b=tf.reshape(upstream, [samples, channels]))
    return tf.reshape(sums, shape)


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
