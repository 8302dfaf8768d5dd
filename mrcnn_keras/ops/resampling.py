"""Pictures of another size, to the last grey level as three projects make them.

A network with batch norm turns one grey level in a thousand pixels into another score: so a published checkpoint only
finds what it does in its own project if its pictures are resized bit for bit as there.
"""

import tensorflow as tf

from mrcnn_keras.ops.portability import wants_portable

# Pillow's bilinear weights are whole multiples of 2 ** -22 for pictures of 8 bits.
PILLOW_BITS = 22


def bilinear(images, size):
    """images [B, H, W, 3] -> [B, *size, 3] float32: between four pixels, as torch's F.interpolate."""
    if wants_portable():
        return by_products(images, size, widen=False)
    return tf.image.resize(images, size, method="bilinear")


def triangle(images, size):
    """images [B, H, W, 3] -> [B, *size, 3] float32: bilinear, and where a picture shrinks over all pixels."""
    if wants_portable():
        return by_products(images, size, widen=True)
    return tf.image.resize(images, size, method="bilinear", antialias=True)


def by_products(images, size, widen):
    """tf.image.resize(method="bilinear", antialias=widen) to a rounding step, by one matrix product per axis.

    images [B, H, W, C] -> [B, *size, C] float32. Other runtimes have no ScaleAndTranslate, TensorFlow's operation.
    """
    shape = tf.unstack(tf.shape(images))
    rows, columns = (_linear_weights(shape[axis], size[axis - 1], widen) for axis in (1, 2))
    lines = tf.matmul(rows, tf.reshape(tf.cast(images, tf.float32), [shape[0], shape[1], shape[2] * shape[3]]))
    lines = tf.transpose(tf.reshape(lines, [shape[0], size[0], shape[2], shape[3]]), [0, 1, 3, 2])
    return tf.transpose(tf.matmul(lines, columns, transpose_b=True), [0, 1, 3, 2])


def _linear_weights(side, count, widen):
    """Weights [count, side] float32 of an axis of `side` pixels; widen: over all pixels where it shrinks."""
    step = tf.cast(side, tf.float32) / tf.cast(count, tf.float32)
    centres = (tf.range(count, dtype=tf.float32) + 0.5) * step
    distance = tf.abs(tf.range(side, dtype=tf.float32) + 0.5 - centres[:, None])
    weights = tf.nn.relu(1.0 - distance / (tf.maximum(step, 1.0) if widen else 1.0))
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


def pillow(images, size):
    """images [B, H, W, 3] uint8 -> [B, *size, 3] float32: Pillow's Image.resize(BILINEAR), which Detectron2 takes.

    A triangle over the pixels, its weights rounded to 2 ** -22, and whole grey levels after each axis, columns first
    (Pillow 13 takes the rows first for some sizes, older ones never).
    """
    images = tf.convert_to_tensor(images)
    for axis in (2, 1):
        images = _pillow_axis(images, size[axis - 1], axis)
    return tf.cast(images, tf.float32)


def _pillow_axis(images, count, axis):
    """Resizes one axis to `count` pixels."""
    side = tf.shape(images)[axis]
    scale = tf.cast(side, tf.float64) / tf.cast(count, tf.float64)
    reach = tf.maximum(scale, 1.0)
    centres = (tf.cast(tf.range(count), tf.float64) + 0.5) * scale
    first = tf.maximum(tf.cast(centres - reach + 0.5, tf.int32), 0)
    end = tf.minimum(tf.cast(centres + reach + 0.5, tf.int32), side)
    taps = tf.cast(tf.math.ceil(reach), tf.int32) * 2 + 1
    places = first[:, None] + tf.range(taps)
    weights = tf.nn.relu(1.0 - tf.abs((tf.cast(places, tf.float64) - centres[:, None] + 0.5) / reach))
    weights = tf.where(places < end[:, None], weights, 0.0)
    weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
    weights = tf.cast(tf.floor(weights * 2.0**PILLOW_BITS + 0.5), tf.int32)
    shape = [1, 1, -1, 1] if axis == 2 else [1, -1, 1, 1]

    def add(tap, total):
        pixels = tf.gather(images, tf.minimum(places[:, tap], side - 1), axis=axis)
        return tap + 1, total + tf.cast(pixels, tf.int32) * tf.reshape(weights[:, tap], shape)

    # Half a grey level, so that cutting off the bits rounds.
    total = tf.fill(_with_side(images, count, axis), 1 << (PILLOW_BITS - 1))
    _, total = tf.while_loop(
        lambda tap, _: tap < taps,
        add,
        (0, total),
        (tf.TensorShape([]), images.shape[:1] + [None, None, images.shape[3]]),
    )
    return tf.cast(tf.clip_by_value(total // (1 << PILLOW_BITS), 0, 255), tf.uint8)


def _with_side(images, count, axis):
    shape = tf.unstack(tf.shape(images))
    shape[axis] = count
    return tf.stack(shape)


def skimage(images, size):
    """images [B, H, W, 3] uint8 -> [B, *size, 3] float32: skimage's resize cast to uint8, which Matterport takes.

    Bilinear between four pixels in float64, black beyond the edge, within the picture's own range of grey levels, and
    then cut to whole ones. (skimage.transform.resize with order=1, mode="constant", preserve_range=True,
    anti_aliasing=False.)
    """
    pixels = tf.cast(images, tf.float64)
    low, high = (reduce(pixels, axis=[1, 2, 3], keepdims=True) for reduce in (tf.reduce_min, tf.reduce_max))
    (rows, row_weights), (columns, column_weights) = (
        _two_neighbours(tf.shape(images)[axis], size[axis - 1]) for axis in (1, 2)
    )

    def add(corner, total):
        row, column = corner // 2, corner % 2
        part = tf.gather(tf.gather(pixels, rows[row], axis=1), columns[column], axis=2)
        # No number is negative; without `abs` TensorFlow would multiply the weights first.
        part = tf.abs(part * row_weights[row][:, None, None])
        return corner + 1, total + part * column_weights[column][:, None]

    # The order of products and sums decides on which side of a whole number a sum that should be one comes to lie:
    # outside a loop TensorFlow might draw common factors out of the sum.
    shape = [tf.shape(images)[0], size[0], size[1], images.shape[3]]
    _, total = tf.while_loop(lambda corner, _: corner < 4, add, (0, tf.zeros(shape, tf.float64)))
    return tf.cast(tf.floor(tf.clip_by_value(total, low, high)), tf.float32)


def _two_neighbours(side, count):
    """The pixels before and behind each of `count` positions along an axis of `side` pixels, and their weights.

    Returns [2, count] int32 and [2, count] float64; the weight of a pixel beyond the edge is 0.
    """
    step = tf.cast(side, tf.float64) / tf.cast(count, tf.float64)
    positions = (tf.cast(tf.range(count), tf.float64) + 0.5) * step - 0.5
    first = tf.floor(positions)
    before = 1.0 - (positions - first)
    index = tf.cast(tf.stack([first, first + 1.0]), tf.int32)
    inside = tf.cast((index >= 0) & (index < side), tf.float64)
    return tf.clip_by_value(index, 0, side - 1), tf.stack([before, 1.0 - before]) * inside


METHODS = {"bilinear": bilinear, "triangle": triangle, "pillow": pillow, "skimage": skimage}
