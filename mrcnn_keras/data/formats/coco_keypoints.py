"""The keypoints of a COCO file: what its categories say about them, and the lists of its annotations."""

import numpy as np

from mrcnn_keras.detections import KeypointLayout
from mrcnn_keras.errors import UserError


def category_layout(category):
    """The KeypointLayout of an entry of "categories", or None if it names no keypoints.

    COCO counts the ends of a skeleton's lines from 1. Raises UserError, worded for the middle of a sentence.
    """
    names, lines = category.get("keypoints"), category.get("skeleton")
    if not names:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise UserError(f"keypoints {str(names)[:60]}; write a list of names")
    if len(set(names)) < len(names):
        raise UserError(f"two keypoints {max(names, key=names.count)!r}; give each its own name")
    lines = [] if lines is None else lines
    if not isinstance(lines, list) or not all(_is_line(line, len(names)) for line in lines):
        raise UserError(f"skeleton {str(lines)[:60]}; write pairs of 1 to {len(names)}")
    return KeypointLayout(tuple(names), skeleton=tuple((first - 1, second - 1) for first, second in lines))


def read_points(values, count):
    """COCO's x, y, v of `count` keypoints -> [count, (y, x, visibility)] float32; v is 0, 1 or 2.

    COCO gives pixel indices, so 0.5 is added to get the centre (as in Detectron2; torchvision does not). Raises
    UserError for anything else, worded for the middle of a sentence.
    """
    points = finite_numbers(values)
    if points is None or points.size != 3 * count or not np.isin(points[2::3], (0, 1, 2)).all():
        raise UserError(
            f"keypoints {str(values)[:60]}; write x, y, v for each of the category's {count} keypoints, v 0 (not "
            "annotated), 1 (hidden) or 2 (visible)"
        )
    points = points.reshape(count, 3)[:, [1, 0, 2]] + (0.5, 0.5, 0)
    return np.where(points[:, 2:] > 0, points, 0).astype(np.float32)


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


def is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_line(line, count):
    ends = isinstance(line, list) and len(line) == 2 and all(is_whole(end) and 1 <= end <= count for end in line)
    return ends and line[0] != line[1]
