"""Where the pictures of annotations are: beside them, above them or in folders named like them."""

import os
from typing import NamedTuple

from mrcnn_keras.data.formats.coco_places import bare_name
from mrcnn_keras.data.formats.folders import subset_of_file, subset_of_folder
from mrcnn_keras.data.formats.picture_files import PictureSearch, plain_name
from mrcnn_keras.errors import UserError, listing


class FoundPictures(NamedTuple):
    """Where the pictures of an AnnotationFile are, by their place in its list."""

    paths: dict
    notes: dict  # of those that were found by another spelling of their name
    faults: dict  # sentences on those that were not found


def find_pictures(file):
    """AnnotationFile -> FoundPictures; no picture is opened.

    As a rule all names are relative to one folder. Only if some have no file there, all folders are searched.
    Raises UserError if no picture is found.
    """
    near = file.path if file.path.is_dir() else file.path.parent
    home = _home(file.path)
    subsets = dict.fromkeys(name for name in (bare_name(file.path), subset_of_file(file.path)) if name)
    folders = [near, near / "images", *(near / name for name in subsets), *(near / "images" / name for name in subsets)]
    for above in dict.fromkeys((near.parent, home.parent if home == near else home)):
        folders += [above / name for name in subsets] + [above / "images" / name for name in subsets]
        folders += [above / "images", above]
    folders = [folder for folder in dict.fromkeys(folders) if folder.is_dir()]
    known = {number: str(picture.path) for number, picture in enumerate(file.pictures) if picture.path is not None}
    names = {n: plain_name(picture.file_name) for n, picture in enumerate(file.pictures) if n not in known}
    if not names:
        return FoundPictures(known, {}, {})
    absent = {folder: _absent(folder, names) for folder in folders}
    best = min(absent, key=lambda folder: len(absent[folder]))
    paths = known | {number: str(best / name) for number, name in names.items() if number not in absent[best]}
    if not absent[best]:
        return FoundPictures(paths, {}, {})
    flat = {near.parent, home.parent} - {home}  # around the data set: there may be anything else in their folders
    whole = [folder for folder in dict.fromkeys((near, home, *folders)) if folder not in flat]
    whole = [folder for folder in whole if folder.is_symlink() or not any(other in folder.parents for other in whole)]
    flat = [folder for folder in folders if folder in flat]
    subset = subset_of_file(file.path) or subset_of_folder(near)
    notes, faults = _search(file, PictureSearch(whole, flat, subset), absent[best], paths)
    if not paths and not any(file.pictures[number].inside for number in names):
        name = file.pictures[next(iter(names))].file_name[:200]
        others = f", nor does any of the other {len(names) - 1}" if len(names) > 1 else ""
        raise UserError(
            f"picture {name!r} of {str(file.path)!r} does not exist{others}; put the pictures into "
            f"{' or '.join(map(str, whole))}, or a folder in there (they were looked for there and in "
            f"{listing(flat)})"
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
    """The folder of a data set with the place `path`: that with the folder "annotations", or else the place's own."""
    own = path if path.is_dir() else path.parent
    return next((folder.parent for folder in list(path.parents)[:3] if folder.name == "annotations"), own)


def _absent(folder, names):
    """The numbers of the names, relative to `folder`, without a file; and of those that are None."""
    listed = {}
    absent = []
    for number, name in names.items():
        inner, _, base = (name or "").rpartition("/")
        if inner not in listed:
            where = folder / inner
            listed[inner] = set(os.listdir(where)) if os.path.isdir(where) else set()
        if base not in listed[inner]:
            absent.append(number)
    return dict.fromkeys(absent)
