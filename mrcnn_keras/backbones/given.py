"""A backbone that the user made: any Keras model with a pyramid of outputs."""

import keras

from mrcnn_keras.architectures import GIVEN_STRIDES
from mrcnn_keras.errors import UserError

PYRAMIDS = ([f"C{i}" for i in (2, 3, 4, 5)], [f"P{i}" for i in (2, 3, 4, 5)])  # KerasHub calls the same maps P2 .. P5
SIDE = 128  # pixels of the image that strides are measured with


def given_backbone(model):
    """Makes a backbone of a Keras model.

    Args:
        model: `keras.Model` from normalised images `[B, H, W, 3]`, of any sides that are multiples of 32, to its maps
            at strides 4, 8, 16 and 32: a list of four, or a dict with the keys C2 .. C5; or a model of KerasHub, by its
            `pyramid_outputs` P2 .. P5. Its layers train as they are set to.

    Returns:
        A `keras.Model` of the same layers with the output `[C2, C3, C4, C5]`.

    Raises:
        UserError: If it is not such a model.
    """
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None) or len(model.inputs) != 1:
        raise UserError(f"backbone is {model!r:.80}; give a functional keras.Model with one input, the images")
    if tuple(model.inputs[0].shape[1:]) != (None, None, 3):
        raise UserError(
            f"the backbone takes images of shape {tuple(model.inputs[0].shape[1:])}; make it for images of any size, "
            "with the input shape (None, None, 3)"
        )
    outputs = getattr(model, "pyramid_outputs", None) or model.output
    if isinstance(outputs, dict):
        names = next((names for names in PYRAMIDS if {*names} <= {*outputs}), None)
        if names is None:
            raise UserError(
                f"the backbone has the outputs {', '.join(map(str, outputs))}; call its maps C2, C3, C4, C5"
            )
        outputs = [outputs[name] for name in names]
    stages = keras.Model(model.inputs[0], list(outputs) if isinstance(outputs, (list, tuple)) else [outputs])
    shapes = stages.compute_output_shape((1, SIDE, SIDE, 3))
    if [tuple(shape[1:3]) for shape in shapes] != [(SIDE // stride,) * 2 for stride in GIVEN_STRIDES]:
        raise UserError(
            f"the backbone makes maps of {', '.join(str(tuple(shape[1:])) for shape in shapes)} from {SIDE} x {SIDE} "
            "pixels; give one whose outputs have the strides 4, 8, 16 and 32, channels last"
        )
    return keras.Model(stages.inputs[0], stages.outputs, name=model.name)
