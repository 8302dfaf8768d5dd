"""Backbones of keras.applications, tapped at strides 4, 8, 16 and 32."""

import keras

from mrcnn_keras.architectures import APPLICATIONS
from mrcnn_keras.layers import Conv2D, DepthwiseConv2D, followed_by, make_norm

LAST_NORM = "last_layernorm"
CONVOLUTIONS = {keras.layers.Conv2D: Conv2D, keras.layers.DepthwiseConv2D: DepthwiseConv2D}


@keras.saving.register_keras_serializable("mrcnn_keras")
class ChannelScale(keras.layers.Layer):
    """Multiplies each channel of [..., C] by a weight (ConvNeXt's layer scale).

    Keras's own layer names its weight by a number that counts up with each model, so that no weights file could
    match it, and no optimizer could exclude it from weight decay by name.
    """

    def __init__(self, initial=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, shape):
        self.gamma = self.add_weight(
            name="gamma", shape=(shape[-1],), initializer=keras.initializers.Constant(self.initial)
        )

    def call(self, x):
        return x * self.gamma


def application_backbone(architecture, norm_kind="frozen_bn", freeze_stages=0, epsilon=1e-3):
    """Makes a network of keras.applications with its maps at strides 4, 8, 16 and 32.

    A stage's map is the output of its last block, C5 the network's last before its classes. Layer names are Keras's.

    Args:
        architecture: String, a key of `architectures.APPLICATIONS`.
        norm_kind: String, what replaces batch norm, see `layers.make_norm`; `"ln"`: the network has layer
            norm, which stays as it is and trains.
        freeze_stages: Integer, stages that do not train: 1 the stem, 2 all that C2 is made of, and so on to 5.
        epsilon: Float, added to the variance in batch norm.

    Returns:
        A `keras.Model` from normalised images `[B, H, W, 3]`, sides multiples of 32, to `[C2, C3, C4, C5]`.
    """
    _, starts, _ = APPLICATIONS[architecture]
    model = _with_norm(_published(architecture), norm_kind, epsilon)
    names = [layer.name for layer in model.layers]
    ends = [0, *(names.index(start) for start in starts), len(names)]
    for layer in model.layers[: ends[freeze_stages]]:
        layer.trainable = False
    stages = [*(model.get_layer(start).input for start in starts[1:]), model.output]
    return keras.Model(model.input, stages, name=architecture)


def _published(architecture):
    """The network as keras.applications has it, without weights, preprocessing and classes."""
    make = getattr(keras.applications, APPLICATIONS[architecture].maker)
    return make(include_top=False, weights=None, include_preprocessing=False, input_shape=(None, None, 3))


def _with_norm(model, norm_kind, epsilon):
    """The model with batch norm and layer scale replaced."""

    def replace(layer):
        if isinstance(layer, keras.layers.BatchNormalization):
            return make_norm(norm_kind, layer.input.shape[-1], layer.name, epsilon)
        if layer.name.endswith("_layer_scale"):
            return ChannelScale(layer.init_values, name=layer.name)
        config = layer.get_config()
        if layer.name.startswith("layer_normalization"):  # ConvNeXt's last, which is named by a counter of the process
            config["name"] = LAST_NORM
        return CONVOLUTIONS.get(type(layer), type(layer)).from_config(config)

    def call(layer, *inputs, mask=None, **options):
        before = getattr(inputs[0], "_keras_history", None)
        if before is not None and isinstance(before.operation, tuple(CONVOLUTIONS.values())):
            followed_by(before.operation, layer)
        # Keras passes an empty mask to batch norm, which group norm does not take.
        return layer(*inputs, **options)

    return keras.models.clone_model(model, clone_function=replace, call_function=call)
