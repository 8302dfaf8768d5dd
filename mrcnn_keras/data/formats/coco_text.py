"""The content of a large COCO file in little time and memory: outlines stay text until something asks for their points.

Nine tenths of such a file are the numbers of its outlines, and most of the time of a JSON reader goes into them.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mrcnn_keras.files import read_json

KEY = "mrcnn_keras.outline"  # its value: a place in the list of outlines
FARTHEST = 1000  # pixels: all numbers of WrittenPolygons lie between -FARTHEST and FARTHEST
# Polygons of at least three points with numbers of at most three digits before the dot, written as JSON usually is.
_NUMBER = rb"-?\d{1,3}+(?:\.\d++)?+"
_POINT = rb"%b, ?+%b" % (_NUMBER, _NUMBER)
_POLYGON = rb"\[(?:%b, ?+){2,}+%b\]" % (_POINT, _POINT)
_SEGMENTATION = re.compile(rb'"segmentation": ?+(\[%b(?:, ?+%b)*+\])' % (_POLYGON, _POLYGON))


class WrittenPolygons(Sequence):
    """Polygons `[K, (y, x)]` float64 as a tuple would hold them, from COCO's [[x1, y1, x2, y2, ...], ...] as bytes."""

    __slots__ = ("text",)

    def __init__(self, text):
        self.text = text

    def __bool__(self):
        return True

    def __len__(self):
        return self.text.count(b"[") - 1

    def __getitem__(self, index):
        return tuple(self)[index]

    def __iter__(self):
        for polygon in self.text[2:-2].split(b"["):
            numbers = [float(number) for number in polygon.rstrip(b" ,]").split(b",")]
            yield np.array(numbers).reshape(-1, 2)[:, ::-1]


def read_content(path):
    """The content of a JSON file, and a list of WrittenPolygons.

    Where a "segmentation" is made of plain polygons, the entry has KEY instead, with a place in the list. Raises
    UserError as read_json does.
    """
    outlines = []

    def take(match):
        outlines.append(WrittenPolygons(match[1]))
        return b'"%b": %d' % (KEY.encode(), len(outlines) - 1)

    try:
        return json.loads(_SEGMENTATION.sub(take, Path(path).read_bytes())), outlines
    except (OSError, ValueError, RecursionError):
        return read_json(path), []  # says what is wrong, and where in the file as it is
