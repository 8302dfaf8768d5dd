"""VIA, the VGG Image Annotator, 1 and 2: its exports as JSON and as csv, and the project file of VIA 2.

photos/train/via_region_data.json     photos/train/*.jpg
photos/train/via_region_data.csv
photos/via_project_3Mar2026.json      photos/images/*.jpg

A folder often has several of these, of the same pictures: they are read in the order of `_order`, and only as far as
they have other pictures than those before. Which region attribute is the class: via_classes.py.
"""

import itertools
import re
from functools import partial

from mrcnn_keras.data.formats import outlined
from mrcnn_keras.data.formats.coco_keypoints import as_whole
from mrcnn_keras.data.formats.collected import FEW_POINTS, NO_AREA, Collected
from mrcnn_keras.data.formats.folders import (
    LOOKED_AT,
    annotated_subsets,
    files_in,
    folders_in,
    name_subsets,
    subset_of_file,
)
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.data.formats.shapes import box_around, ellipse, points_of
from mrcnn_keras.data.formats.via_classes import choose_attribute
from mrcnn_keras.data.formats.via_files import ViaFile, looks_like_via, regions_of
from mrcnn_keras.errors import UserError

SUFFIXES = {".json", ".csv"}
EXPORTED = re.compile(r"via_(region_data|export)", re.I)  # how VIA itself calls an export
POLYLINES = "polylines, closed to outlines"
NO_REGIONS = "pictures without a region, read as pictures without objects"
OTHER_COUNT = "pictures with more or fewer rows than their region_count says"
KNOWN = "pictures that another file has, too, read from the first"


def find(path):
    """{subset: file, or folder with several files} of VIA; {} if there is none. "" is not a subset."""
    if path.is_file():
        return {"": path} if path.suffix.lower() in SUFFIXES and looks_like_via(path) else {}
    places = _places_in(path)
    if places:
        return places
    inner = [places for places in map(_places_in, folders_in(path)[:LOOKED_AT]) if places]
    return inner[0] if len(inner) == 1 else {}


def load(paths, skip_bad=0.05, family=(), class_attribute=None):
    """The Dataset of some of the places that `find` found; the rest as in outlined.load.

    One attribute is the class in all of them, and of `family`: class_attribute, see choose_attribute.
    """
    contents = {place: _contents(place) for place in dict.fromkeys((*paths, *family))}
    files = [file for of_place in contents.values() for file in of_place]
    definitions = {name: definition for file in files for name, definition in file.definitions.items()}
    regions = [found for file in files for found in file.attributes()]
    attribute, notes = choose_attribute(regions, definitions, class_attribute)
    read = partial(_read, contents=contents, attribute=attribute, notes=notes)
    return outlined.load(read, "via", paths, skip_bad, family)


def _places_in(path):
    for folder in (path, path / "annotations"):
        files = _files_in(folder)
        if files:
            return _subsets_of(files) or {"": files[0] if len(files) == 1 else folder}
    return annotated_subsets(path, _files_in)


def _files_in(folder):
    files = itertools.islice(files_in(folder, SUFFIXES), LOOKED_AT)
    return sorted((file for file in files if looks_like_via(file)), key=_order)


def _subsets_of(files):
    """{subset: file} of files that are all called like subsets, the first of each; otherwise {}."""
    firsts = {}
    for file in files:
        firsts.setdefault(subset_of_file(file), file)
    return name_subsets(list(firsts.values())) if len(firsts) > 1 else {}


def _order(file):
    """Exports as VIA calls them, which tutorials read; then a project, the other exports, and tables."""
    project = '"_via_settings"' in read_head(file)
    exported = bool(EXPORTED.match(file.name)) and not project
    return file.suffix.lower() == ".csv", 0 if exported else 1 if project else 2, file.name


def _contents(place):
    """The ViaFiles of a place, in their order."""
    return [ViaFile(file) for file in ([place] if place.is_file() else _files_in(place))]


def _read(place, bad, contents, attribute, notes):
    """-> AnnotationFile"""
    found = Collected(place, bad)
    found.notes |= {note: {} for note in notes}
    seen = set()
    for file in contents[place]:
        names = file.names()
        if len(names & seen) * 2 > len(names):
            first = contents[place][0].path.name
            found.notes[f"{file.path.name} is passed over, as {first} has its pictures; give it itself to read it"] = {}
            continue
        for number, entry in enumerate(file.entries):
            if isinstance(entry, dict) and str(entry.get("filename")) in seen:
                found.note(KNOWN)
                continue
            with found.entry("pictures", file.path, f"picture {number}"):
                regions = _add_picture(found, entry)
                for index, region in enumerate(regions):
                    with found.entry("annotations", file.path, f"region {index} of {entry['filename']!r}"):
                        _add_region(found, region, attribute)
        seen |= names
    return found.as_file()


def _add_picture(found, entry):
    """-> its regions"""
    name, regions = (entry.get("filename"), regions_of(entry)) if isinstance(entry, dict) else (None, None)
    if not isinstance(name, str) or not name or regions is None:
        raise UserError(f"it has {str(entry)[:60]!r} in place of a picture with 'filename' and 'regions'; export again")
    found.add_picture(name)
    if not regions:
        found.note(NO_REGIONS)
    if as_whole(entry.get("rows")) not in (None, len(regions)):
        found.note(OTHER_COUNT)
    return regions


def _add_region(found, region, attribute):
    shape = region.get("shape_attributes") if isinstance(region, dict) else None
    if not isinstance(shape, dict):
        raise UserError(f"it is {str(region)[:60]!r}, without 'shape_attributes'; export it again from VIA")
    kind = shape.get("name")
    if kind == "point":
        found.note(NO_AREA)
        return
    if not isinstance(kind, str) or kind not in _SHAPES:
        raise UserError(f"it has the shape {str(kind)[:40]!r}; VIA has {', '.join(_SHAPES)} and point")
    label = attribute.class_of(region.get("region_attributes"))
    points = _SHAPES[kind](shape)
    if kind == "rect":
        found.add(label, box_around(points))
    elif len(points) < 3:
        found.note(FEW_POINTS)
    else:
        if kind == "polyline":
            found.note(POLYLINES)
        found.add(label, polygons=(points,))


def _polygon(shape):
    xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
        raise UserError(f"the points are x {str(xs)[:40]} and y {str(ys)[:40]}; write two lists of one length")
    return points_of(list(zip(xs, ys, strict=True))) if xs else []


def _rectangle(shape):
    (height, width), (y, x) = points_of([[shape.get("width"), shape.get("height")], [shape.get("x"), shape.get("y")]])
    return points_of([[x, y], [x + width, y + height]])


def _ellipse(shape):
    radii = (shape.get("r"),) * 2 if shape["name"] == "circle" else (shape.get("ry"), shape.get("rx"))
    return ellipse((shape.get("cy"), shape.get("cx")), radii, shape.get("theta", 0.0))


_SHAPES = {"polygon": _polygon, "polyline": _polygon, "rect": _rectangle, "circle": _ellipse, "ellipse": _ellipse}
