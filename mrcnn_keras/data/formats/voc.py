"""Pascal VOC: an XML file with boxes for each picture, and pictures of masks.

JPEGImages/*.jpg  with Annotations/*.xml, SegmentationObject/*.png beside SegmentationClass/*.png, and lists of names in
                  ImageSets/Main/*.txt and ImageSets/Segmentation/*.txt, as VOC, CVAT and labelme have them
photos/*.jpg      with photos/*.xml, or in folders such as images/ and annotations/ (labelImg, Roboflow)
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from mrcnn_keras.data.formats.coco_keypoints import finite_numbers
from mrcnn_keras.data.formats.collected import Collected, label_of
from mrcnn_keras.data.formats.folders import (
    files_below,
    files_in,
    folders_in,
    name_subsets,
    subset_folders,
    subset_of_folder,
    twin_folders,
)
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.data.formats.shapes import box_around, points_of, size_of
from mrcnn_keras.data.formats.voc_masks import NAMES, Legend, MaskFiles, read_legend
from mrcnn_keras.data.formats.xml_file import read_xml, text_of
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_text

LOOKED_AT = 50  # XML files of a folder
OBJECTS, CLASSES = ("SegmentationObject", "SegmentationObjectPNG"), ("SegmentationClass", "SegmentationClassPNG")
PICTURES = "JPEGImages", "images", "Images", "imgs"
NO_OBJECTS = "SegmentationClass without SegmentationObject, which does not tell objects apart, left out"
BARE = "pictures with neither an XML file nor masks, read as pictures without objects"


class Place(NamedTuple):
    """A folder or XML file, and the lists of the subset's names in it; none: all pictures."""

    root: Path
    lists: tuple = ()
    unlisted: int = 0  # XML files whose pictures are in no list of a subset


def find(path):
    """{subset: Place} of an XML file or folder of Pascal VOC; otherwise {}."""
    if path.is_file():
        return {"": Place(path)} if path.suffix.lower() == ".xml" and _is_voc(path) else {}
    roots = [root for root in (path, *_inner(path), *_inner(path / "VOCdevkit")) if _is_root(root)]
    if len(roots) == 1 or path in roots:
        return _subsets_of(roots[0])
    if roots:
        named = name_subsets(roots, subset_of_folder) or {root.name: root for root in roots}
        return {name: Place(root) for name, root in named.items()}
    for folder in (path, *_inner(path)):
        if _has_files(folder):
            return {"": Place(folder)}
        subsets = {
            name: inner
            for name, inner in subset_folders(folder).items()
            if any(map(_has_files, (inner, *_inner(inner))))
        }
        if subsets:
            return {name: Place(inner) for name, inner in subsets.items()}
    return {}


def _inner(folder):
    return folders_in(folder)[:LOOKED_AT]


def _is_root(folder):
    masks = any((folder / name).is_dir() for name in (*OBJECTS, *CLASSES))
    pictures = any((folder / name).is_dir() for name in ("JPEGImages", "ImageSets"))
    return masks or pictures and _has_files(folder / "Annotations")


def _has_files(folder):
    return any(map(_is_voc, files_in(folder, {".xml"})[:LOOKED_AT]))


def _is_voc(file):
    head = read_head(file)
    return "<annotation" in head and "<annotations" not in head and any(w in head for w in ("<bndbox>", "<segmented>"))


def _subsets_of(root):
    """The subsets by the lists of the same name in ImageSets/Main and ImageSets/Segmentation."""
    lists = {}
    for folder in ("Main", "Segmentation"):
        for file in files_in(root / "ImageSets" / folder, {".txt"}):
            lists.setdefault(file.stem, []).append(file)
    known = name_subsets([Path(name) for name in lists if name_subsets([Path(name)])])
    named = {name: lists[str(stem)] for name, stem in known.items() if str(stem) in ("train", "val", "test")}
    if "train" not in lists and "val" not in lists:
        return {"": Place(root)}
    listed = {name for files in named.values() for name in _listed(files)}
    unlisted = sum(file.stem not in listed for file in files_in(root / "Annotations", {".xml"}))
    return {name: Place(root, tuple(files), unlisted) for name, files in named.items()}


def _listed(files):
    """The names in lists, whose lines may have further words."""
    lines = [line.split() for file in files for line in read_text(file).splitlines()]
    return list(dict.fromkeys(words[0] for words in lines if words and words[0] != "#"))


def read(place, bad):
    root = place.root
    found = Collected(root, bad)
    reader = _Reader(place, found)
    if place.unlisted:
        found.notes[f"{place.unlisted} XML files in no list of a subset, left out"] = {}
    for name in reader.names:
        with found.entry("pictures", root, f"picture {name!r}"):
            reader.add(name)
    return reader.as_file()


