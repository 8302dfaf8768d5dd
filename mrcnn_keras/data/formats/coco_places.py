"""Where COCO files and their pictures lie, as COCO, Roboflow, CVAT and people arrange them.

coco/annotations/instances_val2017.json  coco/val2017/*.jpg, coco/images/val2017/*.jpg or coco/images/*.jpg
photos/train/_annotations.coco.json      photos/train/*.jpg
photos/train.json                        photos/*.jpg, photos/images/*.jpg or photos/train/*.jpg

Pictures in folders inside these are found, too.
"""

import os
from typing import NamedTuple

from mrcnn_keras.data.formats.coco_file import looks_like_coco
from mrcnn_keras.data.formats.folders import (
    files_in,
    folders_in,
    name_subsets,
    subset_folders,
    subset_of_file,
    subset_of_folder,
)
from mrcnn_keras.data.formats.picture_files import PictureSearch, plain_name
from mrcnn_keras.errors import UserError

# How the names of COCO's own files begin, the preferred first. Captions have no instances.
INSTANCES, KEYPOINTS = "instances_", "person_keypoints_"
PREFIXES = (INSTANCES, KEYPOINTS)
CAPTIONS = "captions_"


def find(path, prefixes=PREFIXES):
    """{subset: JSON file} if `path` is a COCO file, or a folder that contains or belongs to some; otherwise {}.

    prefixes: which of COCO's own files are preferred, the first most. The subset "" stands for a file of no known
    subset. Raises UserError for a folder with several such files.
    """
    if path.is_file():
        return {"": path} if path.suffix.lower() == ".json" and looks_like_coco(path) else {}
    places = (_subsets_in(path, prefixes), _subsets_in(path / "annotations", prefixes))
    for named in (*places, _subsets_in_folders(path, prefixes)):
        if named:
            return named
    several = _instance_files(path, prefixes)
    if several:
        names = ", ".join(file.name for file in several[:5])
        raise UserError(f"{str(path)!r} holds several COCO files ({names}); give one of them")
    for file in _instance_files(path.parent / "annotations", prefixes):  # coco/annotations, for the folder coco/train
        if _bare_name(file) == path.name or subset_of_file(file) == subset_of_folder(path) is not None:
            return {"": file}
    inner = [named for named in (_subsets_in(folder, prefixes) for folder in folders_in(path)) if named]
    return inner[0] if len(inner) == 1 else {}


def siblings(path):
    """The COCO files of all subsets in the place where the file `path` lies; [] if it is alone."""
    home = path.parent.parent if path.parent.name == "annotations" else path.parent
    prefixes = sorted(PREFIXES, key=path.name.startswith, reverse=True)  # those of its own kind first
    places = [_subsets_in(path.parent, prefixes), _subsets_in_folders(home.parent, prefixes)]
    families = [list(named.values()) for named in places if path in named.values()]
    return max(families, key=len, default=[])


def keypoint_file(path):
    """COCO's file of keypoints beside its file of instances `path`, or None."""
    beside = path.with_name(path.name.replace(INSTANCES, KEYPOINTS, 1))
    return beside if path.name.startswith(INSTANCES) and beside.is_file() else None


class FoundPictures(NamedTuple):
    """Where the pictures of a CocoFile are, by their place in its list."""

    paths: dict
    notes: dict  # of those that were found by another spelling of their name
    faults: dict  # sentences on those that were not found


