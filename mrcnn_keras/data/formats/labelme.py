"""labelme: one JSON per picture, beside it, in a folder of its own or with the picture inside.

photos/train/a.json        photos/train/a.jpg
photos/labels/train/a.json photos/images/train/a.jpg

As in labelme's own scripts, shapes with the same label and `group_id` are parts of one object, `__ignore__` is left out
and `_background_` is drawn over earlier shapes. A picture without a JSON is not annotated yet, and left out.
"""

import re

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.formats.collected import FEW_POINTS, NO_AREA, Collected, label_of
from mrcnn_keras.data.formats.embedded_pictures import from_base64
from mrcnn_keras.data.formats.folders import ListedFolders, annotated_folders, files_below, twin_folders
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.data.formats.picture_files import plain_name
from mrcnn_keras.data.formats.shapes import box_around, ellipse, outline, points_of, size_of
from mrcnn_keras.data.rasterize import outline_of_box
from mrcnn_keras.detections import MaskCrop
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json

PICTURE_FOLDERS = ("images", "imgs", "img", "JPEGImages")
IGNORED, BACKGROUND = "__ignore__", "_background_"
LEFT_OUT = f"shapes of {IGNORED}, left out"
CUT_OUT = f"shapes of {BACKGROUND}, cut out of the objects listed before them"
BY_STEM = "pictures found by the name of their JSON file, as imagePath has another"
# The polygons of labelme, with the names that X-AnyLabeling and newer versions have for some of them.
POLYGONS = (None, "", "polygon", "rotation", "oriented_rectangle", "quadrilateral")
WITHOUT_AREA = ("line", "linestrip", "point", "points")


def find(path):
    """{subset: folder, or JSON file} of labelme; {} if there is none. "" is not a subset."""
    return annotated_folders(path, {".json"}, _is_labelme)


def _is_labelme(path):
    """Only the head is read. Old versions begin with the picture."""
    head = read_head(path)
    return bool(re.match(r"\s*\{", head) and re.search(r'"(shapes"\s*:\s*\[|(imageData|imagePath)"\s*:)', head))


def read(place, bad):
    """-> AnnotationFile"""
    found = Collected(place, bad)
    folder = place.parent if place.is_file() else place
    pictures = ListedFolders()
    others = []
    for file in [place] if place.is_file() else files_below(place, {".json"}):
        if file != place and not _is_labelme(file):
            others.append(file)
            continue
        with found.entry("pictures", file):
            _add_picture(found, file, file.parent.relative_to(folder), pictures)
    if others:
        found.notes[f"JSON files that are not labelme's, passed over: {len(others)} (first {str(others[0])!r})"] = {}
    if place.is_dir():
        _note_others(found, pictures)
    return found.as_file()


def _add_picture(found, file, inner, pictures):
    content = read_json(file)
    shapes, name = (content.get("shapes"), content.get("imagePath")) if isinstance(content, dict) else (None, None)
    if not isinstance(shapes, list):
        raise UserError(f"{str(file)!r} has no list 'shapes'; save it again in labelme")
    name = name if isinstance(name, str) and name else file.stem
    data = content.get("imageData")
    inside = file if data else None
    size = size_of(content.get("imageHeight"), content.get("imageWidth"))
    base = re.split(r"[/\\]", name)[-1]
    path = _find_picture(file, name, base, pictures)
    if size is None and path is not None:
        size = images.read_size(path)
    elif size is None and inside is not None:
        size = images.read_size(file, from_base64(data, f"{str(file)!r}, imageData"))
    found.add_picture((inner / base).as_posix(), size, path, inside)
    if path is not None and path.name != base:
        found.note(BY_STEM)
    _add_objects(found, file, shapes, size)


def _find_picture(file, name, base, pictures):
    """The path of the picture `name` of a JSON file, as far as it lies where labelme puts it; or None."""
    inside = plain_name(name)
    named = [(file.parent / inside).parent] if inside else []
    path = pictures.find(base, (*named, file.parent, *twin_folders(file.parent, PICTURE_FOLDERS)))
    stems = [other for other in pictures.files(file.parent).values() if other.stem == file.stem]
    return stems[0] if path is None and len(stems) == 1 else path


def _note_others(found, pictures):
    """Notes the pictures beside the annotated ones that have no JSON."""
    paths = {picture.path for picture in found.pictures}
    folders = dict.fromkeys(path.parent for path in paths if path is not None)
    others = [path for folder in folders for path in pictures.files(folder).values() if path not in paths]
    if others:
        found.notes[
            f"pictures without a JSON file of labelme's, left out: {len(others)} (first {str(others[0])!r}); to have "
            "one as a picture without objects, save it in labelme without a shape"
        ] = {}


def _add_objects(found, file, shapes, size):
    """Adds the objects of a picture; one is a list of steps, see shapes.outline."""
    objects = {}
    for number, shape in enumerate(shapes):
        with found.entry("annotations", file, f"shape {number}"):
            if not isinstance(shape, dict):
                raise UserError(f"it is {str(shape)[:40]!r}; save the file again in labelme")
            label, kind = label_of(shape.get("label")), shape.get("shape_type")
            if kind in WITHOUT_AREA or label == IGNORED:
                found.note(LEFT_OUT if label == IGNORED else NO_AREA)
                continue
            drawn = _drawn(shape, kind, file, size)
            if drawn is None:
                found.note(FEW_POINTS)
            elif label == BACKGROUND:
                found.note(CUT_OUT)
                _cut(objects, drawn)
            else:
                group = number if shape.get("group_id") is None else f"group {shape['group_id']}"
                objects.setdefault((label, group), []).append((drawn, False, kind))
    for (label, group), steps in objects.items():
        with found.entry("annotations", file, f"{label!r}, shape or {group}", count=0):
            if len(steps) == 1 and steps[0][2] == "rectangle":
                found.add(label, box_around(steps[0][0]))
            else:
                found.add(label, **outline([step[:2] for step in steps], size))


def _cut(objects, drawn):
    """Cuts a shape out of the objects whose boxes it meets."""
    y1, x1, y2, x2 = _box(drawn)
    for steps in objects.values():
        boxes = np.array([_box(shape) for shape, cut, _ in steps if not cut])
        if (boxes[:, :2] < (y2, x2)).all(axis=1).any() and (boxes[:, 2:] > (y1, x1)).all(axis=1).any():
            steps.append((drawn, True, None))


def _box(drawn):
    return drawn.box if isinstance(drawn, MaskCrop) else box_around(drawn)


def _drawn(shape, kind, file, size):
    """-> [K, (y, x)] or MaskCrop; None for less than an outline."""
    points = points_of(shape.get("points"))
    if kind in POLYGONS:
        return points if len(points) > 2 else None
    wanted = {"rectangle": (2, 4), "circle": (2,), "mask": (2,)}.get(str(kind))
    if wanted is None:
        raise UserError(f"it has the shape_type {str(kind)[:40]!r}, which is not read; draw it as a polygon")
    if len(points) not in wanted:
        raise UserError(f"it is a {kind} of {len(points)} points; give it {wanted[0]}")
    if kind == "rectangle":
        return outline_of_box(box_around(points))
    if kind == "circle":
        radius = float(np.hypot(*(points[1] - points[0])))
        return ellipse(points[0].tolist(), (radius, radius))
    if size is None:
        raise UserError("it is a mask in a picture of unknown size; write imageHeight and imageWidth")
    bits = images.read_bits(file, from_base64(shape.get("mask"), "its mask"), size)
    top, left = (int(value) for value in np.clip(points[0], -1, max(size)))
    return MaskCrop(top, left, bits)
