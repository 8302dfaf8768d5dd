"""YOLO: a text file for each picture, with a line for each object: its class, and its outline or box as shares.

data.yaml    images/train/*.jpg with labels/train/*.txt, train/images/*.jpg with train/labels/*.txt (Roboflow), or lists
             of pictures, as Ultralytics, Roboflow and CVAT write it
classes.txt  images/*.jpg with labels/*.txt (Label Studio), or *.jpg beside *.txt (labelImg)
obj.data     obj.names and lists of pictures, each with its text beside it (darknet, CVAT)
"""

import itertools
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mrcnn_keras.data.formats.coco_keypoints import as_whole, finite_numbers
from mrcnn_keras.data.formats.collected import Collected
from mrcnn_keras.data.formats.folders import files_below, files_in, folders_in, subset_folders
from mrcnn_keras.data.formats.picture_files import MAX_FILES
from mrcnn_keras.data.formats.yolo_description import LISTS, find_description, inside, is_description, read_description
from mrcnn_keras.data.images import SUFFIXES
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_text

LOOKED_AT = 50  # text files of a folder
PICTURE_FOLDERS = "images", "jpegimages"  # whose text files are in one of these beside them
LABEL_FOLDERS = "labels", "Labels", "annotations", "Annotations"
BEYOND = 0.01  # by which rounding may bring a share out of 0..1
KEYPOINTS = "YOLO's keypoints, which are not read; their boxes are"
UNNAMED = "classes are called by their number, since there is no data.yaml or classes.txt with their names"
OTHER_TEXTS = {*LISTS, "train.txt", "val.txt", "valid.txt", "test.txt", "readme.txt"}


class Place(NamedTuple):
    """Folders of pictures or lists of them, and what describes them: its path, or None."""

    sources: tuple
    description: Path | None
    absent: tuple = ()  # subsets of the description without pictures that have labels


def find(path):
    """{subset: Place} of a description or a folder of YOLO data; otherwise {}."""
    if path.is_file():
        return _described(path) if is_description(path) else {}
    description = find_description(path)
    found = _described(description) if description and is_description(description) else {}
    return found if "train" in found else _arranged(path) or found


def _arranged(path):
    """{subset: Place} by the names of folders alone."""
    for pictures in dict.fromkeys((_pictures_in(path), path)):
        subsets = {name: _pictures_in(folder) for name, folder in subset_folders(pictures).items()}
        subsets = {name: folder for name, folder in subsets.items() if _is_labelled(folder)}
        if subsets and not files_in(pictures):
            return {name: Place((folder,), _description_above(folder)) for name, folder in subsets.items()}
        if _is_labelled(pictures):
            return {"": Place((pictures,), _description_above(pictures))}
    return {}


def _described(file):
    """{subset: Place} of the pictures that a description names, as far as they exist."""
    description = read_description(file)
    found = {name: _sources(description, name, places) for name, places in description.subsets.items()}
    absent = tuple(name for name, sources in found.items() if not sources)
    if "train" in absent and len(absent) < len(found):
        named = str(description.subsets["train"])[:80]
        raise UserError(f"{str(file)!r} names the training pictures {named}, which are not there with labels; add them")
    places = {name: Place(sources, file, absent) for name, sources in found.items() if sources}
    if len(places) > 1 and len({place.sources for place in places.values()}) == 1:
        return {"": places["train"]}  # YOLO asks for both, and some write the same for both
    return places


def _sources(description, subset, places):
    """The folders and lists that the description means for a subset, wherever its data lay when it was written."""
    alike = {"val": ("val", "valid", "validation"), "train": ("train", "training")}.get(subset, (subset,))
    usual = [Path(*parts) for name in alike for parts in (("images", name), (name, "images"), (name,))]
    found = []
    for place in places:
        written = [root / place for root in description.roots if "\0" not in place]
        others = [description.file.parent / folder for folder in usual]
        if Path(place.replace("\\", "/")).name.lower() not in PICTURE_FOLDERS:
            others.insert(0, inside(description.file.parent, place) or others[0])
        elif inner := inside(description.file.parent, place):
            others.append(inner)
            if inner.parent != description.file.parent:  # train/images, and not images alone
                others.insert(0, inner)
        fitting = next((source for source in (*written, *others) if _is_source(source)), None)
        found += [fitting] if fitting else []
    return tuple(dict.fromkeys(found))


def _is_source(path):
    """Whether it is a list of pictures, or a folder of some with labels."""
    if os.path.isfile(path):  # pathlib's raise an error for long names
        return path.suffix.lower() == ".txt"
    return os.path.isdir(path) and _is_labelled(_pictures_in(path))


def _pictures_in(folder):
    return next((inner for inner in folders_in(folder) if inner.name.lower() in PICTURE_FOLDERS), folder)


def _description_above(folder):
    """The description of a folder of pictures: there, among its labels, or in one of the folders above."""
    near = [folder, *_label_folders(folder), *list(folder.parents)[:2]]
    return next((file for file in map(find_description, near) if file), None)


def _label_folders(folder):
    """The folders where the text files of the pictures in a folder may be."""
    places = [i for i, part in enumerate(folder.parts) if part.lower() in PICTURE_FOLDERS]
    beside = [Path(*folder.parts[:i], name, *folder.parts[i + 1 :]) for i in places[-1:] for name in LABEL_FOLDERS]
    return [*filter(os.path.isdir, beside), folder]


