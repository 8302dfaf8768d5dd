"""The types of numbers that files of weights hold."""

import numpy as np

from mrcnn_keras.weights.bad_file import BadFile

# The type's usual name -> how numpy reads its bytes. numpy has no bfloat16: it is the upper half of a float32.
STORED_AS = {
    "float64": "f8",
    "float32": "f4",
    "float16": "f2",
    "bfloat16": "u2",
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint64": "u8",
    "uint32": "u4",
    "uint16": "u2",
    "uint8": "u1",
    "bool": "u1",
}


def stored_dtype(element, byte_order="<"):
    """-> the numpy dtype of the bytes. `element` is a name of STORED_AS, `byte_order` "<" or ">".

    Raises BadFile for other elements: complex, quantised and 8-bit floating point numbers are no weights here.
    """
    if element not in STORED_AS:
        raise BadFile(f"holds numbers of type {element}", "save them as float32 first")
    return np.dtype(byte_order + STORED_AS[element])


def to_numbers(stored, element):
    """An array of stored_dtype -> the numbers in this machine's byte order; bfloat16 becomes float32, exactly."""
    stored = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if element == "bfloat16":
        return (stored.astype(np.uint32) << 16).view(np.float32)
    return stored.astype(bool) if element == "bool" else stored
