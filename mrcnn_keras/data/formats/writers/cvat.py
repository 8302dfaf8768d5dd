"""CVAT for images 1.1: annotations.xml beside images/. An object is a polygon, or a mask if it has pieces or holes."""

from xml.etree import ElementTree as ET

import numpy as np

from mrcnn_keras.data.formats.writers.writer import Writer
from mrcnn_keras.detections.outlines import plain_points

DRAWN = {"source": "manual", "occluded": "0"}


class CvatWriter(Writer):
    """[SUBSET/]annotations.xml and [SUBSET/]images/NAME.jpg, so that each subset is a task of CVAT."""

    marks_boxes = True

    def __init__(self, folder, classes, tolerance=0.0):
        super().__init__(folder, classes, tolerance)
        self.pictures = {}  # {subset: elements}

    def write(self, labelled, instances):
        file = self.put_picture(labelled, self.folder / labelled.subset / "images")
        height, width = labelled.found.size
        entries = self.pictures.setdefault(labelled.subset, [])
        place = {"id": str(len(entries)), "name": file.name, "width": str(width), "height": str(height)}
        image = ET.Element("image", place)
        for instance in instances:
            name, attributes = _shape(instance)
            label = {"label": self.classes.names[instance.class_id]}
            ET.SubElement(image, name, {**label, **DRAWN, **attributes, "z_order": "0"})
        entries.append(image)

    def finish(self):
        super().finish()
        for subset, entries in self.pictures.items():
            root = ET.Element("annotations")
            ET.SubElement(root, "version").text = "1.1"
            task = ET.SubElement(ET.SubElement(root, "meta"), "task")
            ET.SubElement(task, "name").text = subset or "mrcnn"
            ET.SubElement(task, "size").text = str(len(entries))
            labels = ET.SubElement(task, "labels")
            for name in self.classes.names[1:]:
                label = ET.SubElement(labels, "label")
                ET.SubElement(label, "name").text = name
                ET.SubElement(label, "attributes")
            root.extend(entries)
            ET.indent(root)
            tree = ET.ElementTree(root)
            tree.write(self.folder / subset / "annotations.xml", encoding="utf-8", xml_declaration=True)


def _shape(instance):
    """-> name of the element, its attributes."""
    if instance.crop is None:
        y1, x1, y2, x2 = map(str, instance.box)
        return "box", {"xtl": x1, "ytl": y1, "xbr": x2, "ybr": y2}
    (outer, holes), *others = instance.parts()
    if not holes and not others:
        return "polygon", {"points": ";".join(f"{x},{y}" for x, y in plain_points(outer))}
    top, left, bits = instance.crop
    height, width = bits.shape
    place = {"left": str(left), "top": str(top), "width": str(width), "height": str(height)}
    return "mask", {"rle": ", ".join(map(str, _runs(bits))), **place}


def _runs(bits):
    """[h, w] bool -> lengths of runs row by row, the first of false pixels."""
    values = bits.reshape(-1)
    changes = np.flatnonzero(np.diff(values)) + 1
    return np.diff([0, *([0] if values[0] else []), *changes.tolist(), values.size]).tolist()
