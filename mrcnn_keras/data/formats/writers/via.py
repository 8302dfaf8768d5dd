"""VIA 2: a project file beside the pictures. Pieces and holes of an object are one polygon, the class an attribute."""

import json

from mrcnn_keras.data.formats.writers.writer import Writer
from mrcnn_keras.detections.outlines import plain_points

PROJECT = "via_project.json"
ATTRIBUTE = "class"  # of a region


class ViaWriter(Writer):
    """NAME.jpg, ... and via_project.json, for each subset in a folder of its own."""

    def __init__(self, folder, classes, tolerance=0.0):
        super().__init__(folder, classes, tolerance)
        self.pictures = {}  # {subset: {key: entry}}

    def write(self, labelled, instances):
        file = self.put_picture(labelled, self.folder / labelled.subset)
        size = file.stat().st_size
        regions = [
            {
                "shape_attributes": _shape(instance, labelled.found.size),
                "region_attributes": {ATTRIBUTE: self.classes.names[instance.class_id]},
            }
            for instance in instances
        ]
        entry = {"filename": file.name, "size": size, "regions": regions, "file_attributes": {}}
        self.pictures.setdefault(labelled.subset, {})[f"{file.name}{size}"] = entry

    def finish(self):
        super().finish()
        options = dict.fromkeys(self.classes.names[1:], "")
        attribute = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
        for subset, pictures in self.pictures.items():
            core = {"buffer_size": 18, "filepath": {}, "default_filepath": ""}
            content = {
                "_via_settings": {"ui": _UI, "core": core, "project": {"name": subset or "mrcnn"}},
                "_via_img_metadata": pictures,
                "_via_attributes": {"region": {ATTRIBUTE: attribute}, "file": {}},
                "_via_data_format_version": "2.0.10",
                "_via_image_id_list": list(pictures),
            }
            text = json.dumps(content, ensure_ascii=False)
            (self.folder / subset / PROJECT).write_text(text, encoding="utf-8")


# What VIA shows: the class beside each region.
_UI = {
    "annotation_editor_height": 25,
    "annotation_editor_fontsize": 0.8,
    "leftsidebar_width": 18,
    "image_grid": {
        "img_height": 80,
        "rshape_fill": "none",
        "rshape_fill_opacity": 0.3,
        "rshape_stroke": "yellow",
        "rshape_stroke_width": 2,
        "show_region_shape": True,
        "show_image_policy": "all",
    },
    "image": {
        "region_label": ATTRIBUTE,
        "region_color": ATTRIBUTE,
        "region_label_font": "10px Sans",
        "on_image_annotation_editor_placement": "NEAR_REGION",
    },
}


def _shape(instance, size):
    if instance.crop is None:
        y1, x1, y2, x2 = instance.box
        return {"name": "rect", "x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
    xs, ys = zip(*plain_points(instance.polygon(size)), strict=True)
    return {"name": "polygon", "all_points_x": list(xs), "all_points_y": list(ys)}
