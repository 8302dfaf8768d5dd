"""The model's first layer: pixels to what the backbone expects."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("mrcnn_keras")
class NormalizeImages(keras.layers.Layer):
    """Subtracts the mean, divides by the deviation, and sets the padding right and below to 0 (the mean colour).

    Call with images [B, H, W, 3], RGB 0..255, and image_size [B, (height, width)], the real part of each.
    """

    def __init__(self, mean_pixel, std_pixel, **kwargs):
        super().__init__(**kwargs)
        self.mean_pixel = tuple(mean_pixel)
        self.std_pixel = tuple(std_pixel)

    def call(self, images, image_size):
        normal = (images - tf.constant(self.mean_pixel, images.dtype)) / tf.constant(self.std_pixel, images.dtype)
        shape = tf.shape(images)
        real_rows = tf.range(shape[1])[None, :] < image_size[:, 0, None]
        real_columns = tf.range(shape[2])[None, :] < image_size[:, 1, None]
        real = real_rows[:, :, None] & real_columns[:, None, :]
        return tf.where(real[..., None], normal, tf.zeros_like(normal))

    def get_config(self):
        return {**super().get_config(), "mean_pixel": self.mean_pixel, "std_pixel": self.std_pixel}
