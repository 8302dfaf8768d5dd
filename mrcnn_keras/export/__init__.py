"""Files that work without this package, each with a check against the model that it came from."""

from mrcnn_keras.export.checking import check, compare, summarize
from mrcnn_keras.export.onnx_reader import load_onnx
from mrcnn_keras.export.saved_model_reader import load_saved_model
from mrcnn_keras.export.tflite_reader import load_tflite
from mrcnn_keras.export.to_onnx import onnx
from mrcnn_keras.export.to_saved_model import saved_model
from mrcnn_keras.export.to_tflite import tflite

__all__ = [
    "check",
    "compare",
    "load_onnx",
    "load_saved_model",
    "load_tflite",
    "onnx",
    "saved_model",
    "summarize",
    "tflite",
]
