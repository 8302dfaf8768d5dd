"""Files that answer without this package, each with a check against the model that it came from."""

from mrcnn_keras.export.check import check, compare, summarize
from mrcnn_keras.export.saved_model import saved_model
from mrcnn_keras.export.tflite import tflite
from mrcnn_keras.export.tflite_reader import load_tflite

__all__ = ["check", "compare", "load_tflite", "saved_model", "summarize", "tflite"]
