"""Readers: {name: tensor} of a file of weights of any project; nothing of the file is run."""

from mrcnn_keras.weights.files.restricted_pickle import Known, load_pickle
from mrcnn_keras.weights.files.stored_tensor import BadFile, FileBytes
from mrcnn_keras.weights.files.tensor_file import describe_error, read_tensors

__all__ = ["BadFile", "FileBytes", "Known", "load_pickle", "read_tensors", "describe_error"]
