"""COCO: one JSON for each subset. Masks are polygons, or run lengths where they have holes."""

import json

from mrcnn_keras.data.formats.coco import annotation_entries, category_entries
from mrcnn_keras.data.formats.writers.writer import Writer, plain_points


class CocoWriter(Writer):
    """annotations/instances_SUBSET.json and images/[SUBSET/]NAME.jpg, as CVAT has them."""

    holds_crowds = holds_keypoints = tells_boxes = True
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
        segmentations = [_segmentation(instance, labelled.found.size) for instance in instances]
        first = len(content["annotations"]) + 1
        found = labelled.found
        content["annotations"] += annotation_entries(found, image_id, self.classes.category_ids, first, segmentations)

    def finish(self):
        super().finish()
        (self.folder / "annotations").mkdir()
        for subset, content in self.contents.items():
            file = self.folder / "annotations" / f"instances_{subset or 'default'}.json"
            file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _segmentation(instance, size):
    if instance.crop is None:
        return None
    parts = instance.parts()
    if instance.class_id < 0 or any(holes for _, holes in parts):
        return instance.crop.rle(*size)
    return [[value for point in plain_points(outer) for value in point] for outer, _ in parts]
