"""tf.image.crop_and_resize with a gradient that is exact and the same in every run.

TensorFlow's own gradient on a CPU adds up in several threads without a lock and so loses an addition now and then; on a
GPU it adds atomically. Where the operation is missing, the same numbers come from four gathers.
"""

import tensorflow as tf

from mrcnn_keras.ops.portability import wants_portable


def crop_and_resize(image, boxes, box_indices, count):
    """Bilinear samples on a grid in each box: tf.image.crop_and_resize, whose numbers these are.

    image [B, H, W, C]; boxes [M, (y1, x1, y2, x2)]: the first and the last sample of each box, in units of (side - 1)
    of the image; box_indices [M] int32, the image of each box; count: samples (rows, columns) of a box. A sample
    outside the image is 0. Returns [M, *count, C] float32. Gradients reach the image, not the boxes.
    """
    if wants_portable():
        return crop_and_resize_by_gather(image, boxes, box_indices, count)
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


def crop_and_resize_by_gather(image, boxes, box_indices, count):
    """crop_and_resize without the operation of that name: the same to a rounding step of float32."""
    batch, height, width = tf.unstack(tf.shape(image)[:3])
    rows, row_weights, row_inside = _neighbours(boxes[:, 0], boxes[:, 2], count[0], height)
    columns, column_weights, column_inside = _neighbours(boxes[:, 1], boxes[:, 3], count[1], width)
    rows = (box_indices[:, None, None] * height + rows) * width
    cells = tf.reshape(tf.cast(image, tf.float32), [batch * height * width, image.shape[3]])

    def line(row):
        """The samples on the upper (0) or lower (1) of the rows of cells around each sample."""
        left, right = (tf.gather(cells, rows[:, :, None, row] + columns[:, None, :, side]) for side in (0, 1))
        return left + (right - left) * column_weights[:, None, :, 1, None]

    upper, lower = line(0), line(1)
    samples = upper + (lower - upper) * row_weights[:, :, None, 1, None]
    inside = row_inside[:, :, None] & column_inside[:, None, :]
    return tf.where(inside[..., None], samples, 0.0)


def _gradient(upstream, shape, boxes, box_indices, count):
    """upstream [M, rows, columns, C] -> [B, H, W, C]: each sample's gradient goes to the four cells it was read from.

    The samples are a sparse matrix times the cells, so the gradient is the transposed matrix times upstream. Its rows
    are shared out among the threads, each cell's sum to one of them.
    """
    batch, height, width, channels = tf.unstack(shape)
    inside = tf.image.crop_and_resize(tf.ones([batch, height, width, 1]), boxes, box_indices, count)
    rows, row_weights, _ = _neighbours(boxes[:, 0], boxes[:, 2], count[0], height)
    columns, column_weights, _ = _neighbours(boxes[:, 1], boxes[:, 3], count[1], width)
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
    """The cells along one axis around each sample, from the `first` [M] to the `last` [M] of a box.

    Returns the two cells [M, count, 2] int32, their weights [M, count, 2], and whether the sample is inside [M, count].
    """
    end = tf.cast(side - 1, first.dtype)
    steps = tf.cast(tf.maximum(count - 1, 1), first.dtype)
    start = tf.where(count > 1, first, 0.5 * (first + last))
    places = (start * end)[:, None] + ((last - first) * end / steps)[:, None] * tf.range(count, dtype=first.dtype)
    inside = (places >= 0.0) & (places <= end)
    places = tf.clip_by_value(places, 0.0, end)
    low = tf.floor(places)
    share = places - low
    cells = tf.cast(tf.stack([low, tf.minimum(low + 1.0, end)], axis=-1), tf.int32)
    return cells, tf.stack([1.0 - share, share], axis=-1), inside
