"""CVAT for images 1.1: XML with polygons, boxes, ellipses and masks; and CVAT for video 1.1 with its pictures.

annotations.xml  images/*.jpg, images/SUBSET/*.jpg or *.jpg. The export of a project says the subset of each picture;
                 several files, or a folder for each subset, are read, too
"""

import math
import os
import re
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from mrcnn_keras.data.formats.coco_keypoints import as_whole, finite_numbers
from mrcnn_keras.data.formats.collected import FEW_POINTS, Collected, label_of
from mrcnn_keras.data.formats.folders import files_in, name_subsets, subset_folders, subset_of_folder
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.data.formats.picture_files import plain_name
from mrcnn_keras.data.formats.shapes import ellipse, outline, points_of, size_of
from mrcnn_keras.data.formats.unread import IS_VIDEO
from mrcnn_keras.data.formats.xml_file import read_xml, text_of
from mrcnn_keras.detections import MaskCrop
from mrcnn_keras.errors import UserError

LOOKED_AT = 100  # XML files of a folder
UNREAD = "polyline", "points", "skeleton", "cuboid", "tag"
OUTSIDE = "shapes that are marked as outside the picture, left out"
TURNED = "turned boxes, read as the upright boxes around them"
JOINED = "outlines joined into one object by their group_id"


def find(path):
    """{subset: (file, subset in it or None)} of a file of CVAT for images, or of a folder with some; otherwise {}."""
    if path.is_file():
        return _subsets_in(path) if path.suffix.lower() == ".xml" and _is_cvat(path) else {}
    for folder in (path, path / "annotations"):
        files = _files_in(folder)
        if files:
            named = name_subsets(files) or {file.stem: file for file in files}
            return _subsets_in(files[0]) if len(files) == 1 else {name: (file, None) for name, file in named.items()}
    places = {name: _files_in(folder) for name, folder in subset_folders(path).items()}
    return {name: (files[0], None) for name, files in places.items() if len(files) == 1}


def _subsets_in(file):
    """{subset: (file, its name there)} if each picture in the file is of a known subset."""
    try:
        images = re.findall(rb"<image\s[^>]*>", file.read_bytes())
    except OSError:
        return {"": (file, None)}
    found = [re.search(rb'\ssubset="([^"]*)"', image) for image in images]
    names = sorted({match[1].decode("utf-8", "replace") if match else "" for match in found})
    named = name_subsets([Path(name) for name in names], subset_of_folder) if len(names) > 1 else {}
    return {name: (file, str(subset)) for name, subset in named.items()} or {"": (file, None)}


def _files_in(folder):
    return [file for file in files_in(folder, {".xml"})[:LOOKED_AT] if _is_cvat(file)]


def _is_cvat(file):
    head = read_head(file)
    of_cvat = "<annotations>" in head and re.search(r"<image\s|<meta>|<version>", head)
    return bool(of_cvat) and (not IS_VIDEO.search(head) or bool(_frames_beside(file)))


def read(place, bad):
    path, subset = place
    root = read_xml(path)
    found = Collected(path, bad)
    for label in root.iterfind("meta/*/labels/label"):
        name = text_of(label, "name")
        if name and label.find("parent") is None:  # those with a parent are the points of a skeleton
            found.categories[name] = (name, None)
    images = root.iterfind("image") if root.find("track") is None else _frames(path, root)
    for number, image in enumerate(images, start=1):
        if subset not in (None, image.get("subset")):
            continue
        with found.entry("pictures", path, f"image {number}"):
            name = image.get("name")
            if not name:
                raise UserError("it has no name; export it again")
            size = size_of(image.get("height"), image.get("width"))
            found.add_picture(name, size, _of_subset(path, image.get("subset"), name))
            _add_objects(found, path, image, size)
    return found.as_file()._replace(rectangles=False)


def _frames_beside(path):
    """{number: file} of the frames of a video, which CVAT writes as images/frame_000012.PNG."""
    files = files_in(path.parent / "images")
    return {int(file.stem[6:]): file for file in files if re.fullmatch(r"frame_[0-9]{1,9}", file.stem)}


