"""Annotated pictures: from files to batches."""

from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.loading import find_subsets, load_dataset
from mrcnn_keras.data.pipeline import make_pipeline

__all__ = ["Dataset", "find_subsets", "load_dataset", "make_pipeline"]
