"""Annotated pictures: from files to batches."""

from mrcnn_keras.data.catalogue import picture_keys
from mrcnn_keras.data.checking import (
    broken_pictures,
    check_objects,
    findings,
    no_object,
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
from mrcnn_keras.data.merging import merge_datasets
from mrcnn_keras.data.pipeline import batch_image_ids, epoch_length, make_pipeline, take_error
from mrcnn_keras.data.sample import check_keypoints
from mrcnn_keras.data.saving import check_unused, file_names, open_writer, save_dataset

__all__ = [
    "SUFFIXES",
    "Classes",
    "Dataset",
    "Labelled",
    "ShapesDataset",
    "StickFiguresDataset",
    "batch_image_ids",
    "broken_pictures",
    "check_keypoints",
    "check_objects",
    "check_unused",
    "epoch_length",
    "file_names",
    "find_subsets",
    "findings",
    "load_dataset",
    "make_pipeline",
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
    "take_error",
    "without_broken",
]
