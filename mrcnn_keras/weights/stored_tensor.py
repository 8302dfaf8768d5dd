"""One tensor that lies in a file, not read yet."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mrcnn_keras.weights.bad_file import BadFile

MOST_DIMENSIONS = 32
MOST_BYTES = 2**40  # of one tensor: beyond that its shape is damaged


class StoredTensor(NamedTuple):
    """`shape` as the file has it; `read` gives the array, which has that shape."""

    shape: tuple
    read: Callable[[], np.ndarray]


def is_count(value):
    """Is it a whole number from 0 on? (True is none, though Python says so.)"""
    return type(value) is int and value >= 0


def checked_shape(shape, itemsize):
    """-> (shape as a tuple, its size in bytes). Raises BadFile where it is no shape of a tensor of sane size."""
    shape = tuple(shape)
    if len(shape) > MOST_DIMENSIONS or not all(is_count(n) and n < MOST_BYTES for n in shape):
        raise BadFile("has a tensor whose shape is damaged")
    if (size := math.prod(shape) * itemsize) > MOST_BYTES:
        raise BadFile(f"speaks of a tensor of shape {shape}, larger than any: it is damaged")
    return shape, size
