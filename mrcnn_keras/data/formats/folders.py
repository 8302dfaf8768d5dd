"""How the formats read folders: the names of subsets, and lists of files, without the rubbish that systems leave."""

import itertools
import os
import re
from pathlib import Path

from mrcnn_keras.data.images import SUFFIXES

_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
# What macOS, Windows, Synology and Linux put among files, besides all that begins with a dot.
RUBBISH = frozenset(("__macosx", "thumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "@eadir"))
LOOKED_AT = 100  # files of a folder, and folders in it, that are looked at to find a format
MAX_DEPTH = 8  # folders inside each other that are searched


def subset_of_file(path):
    """The subset by a word in a file's name, "instances_val2017.json" -> "val"; or None."""
    words = re.findall("[a-z]+", path.name.lower())
    return next((_WORDS[word] for word in words if word in _WORDS), None)


def subset_of_folder(path):
    """The subset by a folder's whole name, "valid", "val2017" or "stage1_train"; None for "test_of_bob"."""
    match = re.fullmatch(r"(?:stage\d+_)?([a-z]+?)(?:_?(?:\d{4}|set|images|data))?", path.name.lower())
    return _WORDS.get(match[1]) if match else None


def name_subsets(paths, subset_of=subset_of_file):
    """{subset: path} of files or folders, in the order train, val, test; {} if one is of no known subset.

    Two paths of one subset ("train2014", "train2017") keep their own names instead.
    """
    names = [subset_of(path) for path in paths]
    if None in names:
        return {}
    order = list(dict.fromkeys(_WORDS.values()))
    pairs = sorted(zip(names, paths, strict=True), key=lambda pair: (order.index(pair[0]), pair[1]))
    return {name if names.count(name) == 1 else path.stem: path for name, path in pairs}


def subset_folders(path):
    """{subset: folder} of the folders in `path` that are named like subsets."""
    folders = [folder for folder in folders_in(path) if subset_of_folder(folder)]
    return name_subsets(folders, subset_of_folder)


def annotated_subsets(path, has):
    """{subset: folder} of the folders in `path` that are named like subsets and have annotations, as `has` says.

    Where there are such, other folders with annotations are subsets by their own names, so that none is lost.
    """
    named = {name: folder for name, folder in subset_folders(path).items() if has(folder)}
    others = [folder for folder in folders_in(path) if folder not in named.values()] if named else []
    return named | {folder.name: folder for folder in others if has(folder)}


def annotated_folders(path, suffixes, accepts):
    """{subset: folder} of formats with a file per picture, in or below a folder, or such a file; {} if there is none.

    "" is not a subset. accepts: function of a file with one of `suffixes`; only the first files of a folder are tried,
    and half of them must be accepted, as a folder may be above data sets of several formats.
    """
    if path.is_file():
        return {"": path} if path.suffix.lower() in suffixes and accepts(path) else {}

    def has(files):
        accepted = list(map(accepts, itertools.islice(files, LOOKED_AT)))
        return any(accepted) and 2 * sum(accepted) >= len(accepted)

    def subsets(folder):
        return annotated_subsets(folder, lambda inner: has(files_below(inner, suffixes)))

    if has(files_in(path, suffixes)):
        return {"": path}
    inside = [named for named in map(subsets, folders_in(path)[:LOOKED_AT]) if named]  # labels/train, labels/val
    found = subsets(path) or (inside[0] if len(inside) == 1 else {})
    return found or ({"": path} if has(files_below(path, suffixes)) else {})


def twin_folders(folder, names):
    """The folders called `names` beside a folder or beside those around it: "data/images/a" for "data/labels/a"."""
    for above in (folder, *folder.parents)[:3]:
        yield from (above.parent / name / folder.relative_to(above) for name in names)


class ListedFolders:
    """The files with some suffixes in folders, each of which is listed once."""

    def __init__(self, suffixes=SUFFIXES):
        self.suffixes = suffixes
        self._files = {}

    def files(self, folder):
        """-> {name: path}"""
        if folder not in self._files:
            self._files[folder] = {path.name: path for path in files_in(folder, self.suffixes)}
        return self._files[folder]

    def find(self, name, folders):
        """The path of the file in the first of `folders` that has it, or None."""
        return next((self.files(folder)[name] for folder in folders if name in self.files(folder)), None)


def folders_in(path):
    """The folders in `path`, sorted, without hidden ones and rubbish."""
    return sorted(Path(entry.path) for entry in _entries(path) if entry.is_dir())


def files_in(path, suffixes=SUFFIXES):
    """The files with these suffixes, or all for None, in the folder `path`, sorted, without hidden ones.

    [] if there is no folder.
    """
    return sorted(
        Path(entry.path)
        for entry in _entries(path)
        if (suffixes is None or Path(entry.name).suffix.lower() in suffixes) and entry.is_file()
    )


def files_below(path, suffixes=SUFFIXES, enters=lambda folder: True):
    """As files_in, for `path` and all folders in it, one after the other, except those that `enters` refuses.

    Links to folders are not followed, as they may lead back.
    """
    folders = [(Path(path), 0)]
    while folders:
        folder, depth = folders.pop(0)
        yield from files_in(folder, suffixes)
        if depth < MAX_DEPTH:
            inner = [entry for entry in folders_in(folder) if not entry.is_symlink() and enters(entry)]
            folders += [(entry, depth + 1) for entry in inner]


def _entries(path):
    if not os.path.isdir(path):
        return []
    with os.scandir(path) as entries:
        return [entry for entry in entries if not entry.name.startswith(".") and entry.name.lower() not in RUBBISH]
