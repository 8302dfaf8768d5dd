"""Files that answer without this package, each with a check against the model that it came from."""

from mrcnn_keras.export.check import check, compare, summarize
from mrcnn_keras.export.saved_model import saved_model

__all__ = ["check", "compare", "saved_model", "summarize"]
