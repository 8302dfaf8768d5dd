"""What the formats share in looking at folders: the names of subsets, and lists of files."""

import os
import re
from pathlib import Path

from mrcnn_keras.data.images import SUFFIXES

_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def subset_name(name):
    """The subset by a word in the name of a file or folder, "instances_val2017" -> "val"; or None."""
    for word in re.findall("[a-z]+", name.lower()):
        if word in _WORDS:
            return _WORDS[word]
    return None


def name_subsets(paths):
    """{subset: path} of files or folders, in the order train, val, test; {} where one is of no known subset.

    Two paths of one subset ("train2014", "train2017") keep their own names instead.
    """
    names = [subset_name(path.name) for path in paths]
    if None in names:
        return {}
    named = {
        name if names.count(name) == 1 else path.stem: path for name, path in zip(names, paths, strict=True)
    }
    order = list(dict.fromkeys(_WORDS.values()))
    return dict(sorted(named.items(), key=lambda item: (order.index(subset_name(item[0])), item[0])))


def subset_folders(path):
    """{subset: folder} of the folders in `path` that are named as subsets."""
    return name_subsets([folder for folder in folders_in(path) if subset_name(folder.name)])


def folders_in(path):
    """The folders in `path`, sorted; hidden ones left out."""
    return sorted(Path(entry.path) for entry in _entries(path) if entry.is_dir())


def files_in(path, suffixes=SUFFIXES):
    """The files in the folder `path` that end so, sorted; hidden ones left out; [] if there is no folder."""
    return sorted(
        Path(entry.path)
        for entry in _entries(path)
        if Path(entry.name).suffix.lower() in suffixes and entry.is_file()
    )


def _entries(path):
    if not os.path.isdir(path):
        return []
    with os.scandir(path) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]
