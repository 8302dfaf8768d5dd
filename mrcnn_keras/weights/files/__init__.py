"""Readers: {name: tensor} of a file of weights of any project; nothing in the file is run."""

from mrcnn_keras.weights.files.keras_file import TrainingState, open_keras, open_weights
from mrcnn_keras.weights.files.restricted_pickle import Known, load_pickle
from mrcnn_keras.weights.files.stored_tensor import BadFile, FileBytes, StoredTensor
from mrcnn_keras.weights.files.tensor_file import describe_error, read_tensors

__all__ = [
    "BadFile",
    "FileBytes",
    "Known",
    "StoredTensor",
    "TrainingState",
    "describe_error",
    "load_pickle",
    "open_keras",
    "open_weights",
    "read_tensors",
]