def _frames(path, root):
    """The tracks of a video as elements like those of CVAT for images: one for each frame that is a picture."""
    size = {side: text_of(root, f"meta/task/original_size/{side}") for side in ("width", "height")}
    frames = {n: Element("image", name=file.name, **size) for n, file in sorted(_frames_beside(path).items())}
    for track in root.iterfind("track"):
        for shape in track:
            number = as_whole(shape.get("frame"))
            if shape.get("outside") == "1":
                continue
            if number not in frames:
                frames[number] = Element("image", name=f"frame_{str(number)[:9]:0>6}", **size)
            shape.set("label", track.get("label", ""))
            frames[number].append(shape)
    return frames.values()


def _of_subset(path, subset, name):
    """The path of a picture in the folder of its subset, whose pictures may have the names of another's; or None."""
    inner = plain_name(f"{subset}/{name}") if subset else None
    picture = path.parent / "images" / inner if inner else None
    return picture if picture and os.path.isfile(picture) else None


def _add_objects(found, path, image, size):
    """Adds the objects of a picture; outlines of one label and group are one object, as in CVAT's COCO."""
    groups = {}
    for number, element in enumerate(image, start=1):
        if element.tag in UNREAD:
            found.note(f"{element.tag} shapes, which outline no object, left out")
        elif element.get("outside") == "1":
            found.note(OUTSIDE)
        elif element.tag in _READERS:
            with found.entry("annotations", path, f"{element.tag} {number} of {image.get('name')!r}"):
                label, shape = label_of(element.get("label")), _READERS[element.tag](element)
                if element.tag == "box":
                    if _number(element, "rotation", 0):
                        found.note(TURNED)
                    found.add(label, box=shape)
                elif element.tag == "polygon" and len(shape) < 3:
                    found.note(FEW_POINTS)
                else:
                    drawn = outline([(shape, False)], size)
                    if element.get("group_id", "0") == "0":
                        found.add(label, **drawn)
                    else:
                        groups.setdefault((label, element.get("group_id")), []).append((shape, False))
    for (label, group), shapes in groups.items():
        with found.entry("annotations", path, f"group {group} of {image.get('name')!r}", count=0):
            found.add(label, **outline(shapes, size))
            if len(shapes) > 1:
                found.note(JOINED)


def _numbers(element, *names):
    """The numbers in some attributes of an element."""
    given = [element.get(name) for name in names]
    numbers = finite_numbers(given)
    if numbers is None or np.abs(numbers).max(initial=0) > 1e9:
        written = ", ".join(f"{name}={str(text)[:20]!r}" for name, text in zip(names, given, strict=True))
        raise UserError(f"it has {written}; write numbers")
    return numbers.tolist()


def _number(element, name, default):
    return _numbers(element, name)[0] if element.get(name) is not None else default


def _polygon(element):
    pairs = [point.split(",") for point in element.get("points", "").split(";") if point.strip()]
    return points_of(pairs or np.zeros((0, 2)))


def _box(element):
    """(y1, x1, y2, x2), around a box that is turned about its centre by `rotation` degrees."""
    x1, y1, x2, y2 = _numbers(element, "xtl", "ytl", "xbr", "ybr")
    turn = math.radians(_number(element, "rotation", 0))
    (y, x), half = ((y1 + y2) / 2, (x1 + x2) / 2), (abs(y2 - y1) / 2, abs(x2 - x1) / 2)
    if not turn:
        return y - half[0], x - half[1], y + half[0], x + half[1]
    down, right = abs(math.cos(turn)), abs(math.sin(turn))
    height, width = half[0] * down + half[1] * right, half[0] * right + half[1] * down
    return y - height, x - width, y + height, x + width


def _ellipse(element):
    x, y, rx, ry = _numbers(element, "cx", "cy", "rx", "ry")
    return ellipse((y, x), (ry, rx), math.radians(_number(element, "rotation", 0)))


def _mask(element):
    """Run lengths row by row within a rectangle, background first -> MaskCrop."""
    left, top, width, height = (int(number) for number in _numbers(element, "left", "top", "width", "height"))
    runs = finite_numbers(element.get("rle", "").split(","))
    fits = runs is not None and size_of(height, width) and (runs >= 0).all() and not (runs % 1).any()
    if not fits or runs.sum() != width * height:
        raise UserError(
            f"its run lengths {element.get('rle', '')[:40]!r} are none of {width} x {height} pixels (width x height); "
            "export it again"
        )
    bits = np.repeat(np.arange(len(runs)) % 2 == 1, runs.astype(np.int64))
    return MaskCrop(top, left, bits.reshape(height, width))


_READERS = {"polygon": _polygon, "box": _box, "ellipse": _ellipse, "mask": _mask}
