"""Picture files of a data set that no annotation names."""

import os
from pathlib import Path

from mrcnn_keras.data.formats.folders import files_below, files_in
from mrcnn_keras.data.formats.masks import LABEL_ENDING
from mrcnn_keras.data.formats.picture_files import ANNOTATIONS


def unused_pictures(path, datasets):
    """Finds the pictures that lie with those of a dataset without belonging to it.

    Args:
        path: That of `load_dataset`. A folder is searched except for folders of masks; with a file, the folders of its
            pictures are, unless there are other files like it, which may name the rest.
        datasets: List of `Dataset`s that use pictures there; the first was loaded from `path`.

    Returns:
        List of paths, without those that unreadable entries are about.
    """
    path = Path(os.path.abspath(Path(path).expanduser()))
    named = {file for dataset in datasets for info in dataset.image_info for file in _files_of(info)}
    if path.is_dir():
        files = list(files_below(path, enters=lambda folder: folder.name.lower() not in ANNOTATIONS))
    else:
        alone = files_in(path.parent, {path.suffix.lower()}) == [path]
        folders = dict.fromkeys(Path(os.path.abspath(file)).parent for file in named) if alone else ()
        files = [file for folder in folders for file in files_in(folder)]
    used = {os.path.realpath(file) for file in named}
    stems = {os.path.splitext(file)[0] for file in used}
    skipped = "\n".join(sentence for dataset in datasets for sentence in dataset.skipped)
    return [file for file in files if not _is_known(file, used, stems) and file.name not in skipped]


def _is_known(file, used, stems):
    real = Path(os.path.realpath(file))
    of_picture = str(real.with_name(LABEL_ENDING.sub("", real.stem)))
    return str(real) in used or (of_picture in stems and of_picture != str(real.with_suffix("")))


def _files_of(info):
    """The paths among the values of a picture's info: its own, and those of its masks."""
    values = [value for given in info.values() for value in (given if isinstance(given, list) else [given])]
    return [str(value) for value in values if isinstance(value, Path)] + [str(info["path"])] * bool(info["path"])
