"""How a TFLite file holds its weights: each kind is how to set TensorFlow's converter, and what to do afterwards."""

import contextlib
import importlib.util
import io
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from mrcnn_keras.errors import UserError


class Kind(NamedTuple):
    """require(): raises UserError where a package is missing; prepare(converter): sets it; finish(content) -> content,
    the bytes of the file."""

    require: Callable
    prepare: Callable
    finish: Callable


def _nothing(*_):
    pass


def _as_it_is(content):
    return content


def _half(converter):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _require_quantizer():
    if importlib.util.find_spec("ai_edge_quantizer") is None:
        raise UserError('int8 needs ai-edge-quantizer, which is not installed: run pip install "mrcnn_keras[tflite]"')


def _by_recipe(name):
    """A function that quantises a float32 file by a recipe of ai-edge-quantizer."""

    def finish(content):
        from ai_edge_quantizer import quantizer, recipe

        # It prints bars and sizes.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return bytes(quantizer.Quantizer(content, getattr(recipe, name)()).quantize().quantized_model)

    return finish


KINDS = {
    "none": Kind(_nothing, _nothing, _as_it_is),
    "fp16": Kind(_nothing, _half, _as_it_is),
    "int8": Kind(_require_quantizer, _nothing, _by_recipe("dynamic_wi8_afp32")),
    "int8_weights": Kind(_require_quantizer, _nothing, _by_recipe("weight_only_wi8_afp32")),
}
