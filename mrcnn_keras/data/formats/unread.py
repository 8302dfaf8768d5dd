"""Annotation formats that are known but not read: their names, and what to export instead."""

import itertools
import re

from mrcnn_keras.data.formats.folders import files_below, files_in
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.data.formats.masks import LABEL_ENDING
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json

LOOKED_AT = 200  # files of a folder
_CONVERTERS = "export COCO JSON from the tool that made it, such as Roboflow, CVAT or Label Studio"
_NUMBER = re.compile(r"-?\d*\.?\d+(e-?\d+)?")
# CVAT for video has no pictures but frames, which are known by their number only.
IS_VIDEO = re.compile(r"<track\s|<original_size>|<mode>interpolation<")
YOLO = "of YOLO but without its pictures"
# What to do instead, by the name of the format.
CURES = {
    "VIA 3 (JSON)": "export it as COCO from VIA 3",
    YOLO: "give the folder that holds the pictures, too",
    "CVAT for video (XML) without images/frame_000000.png": "export the task again with its pictures (Save images)",
    "TFRecord": _CONVERTERS,
    "Label Studio (JSON)": "export the project from Label Studio again as COCO",
    "COCO panoptic": "use COCO's file of instances, or convert it with panopticapi's panoptic2detection_coco_format.py",
    "COCO captions": "use COCO's file of instances",
    "COCO results": "these are detections; give the file of annotations",
    "Datumaro": "export it as COCO with Datumaro",
    "a table of boxes (csv)": _CONVERTERS,
}


def recognise(path):
    """-> (name of the format, file by which it is known) for a file or folder of annotations, or None."""
    if path.is_file():
        name = _format_of(path)
        return name and (name, path)
    files = (file for file in files_below(path, None) if _suffix(file) in _READERS)
    names = ((_format_of(file), file) for file in itertools.islice(files, LOOKED_AT))
    return next(((name, file) for name, file in names if name), None)


def places_of_pictures(path):
    """What a folder without annotations has, in words: how many pictures are in it and in the folders inside."""
    inside = len(files_in(path))
    files = list(files_below(path))
    masks = [file.name for file in files if LABEL_ENDING.search(file.stem)]
    called = f"; {len(masks)} of them are called like masks, such as {masks[0]}" if masks else ""
    return f"pictures in it: {inside}, in folders inside: {len(files) - inside}{called}"


def other_coco(content):
    """Which of COCO's other files the content of a JSON object is, "COCO panoptic" or "COCO captions"; or None."""
    annotations = content.get("annotations")
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    keys = {"segments_info": "COCO panoptic", "caption": "COCO captions"}
    return next((name for key, name in keys.items() if isinstance(first, dict) and key in first), None)


def _format_of(file):
    reader = _READERS.get(_suffix(file))
    return reader and reader(file, read_head(file))


def _suffix(file):
    """In lower case, without the number of a part: "train.record-00000-of-00010" -> ".record"."""
    return re.sub(r"-\d+-of-\d+$", "", file.suffix.lower())


def _of_json(file, head):
    try:
        content = read_json(file)
    except UserError:
        return None
    if isinstance(content, list):
        keys = [set(entry) for entry in content[:20] if isinstance(entry, dict)]
        return _of_list(set.union(set(), *keys))
    if not isinstance(content, dict):
        return None
    if {"project", "file", "metadata"} <= content.keys():
        return "VIA 3 (JSON)"
    if isinstance(content.get("items"), list) and "categories" in content:
        return "Datumaro"
    return other_coco(content)


def _of_list(keys):
    if {"image_id", "category_id", "score"} <= keys:
        return "COCO results"
    if {"data", "annotations"} <= keys or {"data", "completions"} <= keys or {"image", "annotator"} <= keys:
        return "Label Studio (JSON)"
    return None


def _of_csv(file, head):
    first = head.partition("\n")[0].lower()
    return "a table of boxes (csv)" if "xmin" in first and "ymax" in first else None


def _of_xml(file, head):
    if re.search(r"<annotations>", head) and IS_VIDEO.search(head):
        return "CVAT for video (XML) without images/frame_000000.png"
    return None


def _of_yaml(file, head):
    return YOLO if re.search(r"^names:", head, re.M) and re.search(r"^(train|val|nc|path):", head, re.M) else None


def _of_text(file, head):
    """YOLO has a class and 4 or more numbers per line."""
    lines = [line.split() for line in head.splitlines()[:-1] or head.splitlines()]
    return YOLO if lines and all(map(_is_yolo, lines)) else None


def _is_yolo(words):
    return len(words) >= 5 and words[0].isdecimal() and all(_NUMBER.fullmatch(word) for word in words[1:])


_READERS = {
    ".json": _of_json,
    ".csv": _of_csv,
    ".xml": _of_xml,
    **dict.fromkeys((".yaml", ".yml"), _of_yaml),
    ".txt": _of_text,
    ".names": lambda file, head: YOLO,
    **dict.fromkeys((".tfrecord", ".tfrecords", ".record"), lambda file, head: "TFRecord"),
}
