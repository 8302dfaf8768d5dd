"""COCO: one JSON for each subset. Masks are polygons, or run lengths where they have holes."""

import json

from mrcnn_keras.data.formats.coco import category_entries
from mrcnn_keras.data.formats.writers.writer import Writer
from mrcnn_keras.detections.to_coco import coco_annotations, segmentation_of


class CocoWriter(Writer):
    """annotations/instances_SUBSET.json and images/[SUBSET/]NAME.jpg, as CVAT has them."""

    holds_crowds = holds_keypoints = marks_boxes = True
    kinds = None

    def __init__(self, folder, classes, tolerance=0.0):
        super().__init__(folder, classes, tolerance)
        self.contents = {}  # {subset: content}

    def write(self, labelled, instances):
        categories = category_entries(self.classes.names, self.classes.category_ids, self.classes.keypoint_layout)
        empty = {"images": [], "annotations": [], "categories": categories}
        content = self.contents.setdefault(labelled.subset, empty)
        file = self.put_picture(labelled, self.folder / "images" / labelled.subset)
        height, width = labelled.found.size
        image_id = len(content["images"]) + 1
        content["images"].append({"id": image_id, "file_name": file.name, "height": height, "width": width})
        found, first = labelled.found, len(content["annotations"]) + 1
        segmentations = [
            one.crop and segmentation_of(one.crop, one.parts(), found.size, one.class_id < 0) for one in instances
        ]
        content["annotations"] += coco_annotations(found, image_id, self.classes.category_ids, first, segmentations)

    def finish(self):
        super().finish()
        (self.folder / "annotations").mkdir()
        for subset, content in self.contents.items():
            file = self.folder / "annotations" / f"instances_{subset or 'default'}.json"
            file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
