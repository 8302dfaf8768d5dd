"""The heads that read RoI features: class and box, and mask."""

import math

import keras
import tensorflow as tf

from mrcnn_keras.layers.convs import build_convs, make_convs, run_convs
from mrcnn_keras.layers.initializers import HeNormalInPieces
from mrcnn_keras.ops.rois import at_least_one


@keras.saving.register_keras_serializable("mrcnn_keras")
class BoxHead(keras.layers.Layer):
    """Predicts a class, and a box per class, from RoI features (Lin et al. 2017).

    Args:
        classes: Integer C, with the background.
        units: Integer, units of each fully connected layer.
        fcs: Integer, fully connected layers, which use all cells. With 0 the mean of all cells is used (the head after
            res5).
        convs: Integer, 3x3 convolutions before them, as in heads trained from scratch ("4conv1fc", Wu and He 2018).
        channels: Integer, channels of the convolutions.
        norm_kind: String, the normalisation of the convolutions, see `make_norm`.

    Call arguments:
        pooled: `[B, R, S, S, channels]` RoI features.

    Returns:
        Class logits `[B, R, C]` and deltas `[B, R, C, (dy, dx, log dh, log dw)]`, float32.
    """

    def __init__(self, classes, units=1024, fcs=2, convs=0, channels=256, norm_kind="none", **kwargs):
        super().__init__(**kwargs)
        self.classes, self.units, self.channels = classes, units, channels
        self.convs, self.norms = make_convs(convs, channels, norm_kind)
        self.fcs = [
            keras.layers.Dense(units, kernel_initializer=HeNormalInPieces(), name=f"fc{i + 1}") for i in range(fcs)
        ]
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
        channels = build_convs(self.convs, self.norms, shape[-1], self.channels)
        units = shape[2] * shape[3] * channels if self.fcs else channels
        for layer in self.fcs:
            layer.build((None, units))
            units = self.units
        for layer in (self.class_logits, self.deltas):
            layer.build((None, units))
        self.built = True

    def compute_output_spec(self, pooled):
        of_class = *pooled.shape[:2], self.classes
        return keras.KerasTensor(of_class), keras.KerasTensor((*of_class, 4))

    def call(self, pooled):
        batch, count = tf.shape(pooled)[0], pooled.shape[1]
        x, rois = at_least_one(tf.reshape(pooled, [-1, *pooled.shape[2:]]))
        x = run_convs(self.convs, self.norms, x)[:rois]
        x = tf.reshape(x, [-1, math.prod(x.shape[1:])]) if self.fcs else tf.reduce_mean(x, axis=[1, 2])
        for layer in self.fcs:
            x = tf.nn.relu(layer(x))
        logits = tf.reshape(self.class_logits(x), [batch, count, self.classes])
        deltas = tf.reshape(self.deltas(x), [batch, count, self.classes, 4])
        return logits, deltas


@keras.saving.register_keras_serializable("mrcnn_keras")
class MaskHead(keras.layers.Layer):
    """Predicts one map per class by a small fully convolutional network (He et al. 2017, figure 4, right).

    Args:
        classes: Integer, maps.
        convs: Integer, 3x3 convolutions.
        channels: Integer, channels of the convolutions and deconvolutions.
        norm_kind: String, the normalisation of the convolutions, see `make_norm`.
        deconvs: Integer, 0 to 2, 2x2 deconvolutions, each of which doubles the side.

    Call arguments:
        pooled: `[M, S, S, C]` RoI features; M may be 0.

    Returns:
        Logits `[M, S 2^deconvs, S 2^deconvs, classes]` float32.
    """

    def __init__(self, classes, convs=4, channels=256, norm_kind="none", deconvs=1, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        self.convs, self.norms = make_convs(convs, channels, norm_kind)
        # Two attributes and no list: .keras files hold weights under the attribute's name.
        self.deconv, self.deconv2 = (
            keras.layers.Conv2DTranspose(channels, 2, 2, kernel_initializer="he_normal", name=name)
            if place < deconvs
            else None
            for place, name in enumerate(("deconv", "deconv2"))
        )
        # normal 0.01: all maps start near 0.5, whatever the size of the features
        self.logits = keras.layers.Conv2D(
            classes, 1, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01), dtype="float32", name="logits"
        )

    def build(self, shape):
        channels = build_convs(self.convs, self.norms, shape[-1], self.channels)
        for deconv in self.deconvs:
            deconv.build((None, None, None, channels))
            channels = self.channels
        self.logits.build((None, None, None, channels))
        self.built = True

    @property
    def deconvs(self):
        """The deconvolutions, in order."""
        return [deconv for deconv in (self.deconv, self.deconv2) if deconv is not None]

    def compute_output_spec(self, pooled):
        sides = [side and side * 2 ** len(self.deconvs) for side in pooled.shape[1:3]]
        return keras.KerasTensor((pooled.shape[0], *sides, self.logits.filters))

    def call(self, pooled):
        x, count = at_least_one(pooled)
        x = run_convs(self.convs, self.norms, x)
        for deconv in self.deconvs:
            x = tf.nn.relu(deconv(x))
        return self.logits(x)[:count]


@keras.saving.register_keras_serializable("mrcnn_keras")
class MaskMLP(keras.layers.Layer):
    """Predicts masks by fully connected layers (He et al. 2017, table 2e, MLP).

    Args:
        classes: Integer, maps.
        side: Integer, cells per side of a map.
        units: Integer, units of each hidden layer.
        fcs: Integer, hidden layers before the one that has all cells of all maps.

    Call arguments:
        pooled: `[M, S, S, C]` RoI features; M may be 0.

    Returns:
        Logits `[M, side, side, classes]` float32.
    """

    def __init__(self, classes, side=28, units=1024, fcs=2, **kwargs):
        super().__init__(**kwargs)
        self.classes, self.side, self.units = classes, side, units
        self.fcs = [
            keras.layers.Dense(units, kernel_initializer=HeNormalInPieces(), name=f"fc{i + 1}") for i in range(fcs)
        ]
        self.maps = keras.layers.Dense(
            side * side * classes,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            dtype="float32",
            name="maps",
        )

    def build(self, shape):
        units = shape[1] * shape[2] * shape[3]
        for layer in (*self.fcs, self.maps):
            layer.build((None, units))
            units = self.units
        self.built = True

    def call(self, pooled):
        x = tf.reshape(pooled, [-1, pooled.shape[1] * pooled.shape[2] * pooled.shape[3]])
        for layer in self.fcs:
            x = tf.nn.relu(layer(x))
        return tf.reshape(self.maps(x), [-1, self.side, self.side, self.classes])
