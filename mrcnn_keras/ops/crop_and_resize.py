"""tf.image.crop_and_resize with a gradient that is exact and the same in every run.

TensorFlow's own gradient on a CPU adds up in several threads without a lock and so loses an addition now and then; on a
GPU it adds atomically.
"""

import tensorflow as tf


def crop_and_resize(image, boxes, box_indices, count):
    """Bilinear samples on a grid in each box: tf.image.crop_and_resize, whose numbers these are.

    image [B, H, W, C]; boxes [M, (y1, x1, y2, x2)]: the first and the last sample of each box, in units of (side - 1)
    of the image; box_indices [M] int32, the image of each box; count: samples (rows, columns) of a box. A sample
    outside the image is 0. Returns [M, *count, C] float32. Gradients reach the image, not the boxes.
    """
    boxes, count = tf.stop_gradient(boxes), tf.convert_to_tensor(count)
    if tf.config.list_physical_devices("GPU"):
        return tf.image.crop_and_resize(image, boxes, box_indices, count)

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
    rows, row_weights = _neighbours(boxes[:, 0], boxes[:, 2], count[0], height)
    columns, column_weights = _neighbours(boxes[:, 1], boxes[:, 3], count[1], width)
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


def _neighbours(first, last, count, side):
    """first, last [M] -> the two cells along one axis around each sample [M, count, 2], and their weights."""
    end = tf.cast(side - 1, first.dtype)
    steps = tf.cast(tf.maximum(count - 1, 1), first.dtype)
    start = tf.where(count > 1, first, 0.5 * (first + last))
    places = (start * end)[:, None] + ((last - first) * end / steps)[:, None] * tf.range(count, dtype=first.dtype)
    places = tf.clip_by_value(places, 0.0, end)
    low = tf.floor(places)
    share = places - low
    cells = tf.cast(tf.stack([low, tf.minimum(low + 1.0, end)], axis=-1), tf.int32)
    return cells, tf.stack([1.0 - share, share], axis=-1)
