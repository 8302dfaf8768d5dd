"""What a reader of any format makes of its files: pictures with annotations, common to all formats.

COCO's model of the world: classes, pictures and, on a picture, objects with an outline (polygons whose union is the
object, or run lengths where it has holes) or only a box.
"""

from pathlib import Path
from typing import NamedTuple


class Annotation(NamedTuple):
    """One object. `box` is (y1, x1, y2, x2) or None; it has polygons, run lengths or neither: a box only."""

    id: object
    category_id: object  # a key of AnnotationFile.categories
    crowd: bool = False
    box: tuple | None = None
    polygons: tuple = ()  # of [K, (y, x)] float64, pixels
    counts: object = None  # [K] int64, or COCO's compressed str
    keypoints: object = None  # [K, (y, x, visibility)] float32


class Picture(NamedTuple):
    """`file_name` is as in the file and may lead anywhere; `size` is (height, width), or None if absent.

    With `in_shares`, boxes and polygons are shares of the picture's height and width instead of pixels.
    """

    id: object
    file_name: str
    size: tuple | None
    annotations: list
    path: object = None  # of its file, where the reader knows it; otherwise it is searched by its name
    inside: object = None  # path of a JSON file that holds the picture itself, for where it has no file
    in_shares: bool = False
    more: dict = {}  # for the Dataset's image_info: what a format's own class reads later, such as files of masks


class AnnotationFile(NamedTuple):
    """What one place holds. A format without numbers for its classes takes their names for `category_id`."""

    path: Path  # of the file or folder
    categories: dict  # {id: (name, supercategory or None)}
    pictures: list
    notes: dict  # {finding: {index of the picture: count}}, or {finding: {}} of none; one with "left out" is a loss
    layouts: dict = {}  # {id: KeypointLayout} of the categories that have keypoints
    has_masks: bool = False  # beside those of the annotations
    rectangles: bool = False  # whether boxes are what somebody drew: outlines where other objects have an outline
