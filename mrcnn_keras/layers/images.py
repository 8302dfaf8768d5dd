"""The model's first layers: where the picture lies in its padding, and pixels to what the backbone expects."""

import keras
import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops
from mrcnn_keras.resize import padding_before

# Stretching begins and ends with the means of the darkest and the brightest cell of CELL pixels per side; where they
# differ by less than LEAST_RANGE grey levels, it may be noise and is stretched as if they differed by these.
CELL, LEAST_RANGE = 4, 16.0


@keras.saving.register_keras_serializable("mrcnn_keras")
class WindowLayer(keras.layers.Layer):
    """Finds where the real part of each network picture lies.

    Args:
        place: String, one of `resize.PLACES`.
        corners: String, a key of `ops.boxes.CORNERS`.

    Call arguments:
        images: `[B, H, W, C]`.
        image_size: `[B, (height, width)]` int32, the real part of each.

    Returns:
        Dict of `[B, (y1, x1, y2, x2)]` float32, network pixels: `pixels`, the edges of the real part; `picture` and
        `network`, the real part and the whole network picture by the rule `corners`.
    """

    def __init__(self, place="end", corners="edge", **kwargs):
        super().__init__(**{"dtype": "float32", "autocast": False, **kwargs})
        self.place, self.corners = place, corners

    def compute_output_spec(self, images, image_size):
        return {name: keras.KerasTensor((image_size.shape[0], 4)) for name in ("pixels", "picture", "network")}

    def call(self, images, image_size):
        network = tf.broadcast_to(tf.shape(images)[1:3], tf.shape(image_size))
        begin = padding_before(network - image_size, self.place)
        pixels = tf.cast(tf.concat([begin, begin + image_size], axis=-1), tf.float32)
        whole = tf.cast(tf.concat([tf.zeros_like(network), network], axis=-1), tf.float32)
        picture, whole = (box_ops.encode_corners(boxes, self.corners) for boxes in (pixels, whole))
        return {"pixels": pixels, "picture": picture, "network": whole}


@keras.saving.register_keras_serializable("mrcnn_keras")
class NormalizeImages(keras.layers.Layer):
    """Subtracts the mean, divides by the deviation, and paints the padding.

    Args:
        mean_pixel: Three floats, RGB, 0 to 255.
        std_pixel: Three floats, RGB, 0 to 255.
        pad_colour: String, `"mean"`, which makes the padding 0 in the output, or `"black"`.
        stretch: Boolean, whether the grey levels of each picture are first stretched from its darkest place, which
            becomes 0, to its brightest one, which becomes 255; all channels by the same factor.

    Call arguments:
        images: `[B, H, W, 3]` RGB, 0 to 255.
        window: The real part of each, `[B, (height, width)]`, or its edges `[B, (y1, x1, y2, x2)]`.

    Returns:
        `[B, H, W, 3]`, of the type of the images.
    """

    def __init__(self, mean_pixel, std_pixel, pad_colour="mean", stretch=False, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})  # bfloat16 would round grey levels
        self.mean_pixel = tuple(mean_pixel)
        self.std_pixel = tuple(std_pixel)
        self.pad_colour = pad_colour
        self.stretch = stretch

    def compute_output_spec(self, images, window):
        return keras.KerasTensor(images.shape, images.dtype)

    def call(self, images, window):
        window = tf.cast(window, tf.int32)
        if window.shape[-1] == 2:
            window = tf.pad(window, [[0, 0], [2, 0]])
        shape = tf.shape(images)
        rows = _between(window[:, 0], window[:, 2], shape[1])
        columns = _between(window[:, 1], window[:, 3], shape[2])
        real = (rows[:, :, None] & columns[:, None, :])[..., None]
        if self.stretch:
            images = _stretched(images, real)
        mean, deviation = (tf.constant(pixel, images.dtype) for pixel in (self.mean_pixel, self.std_pixel))
        padding = tf.zeros_like(mean) if self.pad_colour == "mean" else -mean / deviation
        return tf.where(real, (images - mean) / deviation, padding)


def _stretched(images, real):
    """images [B, H, W, 3], real [B, H, W, 1] bool -> images, 0 to 255 between the extreme cells of the real part."""
    inside = tf.cast(real, images.dtype)
    sums, shares = (tf.nn.avg_pool2d(values, CELL, CELL, "SAME") for values in (images * inside, inside))
    means = tf.math.divide_no_nan(sums, shares)
    low = tf.reduce_min(tf.where(shares > 0, means, 255.0), axis=[1, 2, 3], keepdims=True)
    high = tf.reduce_max(tf.where(shares > 0, means, 0.0), axis=[1, 2, 3], keepdims=True)
    return tf.clip_by_value((images - low) * (255.0 / tf.maximum(high - low, LEAST_RANGE)), 0.0, 255.0)


def _between(low, high, count):
    """low, high [B] -> [B, count] bool: which of `count` pixels lie in low .. high."""
    pixels = tf.range(count)[None, :]
    return (pixels >= low[:, None]) & (pixels < high[:, None])