def _is_labelled(folder):
    """Whether a folder of pictures has YOLO's text files; empty ones alone count if there are class names."""
    if not folder.is_dir():
        return False
    for labels in _label_folders(folder):
        places = [labels, *folders_in(labels)[:LOOKED_AT]]  # no deeper: a description may lead anywhere
        texts = [text for place in places for text in files_in(place, {".txt"})[:LOOKED_AT] if _may_be_labels(text)]
        lines = [line for text in texts for line in _first_lines(text)]
        objects = sum(map(_is_object, lines))
        if objects and (2 * objects > len(lines) or labels != folder or _description_above(folder)):
            return True
        if texts and not lines and _description_above(folder) and any(files_below(folder)):
            return True
    return False


def _may_be_labels(file):
    return file.name.lower() not in OTHER_TEXTS


def _first_lines(file):
    """The first lines of a text file that are not empty, as words."""
    try:
        with open(file, "rb") as opened:
            lines = opened.read(4096).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.split() for line in lines[:5] if line.strip()]


def _is_object(words):
    return len(words) >= 5 and as_whole(words[0]) is not None and finite_numbers(words[:5]) is not None


def read(place, bad):
    description = read_description(place.description) if place.description else None
    names = description.names if description else {}
    near = place.sources[0]
    found = Collected(near, bad)
    found.categories.update({class_id: (name, None) for class_id, name in names.items()})
    used = set()
    for picture, identifier in _pictures(place.sources, bad):
        label = _label_of(picture)
        used.add(label)
        with found.entry("pictures", picture):
            lines = read_text(label).splitlines() if label else []
            found.add_picture(identifier, path=picture)
            found.pictures[-1] = found.pictures[-1]._replace(in_shares=True)
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    with found.entry("annotations", label, f"line {number}"):
                        _add_object(found, line.split(), names, description)
    _report_unused(place.sources, used, bad)
    if not names:
        found.notes[UNNAMED] = {}
    for subset in place.absent:
        found.notes[f"{place.description.name} names {subset} pictures, too, which are not there with labels"] = {}
    return found.as_file()._replace(rectangles=False)


def _pictures(sources, bad):
    """Yields the path and a name of each picture."""
    for source in sources:
        if source.is_dir():
            for path in itertools.islice(files_below(source), MAX_FILES):
                yield path, path.relative_to(source).as_posix()
            continue
        lines = [line.strip() for line in read_text(source).splitlines() if line.strip()]
        for line in lines[:MAX_FILES]:
            path = inside(source.parent, line) or inside(source.parent.parent, line)
            if path is not None and path.suffix.lower() in SUFFIXES and path.is_file():
                yield path, line
            else:
                bad.count("pictures", 1)
                bad.skip("pictures", f"picture {line!r} of {str(source)!r} does not exist; put it there or remove it")


def _label_of(picture):
    """The text file of a picture, or None."""
    places = (folder / f"{picture.stem}.txt" for folder in _label_folders(picture.parent))
    return next((place for place in places if place.is_file()), None)


def _report_unused(sources, used, bad):
    """Counts the text files in folders of pictures, and reports those without a picture."""
    folders = dict.fromkeys(folder for source in sources if source.is_dir() for folder in _label_folders(source))
    texts = (file for folder in folders for file in itertools.islice(files_below(folder, {".txt"}), MAX_FILES))
    for file in dict.fromkeys(filter(_may_be_labels, texts)):
        bad.count("label files", 1)
        if file not in used and all(map(_is_object, _first_lines(file))):
            bad.skip("label files", f"{str(file)!r} has no picture of its name; add it, or remove the file")


def _add_object(found, words, names, description):
    """Adds the object of a line. Raises UserError if it cannot be read."""
    class_id, numbers = as_whole(words[0]), finite_numbers(words[1:])
    if class_id is None or class_id < 0 or numbers is None:
        raise UserError(f"it is {' '.join(words)[:60]!r}; write the number of a class, and then finite numbers")
    if names and class_id not in names:
        file = description.file
        raise UserError(f"it has class {class_id}, but {file.name} names {min(names)} to {max(names)}; add its name")
    if description and description.keypoint_values and len(numbers) == 4 + description.keypoint_values:
        found.note(KEYPOINTS)
        numbers = numbers[:4]
    if len(numbers) != 4 and (len(numbers) < 6 or len(numbers) % 2):
        raise UserError(
            f"it has {len(numbers)} numbers behind its class; write 4 for a box, or x and y of 3 points or more for an "
            "outline"
        )
    if numbers.min() < -BEYOND or numbers.max() > 1 + BEYOND:
        wrong = numbers.min() if numbers.min() < -BEYOND else numbers.max()
        raise UserError(f"it has the number {wrong:g}; write shares of the picture's sides, from 0 to 1")
    found.categories.setdefault(class_id, (f"class {class_id}", None))
    if len(numbers) > 4:
        polygon = np.clip(numbers, 0, 1).reshape(-1, 2)[:, ::-1]
        found.add(class_id, polygons=(polygon,))
        return
    x, y, width, height = numbers.tolist()
    if width <= 0 or height <= 0:
        raise UserError(f"its box is {width:g} x {height:g}, without area; correct or remove it")
    found.add(class_id, box=(y - height / 2, x - width / 2, y + height / 2, x + width / 2))