def find_pictures(file):
    """CocoFile -> FoundPictures; no picture is opened.

    As a rule all names are relative to one folder. Only if some have no file there, all folders are searched.
    Raises UserError if no picture is found.
    """
    near = file.path.parent
    home = _home(file.path)
    subsets = dict.fromkeys(name for name in (_bare_name(file.path), subset_of_file(file.path)) if name)
    folders = [near, near / "images", *(near / name for name in subsets), *(near / "images" / name for name in subsets)]
    for above in dict.fromkeys((near.parent, home.parent if home == near else home)):
        folders += [above / name for name in subsets] + [above / "images" / name for name in subsets]
        folders += [above / "images", above]
    folders = [folder for folder in dict.fromkeys(folders) if folder.is_dir()]
    names = {number: plain_name(picture.file_name) for number, picture in enumerate(file.pictures)}
    absent = {folder: _absent(folder, names) for folder in folders}
    best = min(absent, key=lambda folder: len(absent[folder]))
    paths = {number: str(best / name) for number, name in names.items() if number not in absent[best]}
    if not absent[best]:
        return FoundPictures(paths, {}, {})
    flat = {near.parent, home.parent} - {home}  # around the data set: there may be anything else in their folders
    whole = [folder for folder in dict.fromkeys((near, home, *folders)) if folder not in flat]
    whole = [folder for folder in whole if folder.is_symlink() or not any(other in folder.parents for other in whole)]
    flat = [folder for folder in folders if folder in flat]
    subset = subset_of_file(file.path) or subset_of_folder(near)
    notes, faults = _search(file, PictureSearch(whole, flat, subset), absent[best], paths)
    if not paths:
        name = file.pictures[0].file_name[:200]
        others = f", nor does any of the other {len(names) - 1}" if len(names) > 1 else ""
        raise UserError(
            f"picture {name!r} of {str(file.path)!r} does not exist{others}; put the pictures into "
            f"{' or '.join(map(str, whole))}, or a folder in there (they were looked for there and in "
            f"{', '.join(map(str, flat))})"
        )
    return FoundPictures(paths, notes, faults)


def _search(file, search, absent, paths):
    """Adds to `paths` the pictures of the numbers `absent` for which one file fits -> notes, faults."""
    notes, faults, claims = {}, {}, {}
    taken = set(paths.values())
    for number in absent:
        name = file.pictures[number].file_name
        files, note = search.find(name)
        if len(files) == 1 and str(files[0]) not in taken:
            notes[number] = note
            claims.setdefault(str(files[0]), {}).setdefault(name, []).append(number)
            continue
        several = f"does not exist, and {len(files)} files may be meant ({_some(files)}); " if len(files) > 1 else ""
        cure = "put it there, or export the annotations without it"
        faults[number] = f"picture {name!r} of {str(file.path)!r} {several or 'does not exist; '}{cure}"
    for path, names in claims.items():
        for name, numbers in names.items():
            for number in numbers:
                if len(names) == 1:
                    paths[number] = path
                else:
                    del notes[number]
                    others = ", ".join(repr(other) for other in names if other != name)
                    faults[number] = (
                        f"picture {name!r} of {str(file.path)!r} does not exist, and {path!r} may also be {others}; "
                        "give each picture its own name"
                    )
    return notes, faults


def _some(files):
    return ", ".join(str(file) for file in files[:2])


def _home(path):
    """The folder of a data set with the file `path`: that with the folder "annotations", or else the file's own."""
    return next((folder.parent for folder in list(path.parents)[:3] if folder.name == "annotations"), path.parent)


def _absent(folder, names):
    """The numbers of the names, relative to `folder`, without a file; and of those that are None."""
    listed = {}
    absent = []
    for number, name in names.items():
        inner, _, base = (name or "").rpartition("/")
        if inner not in listed:
            where = folder / inner
            listed[inner] = set(os.listdir(where)) if where.is_dir() else set()
        if base not in listed[inner]:
            absent.append(number)
    return dict.fromkeys(absent)


def _bare_name(file):
    """ "instances_train2017.json" -> "train2017"."""
    prefix = next((prefix for prefix in PREFIXES if file.name.startswith(prefix)), "")
    return file.stem.removeprefix(prefix)


def _instance_files(folder, prefixes):
    """The COCO files in a folder: those with the first of `prefixes`, or those with the second, or all."""
    files = [file for file in files_in(folder, {".json"}) if looks_like_coco(file)]
    files = [file for file in files if not file.name.startswith(CAPTIONS)]
    for prefix in prefixes:
        chosen = [file for file in files if file.name.startswith(prefix)]
        if chosen:
            return chosen
    return files


def _subsets_in(folder, prefixes):
    """{subset: COCO file} in a folder itself; {} if there is none, or several of no known subset."""
    files = _instance_files(folder, prefixes)
    named = name_subsets(files)
    if files and not named and (len(files) == 1 or files[0].name.startswith(PREFIXES)):
        named = {"" if len(files) == 1 else _bare_name(file): file for file in files}
    return named


def _subsets_in_folders(path, prefixes):
    """{subset: COCO file} of the subsets that have their own folder with one COCO file."""
    named = {}
    for name, folder in subset_folders(path).items():
        files = list((_subsets_in(folder, prefixes) or _subsets_in(folder / "annotations", prefixes)).values())
        if len(files) == 1:
            named[name] = files[0]
    return named
