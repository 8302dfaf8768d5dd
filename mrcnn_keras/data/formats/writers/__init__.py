"""Annotations in the files of labelling tools: a writer for each format, and what all of them share."""

from mrcnn_keras.data.formats.writers.coco import CocoWriter
from mrcnn_keras.data.formats.writers.cvat import CvatWriter
from mrcnn_keras.data.formats.writers.labelme import LabelmeWriter
from mrcnn_keras.data.formats.writers.labels import LabelsWriter
from mrcnn_keras.data.formats.writers.via import ViaWriter
from mrcnn_keras.data.formats.writers.writer import Classes, Labelled
from mrcnn_keras.data.formats.writers.yolo import YoloWriter

WRITERS = {
    "coco": CocoWriter,
    "yolo": YoloWriter,
    "labelme": LabelmeWriter,
    "via": ViaWriter,
    "cvat": CvatWriter,
    "labels": LabelsWriter,
}

__all__ = ["WRITERS", "Classes", "Labelled"]
