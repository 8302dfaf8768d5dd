"""Supervisely: a project folder with meta.json and a folder per data set, with one JSON per picture.

project/meta.json     project/ds0/ann/a.jpg.json     project/ds0/img/a.jpg

Supervisely counts pixels: the point (3, 3) is the centre of that pixel, which here is (3.5, 3.5), and the last row and
column of a rectangle belong to it.
"""

import re
import zlib

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.formats.collected import FEW_POINTS, NO_AREA, Collected, label_of
from mrcnn_keras.data.formats.embedded_pictures import from_base64
from mrcnn_keras.data.formats.folders import ListedFolders, annotated_folders, files_below
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.data.formats.shapes import box_around, outline, points_of, size_of
from mrcnn_keras.data.images import MAX_PIXELS
from mrcnn_keras.detections import crop_mask
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json

DEPTH = 4  # folders above one of annotations, among which is that of the project: data sets may hold others
ANNOTATIONS, META = "ann", "meta.json"
PICTURE_FOLDERS = ("img", "images", "Images")
WITHOUT_AREA = ("point", "line", "polyline", "graph", "cuboid", "cuboid_2d")


def find(path):
    """{subset: folder, or JSON file} of Supervisely; {} if there is none. "" is not a subset."""
    if path.is_file():
        return {"": path} if path.suffix.lower() == ".json" and _is_supervisely(path) else {}
    return annotated_folders(path, {".json"}, _is_annotation)


def _is_annotation(path):
    return path.parent.name == ANNOTATIONS and _is_supervisely(path)


def _is_supervisely(path):
    """Only the head is read."""
    head = read_head(path)
    size = re.search(r'"size"\s*:\s*\{\s*"(height|width)"', head)
    return bool(re.search(r'"classTitle"\s*:', head) or size and re.search(r'"objects"\s*:\s*\[', head))


def read(place, bad):
    """-> AnnotationFile"""
    found = Collected(place, bad)
    folder = place.parent if place.is_file() else place
    files = [place] if place.is_file() else files_below(place, {".json"})
    files = [file for file in files if file == place or file.parent.name == ANNOTATIONS]
    for name in _classes(files):
        found.categories[name] = (name, None)
    pictures = ListedFolders()
    for file in files:
        with found.entry("pictures", file):
            _add_picture(found, file, file.parent.relative_to(folder), pictures)
    return found.as_file()


def _classes(files):
    """The classes with an area in the meta.json of the projects, which lie above the folders of their data sets."""
    folders = dict.fromkeys(above for folder in {file.parent for file in files} for above in [*folder.parents][:DEPTH])
    contents = [read_json(folder / META) for folder in folders if (folder / META).is_file()]
    lists = [content.get("classes") for content in contents if isinstance(content, dict)]
    entries = [entry for of in lists if isinstance(of, list) for entry in of if isinstance(entry, dict)]
    names = [entry.get("title") for entry in entries if entry.get("shape") not in WITHOUT_AREA]
    return [label_of(name) for name in names if isinstance(name, str) and name.strip()]


def _add_picture(found, file, inner, pictures):
    content = read_json(file)
    objects, size = (content.get("objects"), content.get("size")) if isinstance(content, dict) else (None, None)
    size = size_of(size.get("height"), size.get("width")) if isinstance(size, dict) else None
    if not isinstance(objects, list) or size is None:
        raise UserError(f"{str(file)!r} has no list 'objects' or no 'size'; export it again from Supervisely")
    name = file.name.removesuffix(".json")  # that of the picture; older projects leave its suffix out
    folders = [file.parent.parent / folder for folder in PICTURE_FOLDERS]
    stems = [path for folder in folders for path in pictures.files(folder).values() if path.stem == name]
    path = pictures.find(name, folders) or (stems[0] if len(stems) == 1 else None)
    found.add_picture((inner.parent / (path.name if path else name)).as_posix(), size, path)
    for number, entry in enumerate(objects):
        with found.entry("annotations", file, f"object {number}"):
            _add_object(found, entry, file, size)


def _add_object(found, entry, file, size):
    if not isinstance(entry, dict):
        raise UserError(f"it is {str(entry)[:40]!r}; export it again")
    label, kind, points = label_of(entry.get("classTitle")), entry.get("geometryType"), entry.get("points")
    if kind in WITHOUT_AREA:
        found.note(NO_AREA)
        return
    key = "alpha_mask" if kind == "alpha_mask" else "bitmap"
    if isinstance(entry.get(key), dict):
        found.add(label, **outline([(_mask(entry[key], file, size), False)], size))
        return
    if kind == "multipolygon" and isinstance(entry.get("parts"), list):
        _add_polygons(found, label, entry["parts"], size)
        return
    if not isinstance(points, dict):
        raise UserError(f"it has the geometryType {str(kind)[:40]!r}, which is not read; draw it as a polygon")
    corners = _points(points.get("exterior"))
    if kind == "rectangle" or kind is None and len(corners) == 2:
        if len(corners) != 2:
            raise UserError(f"it is a rectangle of {len(corners)} points; give it two")
        y1, x1, y2, x2 = box_around(corners)
        found.add(label, (y1, x1, y2 + 1, x2 + 1))
        return
    _add_polygons(found, label, [points], size)


def _add_polygons(found, label, parts, size):
    steps = [step for part in parts for step in _steps(part)]
    if steps:
        found.add(label, **outline(steps, size))
    else:
        found.note(FEW_POINTS)


def _steps(points):
    """The steps of a polygon with its holes, see shapes.outline; [] of fewer than three points."""
    points = points if isinstance(points, dict) else {}
    exterior, interior = _points(points.get("exterior")), points.get("interior") or []
    if not isinstance(interior, list):
        raise UserError(f"its holes are {str(interior)[:40]!r}; export it again")
    holes = [hole for hole in map(_points, interior) if len(hole) > 2]
    return [(exterior + 0.5, False), *((hole + 0.5, True) for hole in holes)] if len(exterior) > 2 else []


def _points(pairs):
    return points_of(pairs) if pairs else np.zeros((0, 2))


def _mask(bitmap, file, size):
    """-> MaskCrop"""
    data = from_base64(bitmap.get("data"), "its bitmap")
    opened = zlib.decompressobj()
    try:
        # Pixels take 4 bytes at most, before PNG packs them.
        picture = opened.decompress(data, 4 * size[0] * size[1] + (1 << 16))
    except zlib.error as error:
        raise UserError(f"its bitmap is damaged ({error}); export it again") from error
    if opened.unconsumed_tail or not opened.eof:
        raise UserError("its bitmap is cut off, or larger than its picture; export it again")
    origin = points_of([bitmap.get("origin")])[0]
    if (origin % 1).any() or np.abs(origin).max() > MAX_PIXELS:
        raise UserError(f"its bitmap has the origin {bitmap.get('origin')}; write the whole numbers [x, y]")
    top, left = origin.astype(int).tolist()
    return crop_mask(images.read_bits(file, picture, size), top, left)
