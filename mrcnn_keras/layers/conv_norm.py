"""Convolutions that do the work of the batch norm behind them, where its statistics are fixed.

Batch norm with fixed statistics is one factor and one offset per channel. As part of the kernel and the bias they cost
nothing; as an operation of their own they read and write the whole map again.
"""

import weakref

import keras
import tensorflow as tf

from mrcnn_keras.layers.norm import BatchNorm


class _ConvNorm:
    """A convolution of Keras, with the kernel in float32 until factor and offset are in it."""

    norm = None  # finds the BatchNorm behind it; no part of this layer, whose weights it does not have

    def add_weight(self, *args, **kwargs):
        return super().add_weight(*args, **{**kwargs, "autocast": False})

    def call(self, inputs, training=None):
        kernel = tf.convert_to_tensor(self.kernel)
        bias = None if self.bias is None else tf.convert_to_tensor(self.bias)
        norm = self.norm and self.norm()
        if norm is not None and norm.is_fixed(training):
            factor, offset = norm.factor_and_offset()
            kernel *= tf.reshape(factor, kernel.shape[self.outputs_from :])
            bias = offset if bias is None else bias * factor + offset
        output = self.convolution_op(inputs, tf.cast(kernel, inputs.dtype))
        output = output if bias is None else tf.nn.bias_add(output, tf.cast(bias, output.dtype))
        return output if self.activation is None else self.activation(output)


# Their names are those of Keras, since a .keras file has the weights under the names of classes.
@keras.saving.register_keras_serializable("mrcnn_keras")
class Conv2D(_ConvNorm, keras.layers.Conv2D):
    """Keras's convolution, which takes over the batch norm behind it; see `followed_by`."""

    outputs_from = -1  # the axis of the kernel from which on it counts output channels


@keras.saving.register_keras_serializable("mrcnn_keras")
class DepthwiseConv2D(_ConvNorm, keras.layers.DepthwiseConv2D):
    """Keras's depthwise convolution, which takes over the batch norm behind it; see `followed_by`."""

    outputs_from = -2

    def convolution_op(self, inputs, kernel):
        """As in Keras's Conv2D.

        Args:
            inputs: `[B, h, w, C]`.
            kernel: `[height, width, C, outputs per channel]`.

        Returns:
            `[B, h', w', C * outputs per channel]`.
        """
        return keras.ops.depthwise_conv(
            inputs, kernel, self.strides, self.padding, self.data_format, self.dilation_rate
        )


def followed_by(conv, norm):
    """Lets a convolution do the work of a normalisation, where that is a batch norm and while its statistics are fixed.

    Args:
        conv: `Conv2D` or `DepthwiseConv2D` without activation, whose output goes into `norm` and nowhere else.
        norm: A layer of `make_norm`, or `None`.
    """
    if isinstance(norm, BatchNorm):
        conv.norm, norm.in_convolution = weakref.ref(norm), True
