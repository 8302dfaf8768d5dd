"""CreateML: a JSON list of pictures with boxes, as Apple's Create ML, labelImg and Roboflow write it.

photos/*.jpg with photos/*.json, one file for all pictures or one for each, or such a folder for each subset
"""

import re

from mrcnn_keras.data.formats.coco_keypoints import finite_numbers
from mrcnn_keras.data.formats.collected import Collected, label_of
from mrcnn_keras.data.formats.folders import files_in, subset_folders
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json

LOOKED_AT = 100  # files of a folder
NAMES = "image", "imagefilename", "filename"  # under which the tools write the name of a picture


def find(path):
    """{subset: file or folder} if `path` is a CreateML file, or a folder with some; otherwise {}."""
    if path.is_file():
        return {"": path} if path.suffix.lower() == ".json" and _looks_like_createml(path) else {}
    found = next(filter(_has_files, (path, path / "annotations", path / "labels")), None)
    return {"": found} if found else {name: at for name, at in subset_folders(path).items() if _has_files(at)}


def _has_files(folder):
    return any(map(_looks_like_createml, files_in(folder, {".json"})[:LOOKED_AT]))


def _looks_like_createml(path):
    head = read_head(path).lstrip()
    words = rf'"({"|".join(NAMES)})"\s*:\s*"', r'"annotations?"\s*:\s*\['
    return head.startswith("[") and all(re.search(word, head) for word in words) and not re.search(r'"data"\s*:', head)


def read(place, bad):
    found = Collected(place, bad)
    for file in [place] if place.is_file() else filter(_looks_like_createml, files_in(place, {".json"})):
        content = read_json(file)
        if not isinstance(content, list):
            raise UserError(f"{str(file)!r} is a JSON {type(content).__name__}; CreateML is a list of pictures")
        for number, entry in enumerate(content, start=1):
            with found.entry("pictures", file, f"picture {number}"):
                _add_picture(found, file, entry)
    return found.as_file()._replace(rectangles=False)


def _add_picture(found, file, entry):
    names = [entry.get(key) for key in NAMES] if isinstance(entry, dict) else []
    name = next((name for name in names if isinstance(name, str) and name), None)
    annotations = entry.get("annotations", entry.get("annotation")) if name else None
    if not isinstance(annotations, list):
        raise UserError(f"it is {str(entry)[:60]}; write its name as 'image' and a list 'annotations'")
    found.add_picture(name)
    for number, annotation in enumerate(annotations, start=1):
        with found.entry("annotations", file, f"annotation {number} of {name!r}"):
            if not isinstance(annotation, dict):
                raise UserError(f"it is {str(annotation)[:40]!r}; write label and coordinates")
            found.add(label_of(annotation.get("label")), box=_box(annotation.get("coordinates")))


def _box(coordinates):
    """Centre and size in pixels -> (y1, x1, y2, x2)."""
    given = [coordinates.get(key) for key in ("y", "x", "height", "width")] if isinstance(coordinates, dict) else []
    numbers = finite_numbers(given)
    if numbers is None or len(numbers) != 4 or (numbers[2:] <= 0).any():
        raise UserError(f"the box is {str(coordinates)[:80]}; write x and y of its centre, width and height")
    y, x, height, width = numbers.tolist()
    return y - height / 2, x - width / 2, y + height / 2, x + width / 2
