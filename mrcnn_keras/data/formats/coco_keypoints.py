"""The keypoints of a COCO file: what its categories say about them, and the lists of its annotations."""

import re

import numpy as np

from mrcnn_keras.detections import KeypointLayout
from mrcnn_keras.errors import UserError

FAR = 1e9  # pixels: far outside every picture, and still a float32


def category_layout(category):
    """The KeypointLayout of an entry of "categories", or None if it names no keypoints; and findings on its skeleton.

    COCO counts the ends of a skeleton's lines from 1; it is for drawing, so that nothing in it is refused. Raises
    UserError for the names, worded for the middle of a sentence.
    """
    names = category.get("keypoints")
    if not names:
        return None, []
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise UserError(f"keypoints {str(names)[:60]}; write a list of names")
    if len(set(names)) < len(names):
        raise UserError(f"two keypoints {max(names, key=names.count)!r}; give each its own name")
    skeleton, findings = _skeleton(category.get("skeleton"), names)
    return KeypointLayout(tuple(names), skeleton=skeleton), findings


def _skeleton(lines, names):
    """-> pairs of places from 0, and findings."""
    findings = []
    lines = [] if lines is None else lines if isinstance(lines, list) else [lines]
    pairs = [_ends(line, names) for line in lines]
    whole = [pair for pair in pairs if pair]
    first = 1
    if any(0 in pair for pair in whole) and all(end < len(names) for pair in whole for end in pair):
        first = 0
        findings.append("the skeleton counts from 0, and is read so")
    known = [pair for pair in whole if all(first <= end < first + len(names) for end in pair) and pair[0] != pair[1]]
    if len(known) < len(lines):
        findings.append(
            f"{len(lines) - len(known)} of the skeleton's {len(lines)} lines do not join two of its {len(names)} "
            "keypoints; they are not drawn"
        )
    return tuple((start - first, end - first) for start, end in known), findings


def _ends(line, names):
    """A line of a skeleton -> its two ends, counted as in the file, or by name from 1; None if it has no two."""
    if not isinstance(line, (list, tuple)) or len(line) != 2:
        return None
    ends = [names.index(end) + 1 if end in names else as_whole(end) for end in line]
    return None if None in ends else ends


def read_points(values, count):
    """COCO's x, y, v of `count` keypoints -> [count, (y, x, visibility)] float32; v is 0, 1 or 2.

    COCO gives pixel indices, so 0.5 is added to get the centre (as in Detectron2; torchvision does not). Raises
    UserError for anything else, worded for the middle of a sentence.
    """
    points = _flat(values)
    if points is not None and points.size % 3 == 0 and points.size != 3 * count:
        given = points.size // 3
        raise UserError(
            f"{given} keypoint{'s' * (given != 1)}, where its category names {count}; name as many there, or "
            "remove 'keypoints' from both"
        )
    if points is None or points.size % 3 or not np.isin(points[2::3], (0, 1, 2)).all():
        raise UserError(
            f"keypoints {str(values)[:60]}; write x, y, v for each of the category's {count} keypoints, v 0 (not "
            "annotated), 1 (hidden) or 2 (visible)"
        )
    points = points.reshape(count, 3)[:, [1, 0, 2]] + (0.5, 0.5, 0)
    return np.where(points[:, 2:] > 0, points.clip(-FAR, FAR), 0).astype(np.float32)


def common_layout(files):
    """The KeypointLayout of all categories of CocoFiles that have keypoints, or None if none has.

    Raises UserError if two categories have keypoints of different names, since a model has one set of them.
    """
    found = [(layout, file.categories[i][0], file.path) for file in files for i, layout in file.layouts.items()]
    for layout, name, path in found:
        first, first_name, _ = found[0]
        if layout.names != first.names:
            raise UserError(
                f"{str(path)!r}: category {name!r} has other keypoints ({len(layout)}: {layout.names[0]!r}, ...) than "
                f"{first_name!r} ({len(first)}: {first.names[0]!r}, ...); put them into different folders, "
                "one per model"
            )
    # The first that has a skeleton, since all have the same names.
    return max((layout for layout, _, _ in found), key=lambda layout: bool(layout.skeleton), default=None)


def finite_numbers(values):
    """A flat list of finite numbers -> [K] float64, or None for anything else."""
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if numbers.ndim == 1 and np.isfinite(numbers).all() else None


def as_whole(value):
    """1, 1.0 and "1" -> 1, and None for what is not a whole number."""
    if type(value) is int:  # as nearly always
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,30}(\.0*)?\s*", value, re.ASCII):
        return int(value.partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def extent(values):
    """The rectangle (y1, x1, y2, x2) around the annotated ones of any number of COCO's x, y, v, or None."""
    points = _flat(values)
    if points is None or not points.size or points.size % 3:
        return None
    points = points.reshape(-1, 3)
    seen = points[points[:, 2] > 0, 1::-1]
    return (*seen.min(axis=0).tolist(), *(seen.max(axis=0) + 1).tolist()) if len(seen) else None


def _flat(values):
    """A flat list of finite numbers, or a list of [x, y, v] -> flat float64, or None for anything else."""
    if isinstance(values, list) and values and all(isinstance(point, list) and len(point) == 3 for point in values):
        values = [value for point in values for value in point]
    return finite_numbers(values)
