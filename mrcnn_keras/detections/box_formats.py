"""Boxes in the formats that Keras names: `keras.utils.bounding_boxes.convert_format`, and `rel_center_yxhw`."""

import numpy as np

from mrcnn_keras.errors import UserError

CORNERS, SIZES, CENTRES = range(3)
_PLAIN = {
    "yxyx": (CORNERS, False),
    "xyxy": (CORNERS, True),
    "yxhw": (SIZES, False),
    "xywh": (SIZES, True),
    "center_yxhw": (CENTRES, False),
    "center_xywh": (CENTRES, True),
}
BOX_FORMATS = (*_PLAIN, *(f"rel_{name}" for name in _PLAIN))


def in_format(boxes, size, bounding_box_format):
    """Writes boxes in another format.

    Args:
        boxes: `[N, (y1, x1, y2, x2)]`, pixels.
        size: (height, width) of the picture.
        bounding_box_format: One of BOX_FORMATS; those with `rel_` are shares of the picture's sides.

    Returns:
        `[N, 4]` float32.

    Raises:
        UserError: If there is no such format.
    """
    kind, x_first = _rule(bounding_box_format)
    boxes = np.asarray(boxes, np.float64)
    first, second = boxes[:, :2], boxes[:, 2:]
    if kind != CORNERS:
        first, second = (first + second) / 2 if kind == CENTRES else first, second - first
    parts = [as_places(part, size, bounding_box_format) for part in (first, second)]
    return np.concatenate(parts, axis=1).astype(np.float32) if len(boxes) else np.zeros((0, 4), np.float32)


def as_places(pairs, size, bounding_box_format):
    """[..., (y, x)] pixels -> in the order and unit of a format."""
    _, x_first = _rule(bounding_box_format)
    pairs = np.asarray(pairs) / (size if bounding_box_format.startswith("rel_") else 1)
    return pairs[..., ::-1] if x_first else pairs


def _rule(name):
    if name not in BOX_FORMATS:
        raise UserError(f"bounding_box_format={name!r} is unknown; use one of {', '.join(BOX_FORMATS)}")
    return _PLAIN[name.removeprefix("rel_")]
