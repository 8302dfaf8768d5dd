"""Annotated pictures from files, in a format that is recognised by its content."""

import difflib
import itertools
import os
from pathlib import Path

from mrcnn_keras.data.formats import FORMATS
from mrcnn_keras.data.formats.folders import files_below, subset_of_file
from mrcnn_keras.data.formats.unread import CURES, LOOKED_AT, YOLO, places_of_pictures, recognise
from mrcnn_keras.data.merging import merge_datasets, note_repeated
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json

ARCHIVES = frozenset((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"))


def load_dataset(path, format=None, subset=None, skip_bad=0.05, class_attribute=None):
    """Loads the annotated pictures of a file or folder. Class ids do not depend on the subset.

    Args:
        path: A COCO JSON file; a folder with COCO files, as COCO, Roboflow or CVAT arrange them; a folder of folders
            with images/ and masks/, one mask file per object; a folder with images/ and labels/; or a file or folder of
            VIA, labelme, LabelMe 3, Supervisely, CVAT for images, YOLO, CreateML or Pascal VOC. A list of these gives
            all their pictures, with classes of one name as one.
        format: `"coco"`, `"masks"`, `"via"`, `"labelme"`, `"labelme3"` (LabelMe, the web tool), `"supervisely"`,
            `"cvat"`, `"yolo"`, `"createml"`, `"voc"`, `"coco_keypoints"` (COCO's files of keypoints, where those of
            instances lie beside them), or `None` to find out.
        subset: `"train"`, `"val"`, `"test"` or another name of `find_subsets`, or `None` for all pictures.
        skip_bad: Float from 0 to 1: up to this share of the pictures, of the annotations and of the mask files is left
            out where they cannot be read; a single one always is. 0 refuses the first.
        class_attribute: String, the region attribute of VIA that is the class, `""` to have one class for all, or
            `None` to take the one that a person would.

    Returns:
        `Dataset`; its `notes` say what was repaired, and `skipped` which entries were left out.

    Raises:
        UserError: If there are no annotations, a file as a whole cannot be read, or more entries than `skip_bad` allows
            cannot be. Pictures are not decoded yet.
    """
    if not 0 <= skip_bad <= 1:
        raise UserError(f"skip_bad {skip_bad} is not a share of entries; give a number from 0 (none) to 1 (all)")
    paths = path if isinstance(path, (list, tuple)) else [path]
    if not paths:
        raise UserError("no path of annotated pictures was given; give at least one")
    found = [_find(one, format) for one in paths]
    if class_attribute is not None and all(name != "via" for name, _ in found):
        raise UserError(
            f"a class attribute ({class_attribute!r}) is for VIA, and these data are {found[0][0]}; leave it out"
        )
    loaded = [
        _load(one, name, places, subset, skip_bad, {"class_attribute": class_attribute} if name == "via" else {})
        for one, (name, places) in zip(paths, found, strict=True)
    ]
    return merge_datasets(loaded)


def _load(path, format, places, subset, skip_bad, options):
    """load_dataset of one path."""
    if subset is None:
        chosen = list(places.values())
    else:
        name = subset if subset in places else subset_of_file(Path(str(subset)))
        if name not in places or not name:
            named = ", ".join(name for name in places if name)
            cure = f"it has {named}" if named else "it is not divided, so give no subset"
            raise UserError(f"{str(path)!r} has no subset {subset!r}; {cure}")
        chosen = [places[name]]
    alone = Path(path).expanduser().is_file()
    dataset = FORMATS[format].load(chosen, skip_bad, family=() if alone else list(places.values()), **options)
    dataset.prepare()
    note_repeated(dataset)
    return dataset


def find_subsets(path, format=None):
    """Finds the subsets of a folder of annotated pictures.

    Args:
        path: As in `load_dataset`, but a single one.
        format: As in `load_dataset`.

    Returns:
        Dict of paths by name, such as `"train"` and `"val"`; empty if the folder is not divided.

    Raises:
        UserError: If there are no annotations.
    """
    _, places = _find(path, format)
    return {name: place for name, place in places.items() if name}


def _find(path, format):
    """-> name of the format, {subset: place}."""
    if format is not None and format not in FORMATS:
        nearest = difflib.get_close_matches(str(format).lower(), FORMATS, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"choose one of {', '.join(FORMATS)}"
        raise UserError(f"format {format!r} is unknown; {hint}")
    place = Path(os.path.abspath(Path(path).expanduser()))
    if not place.exists():
        raise UserError(f"{str(path)!r} does not exist; give a folder or file with annotations")
    for name in FORMATS if format is None else [format]:
        places = FORMATS[name].find(place)
        if places:
            return name, places
    others = [name for name in FORMATS if format is not None and name != format and FORMATS[name].find(place)]
    if others:
        raise UserError(f"{str(path)!r} is not in the format {format!r} but {others[0]!r}; give that one, or none")
    known = recognise(place)
    if known:
        name, file = known
        where = "" if place.is_file() else f"no annotations were found in {str(path)!r}: "
        unread = "" if name == YOLO else ", a format that is not read yet"
        raise UserError(f"{where}{str(file)!r} is {name}{unread}; {CURES[name]}")
    if place.suffix.lower() == ".json" and format in (None, "coco"):
        if format == "coco" or not isinstance(read_json(place), dict):
            return "coco", {"": place}  # reading it as COCO says what is wrong
        raise UserError(f"{str(path)!r} is JSON, but not in a known annotation format; export it as COCO")
    if place.is_file():
        is_archive = place.suffix.lower() in ARCHIVES
        cure = "unpack it and give the folder" if is_archive else "give a COCO JSON file or a folder"
        raise UserError(f"no annotations were found in {str(path)!r}, which is not an annotation file; {cure}")
    for file in itertools.islice(files_below(place, {".json"}), LOOKED_AT):
        try:
            read_json(file)  # what cannot be read are probably the annotations
        except UserError as error:
            raise UserError(f"no annotations were found in {str(path)!r}: {error}") from error
    looked = ", ".join(FORMATS if format is None else [format])
    raise UserError(
        f"no annotations were found in {str(path)!r}, looking for {looked} ({places_of_pictures(place)}); put a COCO "
        "JSON file beside the pictures or above their folders, or pictures in images/ with masks of the same names in "
        "labels/, or for each picture a folder with images/ and masks/"
    )
