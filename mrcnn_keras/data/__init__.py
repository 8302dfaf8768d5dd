"""Annotated pictures: from files to batches.

The names of pipeline.py are imported when they are first used (PEP 562): reading annotations needs no TensorFlow.
"""

import importlib

from mrcnn_keras.data.catalogue import picture_keys
from mrcnn_keras.data.checking import (
    broken_pictures,
    check_objects,
    findings,
    no_object,
    places_of,
    readable_pictures,
    without_broken,
)
from mrcnn_keras.data.class_matching import match_classes
from mrcnn_keras.data.class_view import select_classes
from mrcnn_keras.data.contradictions import named, note_leaks, note_pictures, note_sides
from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.formats.writers import Classes, Labelled
from mrcnn_keras.data.generated import ShapesDataset, StickFiguresDataset
from mrcnn_keras.data.images import SUFFIXES, read_image
from mrcnn_keras.data.loading import find_subsets, load_dataset
from mrcnn_keras.data.looking_through import look_through, subsets_of
from mrcnn_keras.data.merging import merge_datasets
from mrcnn_keras.data.near_duplicates import note_near_duplicates, note_near_leaks
from mrcnn_keras.data.object_checks import all_crowd, note_tiny
from mrcnn_keras.data.sample import check_keypoints
from mrcnn_keras.data.saving import check_unused, file_names, open_writer, save_dataset
from mrcnn_keras.data.statistics import class_table, object_sizes
from mrcnn_keras.data.unused import unused_pictures

_OF_PIPELINE = ("epoch_length", "make_pipeline", "take_error", "training_order")
__all__ = [
    *_OF_PIPELINE,
    "SUFFIXES",
    "Classes",
    "Dataset",
    "Labelled",
    "ShapesDataset",
    "StickFiguresDataset",
    "broken_pictures",
    "check_keypoints",
    "check_objects",
    "check_unused",
    "file_names",
    "find_subsets",
    "findings",
    "load_dataset",
    "match_classes",
    "merge_datasets",
    "named",
    "no_object",
    "note_leaks",
    "note_pictures",
    "note_sides",
    "open_writer",
    "picture_keys",
    "read_image",
    "readable_pictures",
    "save_dataset",
    "select_classes",
    "look_through",
    "subsets_of",
    "note_near_duplicates",
    "note_near_leaks",
    "all_crowd",
    "note_tiny",
    "class_table",
    "object_sizes",
    "unused_pictures",
    "places_of",
    "without_broken",
]


def __getattr__(name):
    if name not in _OF_PIPELINE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(importlib.import_module(f"{__name__}.pipeline"), name)
    return found
