"""Pascal VOC's masks: a picture with a value for each object, and one with a value for each class.

Values are palette indices, as VOC has them, or colours, as CVAT writes them. The borders of objects are void.
"""

from typing import NamedTuple

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.contradictions import overlap
from mrcnn_keras.data.formats.class_names import is_background
from mrcnn_keras.data.formats.masks import crops_of_values
from mrcnn_keras.data.formats.outlined import BOXES, OutlinedDataset
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_text

NAMES = (  # by index
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
VOID = 255  # index of the borders
UNKNOWN = "masks of a class that has no name, left out; add it to labelmap.txt"
SAME = 0.5  # intersection over union of a box and the extent of its mask


def _colour_of(index):
    """VOC's colour of an index, 65536 R + 256 G + B: bit 3 i + k of the index is bit 7 - i of channel k."""
    channels = [sum((index >> (3 * i + k) & 1) << (7 - i) for i in range(8)) for k in range(3)]
    return (channels[0] << 16) + (channels[1] << 8) + channels[2]


class Legend(NamedTuple):
    """Names of classes by index and by colour; `is_own` if the data have one themselves."""

    by_index: dict
    by_colour: dict
    is_own: bool

    @property
    def names(self):
        return list(dict.fromkeys([*self.by_index.values(), *self.by_colour.values()]))


def read_legend(root):
    """The Legend of labelmap.txt (CVAT), class_names.txt (labelme) or, without them, of VOC itself."""
    names, colours, own = NAMES, {}, False
    if (root / "labelmap.txt").is_file():
        lines = [line.split(":") for line in read_text(root / "labelmap.txt").splitlines()]
        lines = [line for line in lines if len(line) > 1 and not line[0].startswith("#")]
        names, own = [line[0].strip() for line in lines], True
        for name, channels in ((line[0].strip(), line[1].split(",")) for line in lines):
            if len(channels) == 3 and all(channel.strip().isdecimal() and int(channel) < 256 for channel in channels):
                red, green, blue = map(int, channels)
                colours[(red << 16) + (green << 8) + blue] = name
    elif (root / "class_names.txt").is_file():
        names, own = read_text(root / "class_names.txt").split("\n"), True
    by_index = {i: name.strip() for i, name in enumerate(names[:VOID])}
    colours = colours or {_colour_of(i): name for i, name in by_index.items()}
    return Legend(*({v: name for v, name in some.items() if _is_class(name)} for some in (by_index, colours)), own)


def _is_class(name):
    return bool(name) and not is_background(name) and name.strip("_ ") not in ("ignore", "void")


class MaskFiles(NamedTuple):
    """`boxes`: records.Annotations of the picture's XML, whose ids count its objects from 1."""

    objects: object  # paths
    classes: object
    legend: Legend
    boxes: tuple


class VocDataset(OutlinedDataset):
    """Pictures with `masks` (MaskFiles) in image_info; the others are as in OutlinedDataset."""

    def load_annotations(self, image_id):
        info = self.image_info[image_id]
        if "masks" not in info:
            return super().load_annotations(image_id)
        size, files = (info["height"], info["width"]), info["masks"]
        found = self._drawn_objects(image_id, size, files)
        alone = _boxes_alone(files.boxes, found)
        if alone:
            self.note(BOXES, image_id, len(alone))
        crops = [crop for _, _, crop in found] + [self._drawn(box, size, image_id) for box in alone]
        names = [name for _, name, _ in found] + [box.category_id for box in alone]
        class_ids = [self.map_source_class_id(f"{info['source']}.{name}") for name in names]
        return self._from_crops(image_id, size, np.array(class_ids, np.int32), crops)

    def entry_name(self, image_id, place):
        drawn = "masks" in self.image_info[image_id]
        return f"object {place + 1}" if drawn else super().entry_name(image_id, place)

    def load_boxes(self, image_id):
        return self.load_annotations(image_id) if "masks" in self.image_info[image_id] else super().load_boxes(image_id)

    def _drawn_objects(self, image_id, size, files):
        """-> [(index of the object or None, its class, MaskCrop), ...]"""
        objects, coloured = _values(files.objects, size)
        classes, by_colour = _values(files.classes, size)
        names = files.legend.by_colour if by_colour else files.legend.by_index
        written = {box.id: box.category_id for box in files.boxes}
        found, unknown = [], 0
        for value, crop in crops_of_values(objects, files.objects):
            inside = classes[crop.window][crop.bits]
            values, counts = np.unique(inside[inside > 0], return_counts=True)
            index = None if coloured else value
            name = names.get(int(values[counts.argmax()])) if len(values) else None
            name = name or written.get(index)
            if name is None:
                unknown += 1
            else:
                found.append((index, name, crop))
        if unknown:
            self.note(UNKNOWN, image_id, unknown, contradiction=True)
        return found


def _values(path, size):
    """-> [H, W] int32, 0 for background and void, and whether the values are colours."""
    values, coloured = images.read_label_values(path)
    if values.shape != size:
        raise UserError(
            f"{str(path)!r} is {values.shape[0]} x {values.shape[1]} pixels but its picture is {size[0]} x {size[1]} "
            "(height x width); draw masks in the size of the picture"
        )
    values[values == (_colour_of(VOID) if coloured else VOID)] = 0
    return values, coloured


def _boxes_alone(boxes, found):
    """The boxes that belong to none of the masks `found`, by their number or by their place."""
    drawn, written = {(index, name) for index, name, _ in found}, {(box.id, box.category_id) for box in boxes}
    extents = [(name, crop.box) for index, name, crop in found if (index, name) not in written]
    alone = []
    for box in boxes:
        if (box.id, box.category_id) in drawn:
            continue
        same = [extent for extent in extents if extent[0] == box.category_id and overlap(extent[1], box.box) >= SAME]
        if same:
            extents.remove(max(same, key=lambda extent: overlap(extent[1], box.box)))
        else:
            alone.append(box)
    return alone
