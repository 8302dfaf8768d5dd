"""The heads that look at RoI features: class and box, and mask."""

import keras
import tensorflow as tf

from mrcnn_keras.norm import apply_norm, norm


@keras.saving.register_keras_serializable("mrcnn_keras")
class BoxHead(keras.layers.Layer):
    """Two fully connected layers, then a class and a box a class (Lin et al. 2017).

    Call with RoI features [B, R, S, S, C]; returns class logits [B, R, classes] and deltas [B, R, classes, 4].
    """

    def __init__(self, classes, units=1024, **kwargs):
        super().__init__(**kwargs)
        self.classes, self.units = classes, units
        self.fc1 = keras.layers.Dense(units, kernel_initializer="he_normal", name="fc1")
        self.fc2 = keras.layers.Dense(units, kernel_initializer="he_normal", name="fc2")
        self.class_logits = keras.layers.Dense(
            classes,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            dtype="float32",
            name="class_logits",
        )
        self.deltas = keras.layers.Dense(
            4 * classes,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
            dtype="float32",
            name="deltas",
        )

    def build(self, shape):
        self.fc1.build((None, shape[2] * shape[3] * shape[4]))
        for layer in (self.fc2, self.class_logits, self.deltas):
            layer.build((None, self.units))
        self.built = True

    def call(self, pooled):
        batch, count = tf.shape(pooled)[0], pooled.shape[1]
        x = tf.reshape(pooled, [-1, pooled.shape[2] * pooled.shape[3] * pooled.shape[4]])
        x = tf.nn.relu(self.fc2(tf.nn.relu(self.fc1(x))))
        logits = tf.reshape(self.class_logits(x), [batch, count, self.classes])
        deltas = tf.reshape(self.deltas(x), [batch, count, self.classes, 4])
        return logits, deltas

    def get_config(self):
        return {**super().get_config(), "classes": self.classes, "units": self.units}


@keras.saving.register_keras_serializable("mrcnn_keras")
class MaskHead(keras.layers.Layer):
    """A small fully convolutional network: 3x3 convolutions, a 2x2 deconvolution, one map a class (figure 4, right).

    Call with RoI features [M, S, S, C]; returns logits [M, 2 S, 2 S, classes] float32. M may be 0.
    """

    def __init__(self, classes, convs=4, channels=256, norm_kind="none", **kwargs):
        super().__init__(**kwargs)
        self.classes, self.channels, self.norm_kind = classes, channels, norm_kind
        self.convs = [
            keras.layers.Conv2D(channels, 3, padding="same", kernel_initializer="he_normal", name=f"conv{i + 1}")
            for i in range(convs)
        ]
        self.norms = [norm(norm_kind, channels, f"norm{i + 1}") for i in range(convs)]
        self.deconv = keras.layers.Conv2DTranspose(channels, 2, 2, kernel_initializer="he_normal", name="deconv")
        # normal 0.01: all maps start near 0.5, whatever the size of the features
        self.logits = keras.layers.Conv2D(
            classes,
            1,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            dtype="float32",
            name="logits",
        )

    def build(self, shape):
        channels = shape[-1]
        for conv, normalisation in zip(self.convs, self.norms, strict=True):
            conv.build((None, None, None, channels))
            channels = self.channels
            if normalisation is not None:
                normalisation.build((None, None, None, channels))
        self.deconv.build((None, None, None, channels))
        self.logits.build((None, None, None, self.channels))
        self.built = True

    def call(self, pooled):
        x, count = pooled, pooled.shape[0]
        if not count:
            # To an empty batch oneDNN's convolutions (TensorFlow on CPUs) answer with the shape of their input, which
            # no bias fits: no RoIs become one RoI of zeros, and its logits are cut off again.
            count = tf.shape(pooled)[0]
            missing = tf.cast(count == 0, tf.int32)
            x = tf.concat([pooled, tf.zeros([missing, *pooled.shape[1:]], pooled.dtype)], axis=0)
        for conv, normalisation in zip(self.convs, self.norms, strict=True):
            x = tf.nn.relu(apply_norm(normalisation, conv(x)))
        return self.logits(tf.nn.relu(self.deconv(x)))[:count]

    def get_config(self):
        own = {
            "classes": self.classes,
            "convs": len(self.convs),
            "channels": self.channels,
            "norm_kind": self.norm_kind,
        }
        return {**super().get_config(), **own}
