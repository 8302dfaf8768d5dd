"""The feature pyramid (Lin et al. 2017)."""

import keras
import tensorflow as tf

from mrcnn_keras.layers import Conv2D, apply_norm, followed_by, make_norm


@keras.saving.register_keras_serializable("mrcnn_keras")
class FPN(keras.layers.Layer):
    """Feature pyramid (Lin et al. 2017): coarse maps are enlarged (nearest), added to finer ones and convolved.

    Args:
        channels: Integer, channels of all its maps.
        norm_kind: String, the normalisation of its convolutions, see `layers.make_norm`.

    Call arguments:
        stages: `[C2, C3, C4, C5]`, `[B, h, w, C]` each.

    Returns:
        `[P2, P3, P4, P5, P6]`; P6 is every second cell of P5.
    """

    def __init__(self, channels=256, norm_kind="none", **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        levels = range(2, 6)
        make = {
            "kernel_initializer": keras.initializers.VarianceScaling(1.0, "fan_in"),
            "use_bias": norm_kind == "none",
        }
        self.laterals = [Conv2D(channels, 1, name=f"lateral{i}", **make) for i in levels]
        self.outputs = [Conv2D(channels, 3, padding="same", name=f"output{i}", **make) for i in levels]
        self.lateral_norms = [make_norm(norm_kind, channels, f"lateral{i}_norm") for i in levels]
        self.output_norms = [make_norm(norm_kind, channels, f"output{i}_norm") for i in levels]
        for convs, norms in ((self.laterals, self.lateral_norms), (self.outputs, self.output_norms)):
            for conv, norm in zip(convs, norms, strict=True):
                followed_by(conv, norm)

    def build(self, shapes):
        for shape, lateral, output in zip(shapes, self.laterals, self.outputs, strict=True):
            lateral.build(shape)
            output.build((*shape[:-1], self.channels))
        for layer in (*self.lateral_norms, *self.output_norms):
            if layer is not None:
                layer.build((None, None, None, self.channels))
        self.built = True

    def compute_output_spec(self, stages):
        shapes = [(*stage.shape[:-1], self.channels) for stage in stages]
        coarse = tuple(side and -(-side // 2) for side in shapes[-1][1:3])
        shapes.append((shapes[-1][0], *coarse, self.channels))
        return [keras.KerasTensor(shape, self.compute_dtype) for shape in shapes]

    def call(self, stages):
        merged = None
        pyramid = []
        for index in reversed(range(len(stages))):
            lateral = apply_norm(self.lateral_norms[index], self.laterals[index](stages[index]))
            if merged is not None:
                enlarged = tf.raw_ops.ResizeNearestNeighbor(images=merged, size=2 * tf.shape(merged)[1:3])
                shape = tf.shape(lateral)
                lateral += enlarged[:, : shape[1], : shape[2]]
            merged = lateral
            pyramid.insert(0, apply_norm(self.output_norms[index], self.outputs[index](merged)))
        return [*pyramid, pyramid[-1][:, ::2, ::2]]


@keras.saving.register_keras_serializable("mrcnn_keras")
class LastMap(keras.layers.Layer):
    """Takes the place of the pyramid in a network without one.

    Call arguments:
        stages: `[C2, C3, ...]`.

    Returns:
        List with the last of them.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, stages):
        return stages[-1:]
