"""Region proposals of another method, from a file: .npz, JSON in the form of COCO's results, or Detectron2's .pkl.

Nothing in a file is run, and no more memory is taken than its boxes need.
"""

import math
import zipfile
from pathlib import Path

import numpy as np

from mrcnn_keras.detections import as_boxes
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json
from mrcnn_keras.weights.files import BadFile, FileBytes, Known, describe_error, load_pickle, pickle_file

MOST_BOXES = 1_000_000  # per picture
MOST_BYTES = 2**32  # of all boxes in a .npz: a small archive can unpack to any size
# Detectron2's BoxMode: how four numbers become a box (y1, x1, y2, x2).
BOX_MODES = {0: lambda x1, y1, x2, y2: (y1, x1, y2, x2), 1: lambda x, y, w, h: (y, x, y + h, x + w)}
PICKLED = {
    **pickle_file.NAMES,
    ("detectron2.structures.boxes", "BoxMode"): Known("BoxMode", int),
    ("detectron2.structures", "BoxMode"): Known("BoxMode", int),
}


def read_proposals(path):
    """Reads the proposals for pictures.

    Args:
        path: The file. `.npz`: one array `[N, (y1, x1, y2, x2)]` per picture, best first, under the name of the
            picture's file. `.json`: a list of `{"image_id", "bbox": [x, y, width, height], "score"}` like COCO's
            results; a `file_name`, which `mrcnn detect` writes, is the key instead of `image_id`. `.pkl`: Detectron2's
            dict of `ids`, `boxes` (x1, y1, x2, y2), `objectness_logits` and `bbox_mode`.

    Returns:
        Dict of key -> `[N, (y1, x1, y2, x2)]` float32, pixels of the picture, best first. A key is a name or an id:
        `Dataset.set_proposals` finds its picture.

    Raises:
        UserError: If the file cannot be read or holds something else.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: proposals are read from {', '.join(READERS)}; give one of these")
    if not path.is_file():
        raise UserError(f"{path} is not a file; give one with proposals")
    with describe_error(path):
        found = reader(path)
        if not found:
            raise UserError(f"{path} holds no proposals; give a file with some")
        return {key: as_boxes(boxes, f"{path}: proposals of {key!r}") for key, boxes in found.items()}


def _read_npz(path):
    found, total = {}, 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as file:
                shape, columns_first, kind = _npy_header(file, name)
                size = math.prod(shape) * kind.itemsize
                total += size
                if total > MOST_BYTES:
                    raise BadFile(f"unpacks to more than {MOST_BYTES >> 30} GB of boxes", "cut it into several files")
                values = np.frombuffer(file.read(size), kind)
            found[name] = values.reshape(shape, order="F" if columns_first else "C")
    return found


def _npy_header(file, name):
    """-> shape, whether columns come first, dtype. Only numbers in four columns are read further."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise BadFile(f"has {name!r} in version {version} of numpy's format", "save it with numpy.savez")
    shape, columns_first, kind = readers[version](file)
    if kind.hasobject or kind.kind not in "fiu" or len(shape) != 2 or shape[1] != 4 or shape[0] > MOST_BOXES:
        raise BadFile(f"has {name!r} of shape {shape}, {kind}", "save numbers [N, (y1, x1, y2, x2)] for each picture")
    return shape, columns_first, kind


def _read_json(path):
    rows = read_json(path)
    if not isinstance(rows, list):
        raise BadFile("is not a list", 'write rows of {"image_id", "bbox", "score"}')
    grouped = {}
    for row in rows:
        key = row.get("file_name", row.get("image_id")) if isinstance(row, dict) else None
        if not isinstance(key, (str, int)) or not isinstance(row.get("score"), (int, float)):
            raise BadFile(f"has the row {str(row)[:60]}", "write image_id, bbox and score in each")
        boxes, scores = grouped.setdefault(key, ([], []))
        boxes.append(row.get("bbox"))
        scores.append(row["score"])
    return {key: _sorted(boxes, scores, mode=1, key=key) for key, (boxes, scores) in grouped.items()}


def _read_detectron2(path):
    with open(path, "rb") as file:
        content, _ = load_pickle(FileBytes(file), 0, lambda module, name: PICKLED.get((module, name)))
        if not isinstance(content, dict):
            raise BadFile("holds no dict", "give proposals that Detectron2 wrote")
        # Detectron used other names for the same.
        ids = content.get("ids", content.get("indexes"))
        scores = content.get("objectness_logits", content.get("scores"))
        boxes = content.get("boxes")
        lists = (ids, boxes, scores)
        if not all(isinstance(values, list) for values in lists) or len({len(values) for values in lists}) > 1:
            raise BadFile("lacks ids, boxes and objectness_logits of equal length", "give Detectron2's proposals")
        found = {}
        for key, picture_boxes, picture_scores in zip(*lists, strict=True):
            key = key if isinstance(key, (str, int)) else int(_array(key))
            found[key] = _sorted(_array(picture_boxes), _array(picture_scores), content.get("bbox_mode", 0), key)
        return found


def _array(values):
    """A pickled numpy array, or a list of numbers -> the array."""
    return values.tensor().read() if hasattr(values, "tensor") else np.asarray(values, np.float64)


def _sorted(boxes, scores, mode, key):
    """[N, 4] in Detectron2's `mode` and [N] scores -> [N, (y1, x1, y2, x2)], best first."""
    if mode not in BOX_MODES:
        raise BadFile(f"has boxes of mode {mode!r}", "convert them to BoxMode.XYXY_ABS")
    try:
        boxes, scores = np.asarray(boxes, np.float64).reshape(-1, 4), np.asarray(scores, np.float64).reshape(len(boxes))
    except (TypeError, ValueError) as error:
        raise BadFile(f"has boxes of {key!r} that are not four numbers and a score each", "write it again") from error
    return np.stack(BOX_MODES[mode](*boxes.T), axis=1)[np.argsort(-scores, kind="stable")]


READERS = {".npz": _read_npz, ".json": _read_json, ".pkl": _read_detectron2}
