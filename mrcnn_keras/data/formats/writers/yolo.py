"""YOLO segmentation: a text file for each picture, a line for each object, and data.yaml with the class names.

A line is the number of the class and x and y of each point as shares of the picture. It holds one polygon, so pieces
and holes are joined to one. Where no object has a mask, a line has the centre, width and height of its box instead.
"""

import json
import math

from mrcnn_keras.data.formats.writers.writer import Writer
from mrcnn_keras.detections.outlines import plain_points

DIGITS = 9  # of a share: far below the fifth of a pixel by which outlines are drawn
WHOLE = "YOLO asks for train and val; where there is but one, both are the same pictures"


class YoloWriter(Writer):
    """images/[SUBSET/]NAME.jpg, labels/[SUBSET/]NAME.txt and data.yaml."""

    def __init__(self, folder, classes, tolerance=0.0):
        super().__init__(folder, classes, tolerance)
        self.subsets = {}
        self.as_boxes = []  # files that hold nothing but boxes, with the lines of their outlines

    def write(self, labelled, instances):
        self.subsets[labelled.subset] = None
        file = self.put_picture(labelled, self.folder / "images" / labelled.subset)
        labels = self.folder / "labels" / labelled.subset / f"{file.stem}.txt"
        labels.parent.mkdir(parents=True, exist_ok=True)
        as_boxes = bool(instances) and all(instance.crop is None for instance in instances)
        lines = [_line(instance, labelled.found.size, as_boxes) for instance in instances]
        labels.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        if as_boxes:
            self.as_boxes.append((labels, [_line(instance, labelled.found.size, False) for instance in instances]))

    def finish(self):
        super().finish()
        if self.masks:  # YOLO drops all outlines of a data set that has boxes, too
            for labels, lines in self.as_boxes:
                labels.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        places = {subset: f"images/{subset}" for subset in self.subsets if subset}
        both = {name: next(iter(places.values()), "images") for name in ("train", "val")} | places
        lines = [f"# {WHOLE}"] if len(places) < len(both) else []
        lines += [f"{name}: {place}" for name, place in both.items()]
        lines += [
            "names:",
            *(f"  {i}: {json.dumps(n, ensure_ascii=False)}" for i, n in enumerate(self.classes.names[1:])),
        ]
        (self.folder / "data.yaml").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _line(instance, size, as_box):
    height, width = size
    y1, x1, y2, x2 = instance.box
    if as_box:
        points = [((x1 + x2) / 2, (y1 + y2) / 2), (x2 - x1, y2 - y1)]
    elif instance.crop is None:
        points = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    else:
        points = plain_points(instance.polygon(size))
    shares = [_share(value, side) for point in points for value, side in zip(point, (width, height), strict=True)]
    return " ".join([str(instance.class_id - 1), *shares])


def _share(value, side):
    """Rounded up, so that a point on the border between two of a drawing's steps does not fall back into the first."""
    return f"{min(max(math.ceil(value / side * 10**DIGITS) / 10**DIGITS, 0.0), 1.0):.{DIGITS}g}"