class _Reader:
    """What lies where in a place: `names` are those of its pictures, without suffix."""

    def __init__(self, place, found):
        self.found = found
        self.root = place.root
        if place.root.is_file():
            self.root = place.root.parent
            self.xml = {place.root.stem: place.root}
        else:
            annotations = self.root / "Annotations" if _is_root(self.root) else self.root
            self.xml = {file.stem: file for file in files_below(annotations, {".xml"})}
        self.objects, self.classes = self._masks(OBJECTS), self._masks(CLASSES)
        self.legend = read_legend(self.root)
        self.pictures = {}
        self.names = list(dict.fromkeys([*self.xml, *self.objects]))
        if place.lists:
            self.names = _listed(place.lists)
        self.names.sort()
        if self.classes and not self.objects and not self.xml:
            raise UserError(
                f"{str(self.root)!r} has SegmentationClass but no SegmentationObject, so that objects of one class "
                "cannot be told apart; export it with instances"
            )
        self.is_whole = not place.lists and not place.root.is_file()
        self.has_masks = False

    def _masks(self, folders):
        return {file.stem: file for folder in folders for file in files_in(self.root / folder, {".png"})}

    def add(self, name):
        """Adds the picture `name` with its objects."""
        xml = self.xml.get(name)
        root = read_xml(xml) if xml else None
        if root is not None and root.tag != "annotation":
            raise UserError(f"{str(xml)!r} is not a file of Pascal VOC; export it again, or remove it")
        written = text_of(root, "filename") if root is not None else ""
        size = size_of(text_of(root, "size/height"), text_of(root, "size/width")) if root is not None else None
        if name in self.objects and name not in self.classes:
            raise UserError("it is in SegmentationObject but not in SegmentationClass; add it there")
        self.found.add_picture(written or name, size, self._picture(name, written, xml))
        if root is not None:
            self._add_objects(root, xml)
        if name in self.classes and name not in self.objects:
            self.found.note(NO_OBJECTS)
        if name in self.objects:
            self.has_masks = True
            picture = self.found.pictures[-1]
            files = MaskFiles(self.objects[name], self.classes[name], self.legend, tuple(picture.annotations))
            self.found.pictures[-1] = picture._replace(annotations=[], more={"masks": files})
        elif root is None:
            self.found.note(BARE)

    def _picture(self, name, written, xml):
        """The path of a picture: by the name of its XML file, or by what that says, in the usual folders; or None."""
        near = xml.parent if xml else self.root / "Annotations"
        wanted = Path(written.replace("\\", "/")).name if "\0" not in written else ""
        folders = [near, *twin_folders(near, PICTURES)]
        for folder in folders:
            if folder not in self.pictures:
                files = files_in(folder)
                self.pictures[folder] = {file.stem: file for file in files} | {file.name: file for file in files}
        keys = [key for key in (wanted if Path(wanted).stem == name else "", name, wanted) if key]
        return next((self.pictures[at][key] for key in keys for at in folders if key in self.pictures[at]), None)

    def _add_objects(self, root, xml):
        # Only the devkit counts pixels from 1, and the last one belongs to the box.
        first = 1 if "VOC2" in text_of(root, "source/database") else 0
        annotations = self.found.pictures[-1].annotations
        for number, element in enumerate(root.iterfind("object"), start=1):
            with self.found.entry("annotations", xml, f"object {number}"):
                label = label_of(text_of(element, "name"))
                polygon = element.find("polygon")
                if polygon is not None and polygon.find("x1") is not None:  # Roboflow's
                    points = _points(polygon)
                    self.found.add(label, box=box_around(points), polygons=(points,))
                else:
                    self.found.add(label, box=_box(element, first))
                annotations[-1] = annotations[-1]._replace(id=number)

    def as_file(self):
        pictures, categories = self.found.pictures, self.found.categories
        if self.legend.is_own or self.has_masks and categories.keys() <= set(NAMES):
            categories.update({name: (name, None) for name in self.legend.names})
        else:  # the classes are not VOC's: only the XML files name them
            for picture in pictures:
                if picture.more:
                    picture.more["masks"] = picture.more["masks"]._replace(legend=Legend({}, {}, False))
        used = {picture.path for picture in pictures}
        beside = [{*files.values()} for files in self.pictures.values()]
        unused = sorted(set().union(*(files for files in beside if used & files)) - used)
        if unused and self.is_whole:
            note = f"{len(unused)} pictures without an XML file, left out (first {unused[0].name!r})"
            self.found.notes[note] = {}
        return self.found.as_file()._replace(rectangles=False, has_masks=self.has_masks)


def _box(element, first):
    """(y1, x1, y2, x2)"""
    if len(element.findall("bndbox")) > 1:
        raise UserError("it has more than one bndbox; write an object for each")
    given = [text_of(element, f"bndbox/{side}") for side in ("ymin", "xmin", "ymax", "xmax")]
    numbers = finite_numbers(given) if all(given) else None
    if numbers is None or np.abs(numbers).max() > 1e9:
        raise UserError(f"its bndbox has ymin, xmin, ymax, xmax {str(given)[:80]}; write numbers")
    y1, x1, y2, x2 = numbers.tolist()
    if y1 - first >= y2 or x1 - first >= x2:
        raise UserError(f"its bndbox goes from y {y1:g}, x {x1:g} to y {y2:g}, x {x2:g}; correct or remove it")
    return y1 - first, x1 - first, y2, x2


def _points(polygon):
    """Roboflow's <x1/><y1/><x2/><y2/>... -> [K, (y, x)]."""
    count = sum(child.tag.startswith("x") for child in polygon)
    points = points_of([[text_of(polygon, f"x{i}"), text_of(polygon, f"y{i}")] for i in range(1, count + 1)])
    if len(points) < 3:
        raise UserError(f"its polygon has {len(points)} points; draw three or more")
    return points
