"""labelme: a JSON file beside each picture. Pieces of an object are polygons of one group, holes are cut in."""

import json

from mrcnn_keras.data.formats.writers.writer import Writer, plain_points

VERSION = "5.5.0"  # of labelme, whose form of file this is; later ones read it


class LabelmeWriter(Writer):
    """NAME.jpg and NAME.json."""

    def write(self, labelled, instances):
        file = self.put_picture(labelled, self.folder / labelled.subset)
        height, width = labelled.found.size
        content = {
            "version": VERSION,
            "flags": {},
            "shapes": [shape for number, found in enumerate(instances, 1) for shape in self._shapes(found, number)],
            "imagePath": file.name,
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        file.with_suffix(".json").write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")

    def _shapes(self, instance, number):
        if instance.crop is None:
            y1, x1, y2, x2 = instance.box
            kind, outlines = "rectangle", [[[x1, y1], [x2, y2]]]
        else:
            kind, outlines = "polygon", [plain_points(polygon) for polygon in instance.polygons()]
        for points in outlines:
            yield {
                "label": self.classes.names[instance.class_id],
                "points": points,
                "group_id": number if len(outlines) > 1 else None,
                "description": "",
                "shape_type": kind,
                "flags": {},
            }
