"""labelme: a JSON file beside each picture. Pieces of an object are polygons of one group, holes are cut in."""

import json

from mrcnn_keras.data.formats.writers.writer import Writer
from mrcnn_keras.detections.to_labelme import labelme_shapes

VERSION = "5.5.0"  # of labelme, whose form of file this is; later ones read it


class LabelmeWriter(Writer):
    """NAME.jpg and NAME.json."""

    def write(self, labelled, instances):
        file = self.put_picture(labelled, self.folder / labelled.subset)
        height, width = labelled.found.size
        content = {
            "version": VERSION,
            "flags": {},
            "shapes": [
                shape
                for number, found in enumerate(instances, 1)
                for shape in labelme_shapes(
                    self.classes.names[found.class_id], found.box, found.crop and found.polygons(), number
                )
            ],
            "imagePath": file.name,
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        file.with_suffix(".json").write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
