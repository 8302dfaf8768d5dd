"""LabelMe 3, the web tool (not labelme): one XML per picture, with polygons, and masks in files of their own.

photos/a.xml                    photos/a.jpg                photos/Masks/a_mask_0.png
data/Annotations/users/a.xml    data/Images/users/a.jpg     data/Masks/users/a_mask_0.png

CVAT and Datumaro write an object in several pieces as objects of one name that are parts of the first.
"""

import re

from mrcnn_keras.data import images
from mrcnn_keras.data.formats.collected import FEW_POINTS, Collected, label_of
from mrcnn_keras.data.formats.folders import ListedFolders, annotated_folders, files_below, twin_folders
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.data.formats.shapes import box_around, outline, points_of, size_of
from mrcnn_keras.data.formats.xml_file import read_xml, text_of
from mrcnn_keras.detections import MaskCrop, crop_mask
from mrcnn_keras.errors import UserError

PICTURE_FOLDERS = ("Images", "images")
MASK_FOLDERS = ("Masks", "masks")
DELETED = "objects that were deleted in LabelMe, left out"


def find(path):
    """{subset: folder, or XML file} of LabelMe 3; {} if there is none. "" is not a subset."""
    return annotated_folders(path, {".xml"}, _is_labelme3)


def _is_labelme3(path):
    """Only the head is read. Pascal VOC has the same root, but boxes."""
    head = read_head(path)
    of_tool = re.search(r"<(polygon|segm|nrows|sourceAnnotation)\b", head)
    return bool(re.search(r"<annotation[\s>]", head) and of_tool and "<bndbox>" not in head)


def read(place, bad):
    """-> AnnotationFile"""
    found = Collected(place, bad)
    folder = place.parent if place.is_file() else place
    files, others = ListedFolders(), []
    for file in [place] if place.is_file() else files_below(place, {".xml"}):
        if file != place and not _is_labelme3(file):
            others.append(file)
            continue
        with found.entry("pictures", file):
            _add_picture(found, file, file.parent.relative_to(folder), files)
    if others:
        found.notes[f"XML files that are not LabelMe's, passed over: {len(others)} (first {str(others[0])!r})"] = {}
    return found.as_file()


def _add_picture(found, file, inner, files):
    root = read_xml(file)
    name = re.split(r"[/\\]", text_of(root, "filename"))[-1]
    if root.tag != "annotation" or not name:
        raise UserError(f"{str(file)!r} has no <annotation> with a <filename>; export it again")
    size = size_of(text_of(root, "imagesize/nrows"), text_of(root, "imagesize/ncols"))
    path = files.find(name, (file.parent, *twin_folders(file.parent, PICTURE_FOLDERS)))
    found.add_picture((inner / name).as_posix(), size or (path and images.read_size(path)), path)
    _add_objects(found, file, root, files)


def _add_objects(found, file, root, files):
    """Adds the objects of a picture; one is a list of steps, see shapes.outline."""
    size = found.pictures[-1].size
    wholes, objects = {}, {}
    for number, element in enumerate(root.iter("object")):
        wholes.setdefault((text_of(element, "name"), text_of(element, "id", None)), number)
    for number, element in enumerate(root.iter("object")):
        with found.entry("annotations", file, f"object {number}"):
            label = label_of(text_of(element, "name"))
            if text_of(element, "deleted") == "1":
                found.note(DELETED)
                continue
            shape = _shape(element, file, size, files)
            if shape is None:
                found.note(FEW_POINTS)
                continue
            # A wheel is part of a car, and an object of its own. The whole may come after its part.
            whole = text_of(element, "parts/ispartof")
            first = wholes.get((label, whole), number) if whole else number
            objects.setdefault(first, (label, []))[1].append(((shape, False), text_of(element, "type")))
    for number, (label, steps) in objects.items():
        with found.entry("annotations", file, f"object {number}", count=0):
            shape, kind = steps[0][0][0], steps[0][1]
            if (
                len(steps) == 1 and kind == "bounding_box" and not isinstance(shape, MaskCrop)
            ):  # masks may be of this type, too
                found.add(label, box_around(shape))
            else:
                found.add(label, **outline([step for step, _ in steps], size))


def _shape(element, file, size, files):
    """-> [K, (y, x)] or MaskCrop; None for less than an outline."""
    polygon, mask = element.find("polygon"), text_of(element, "segm/mask")
    if polygon is not None:
        points = [(text_of(point, "x"), text_of(point, "y")) for point in polygon.iter("pt")]
        return points_of(points) if len(points) > 2 else None
    if not mask:
        raise UserError("it has neither <polygon> nor <segm>; draw it again")
    path = files.find(mask, _mask_folders(file.parent))
    if path is None:
        raise UserError(f"its mask {mask!r} is not in a folder Masks beside it; put it there")
    bits = images.read_mask(path)
    if bits.shape != size:
        height, width = size or ("unknown",) * 2
        raise UserError(
            f"its mask {str(path)!r} is {bits.shape[0]} x {bits.shape[1]} pixels but the picture is {height} x {width} "
            "(height x width); export it again"
        )
    return crop_mask(bits)


def _mask_folders(folder):
    return (*(folder / name for name in MASK_FOLDERS), folder, *twin_folders(folder, MASK_FOLDERS))
