"""Annotated pictures from files: the format is found by looking."""

import difflib
import os
from pathlib import Path

from mrcnn_keras.data.formats import FORMATS
from mrcnn_keras.data.formats.folders import subset_of_file
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json


def load_dataset(path, format=None, subset=None):
    """The annotated pictures in a file or folder -> Dataset.

    path    a COCO JSON file; a folder with COCO files, as COCO, Roboflow or CVAT arrange them; a folder of
            folders with images/ and masks/, one file an object; or a folder with images/ and labels/
    format  "coco", "masks", or "coco_keypoints": COCO's files of keypoints where those of instances lie beside them;
            None looks for itself
    subset  "train", "val" or "test", or what else `find_subsets` names; None takes all together
    Class ids do not depend on the subset. What was left out or repaired is told in `notes`.
    Raises UserError for a path without annotations and for everything wrong in them, before training; only
    pictures are not decoded here.
    """
    format, places = _find(path, format)
    if subset is None:
        chosen = list(places.values())
    else:
        name = subset if subset in places else subset_of_file(Path(subset))
        if name not in places or not name:
            named = ", ".join(name for name in places if name)
            cure = f"it has {named}" if named else "it is one piece, so give no subset"
            raise UserError(f"{str(path)!r} has no subset {subset!r}; {cure}")
        chosen = [places[name]]
    dataset = FORMATS[format].load(chosen)
    dataset.prepare()
    return dataset


def find_subsets(path, format=None):
    """{"train": place, "val": place, ...}: the parts of a folder, for load_dataset; {} if it has none."""
    _, places = _find(path, format)
    return {name: place for name, place in places.items() if name}


def _find(path, format):
    """-> the name of the format, {subset: place}."""
    if format is not None and format not in FORMATS:
        nearest = difflib.get_close_matches(str(format).lower(), FORMATS, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(FORMATS)}"
        raise UserError(f"format {format!r} is unknown; {hint}")
    place = Path(os.path.abspath(Path(path).expanduser()))
    if not place.exists():
        raise UserError(f"{str(path)!r} does not exist; give a folder or file with annotations")
    for name in FORMATS if format is None else [format]:
        places = FORMATS[name].find(place)
        if places:
            return name, places
    if place.suffix.lower() == ".json" and format in (None, "coco"):
        if format == "coco" or not isinstance(read_json(place), dict):
            return "coco", {"": place}  # reading it as COCO tells what is wrong
        raise UserError(f"{str(path)!r} is JSON, but not of a known annotation format; known is COCO")
    known = ", ".join(FORMATS if format is None else [format])
    raise UserError(f"no annotations were found in {str(path)!r}, looking for {known}; see load_dataset for places")
