"""The type of numbers that the network computes in: the one place that decides.

Layers follow the Keras policy under which they are made. Those that hold logits, boxes, targets and losses ask for
float32 whatever it is, batch norm keeps its statistics in float32, and so do all weights, also in files.
"""

import contextlib
import functools
import os
import re
from pathlib import Path

import keras
import tensorflow as tf

from mrcnn_keras.errors import UserError

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
# Flags of x86 processors that multiply matrices of bfloat16, the fastest first; and where Linux lists them.
FLAGS = ("amx_bf16", "avx512_bf16")
CPUINFO = Path("/proc/cpuinfo")
AMPERE = (8, 0)  # compute capability of the first GPUs that do


@contextlib.contextmanager
def computing_in(precision):
    """Keras's policy of the layers that are made inside.

    A policy that the user has set by `keras.config.set_dtype_policy` stays: it is Keras's own way to ask for the same.

    Args:
        precision: String, a value of the setting PRECISION.

    Returns:
        A context manager.
    """
    before = keras.config.dtype_policy()
    if before.name != "float32":
        yield
        return
    keras.config.set_dtype_policy(POLICIES[chosen_precision(precision)])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def in_float32(model):
    """Makes what is traced inside compute in float32, whatever the model's precision; for files that others run.

    Args:
        model: `MaskRCNN`.

    Returns:
        A context manager.
    """
    layers = {id(layer): layer for layer in model._flatten_layers()}.values()
    before = [(layer, layer.dtype_policy) for layer in layers if layer.compute_dtype != "float32"]
    for layer, _ in before:
        layer.dtype_policy = "float32"
    try:
        yield
    finally:
        for layer, policy in before:
            layer.dtype_policy = policy


def chosen_precision(precision):
    """A key of POLICIES, for a value of the setting PRECISION.

    Raises:
        UserError: If it is "float16" and there is no GPU.
    """
    if precision == "auto":
        return "bfloat16" if fast_bfloat16() else "float32"
    if precision == "float16" and not tf.config.list_physical_devices("GPU"):
        raise UserError(
            "PRECISION = 'float16' is for GPUs, and there is none: a processor takes minutes per step; use "
            "--precision auto, or in Python PRECISION='auto'"
        )
    return precision


def in_words(precision):
    """What a command says about the precision that it computes in.

    Args:
        precision: String, a value of the setting PRECISION.

    Returns:
        String, such as "bfloat16, which amx_bf16 makes fast".
    """
    if precision != "auto":
        return precision
    unit = fast_bfloat16()
    return f"bfloat16, which {unit} makes fast" if unit else "float32, as bfloat16 would be slower here"


@functools.cache
def fast_bfloat16():
    """What multiplies matrices of bfloat16 here, such as "amx_bf16".

    Returns:
        String; `""` if nothing does, so that bfloat16 would be slower.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
        return f"compute capability {'.'.join(map(str, capability))}" if tuple(capability) >= AMPERE else ""
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":  # TensorFlow's own kernels have no such instructions
        return ""
    try:
        flags = re.search(r"^flags\s*:(.*)$", CPUINFO.read_text(errors="replace"), re.MULTILINE)
    except OSError:  # not Linux: TensorFlow has no such kernels for other systems' processors
        return ""
    return next((flag for flag in FLAGS if flags and flag in flags[1].split()), "")
