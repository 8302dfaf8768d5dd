"""Writes annotated pictures into the files of a labelling tool: the reverse of loading.py."""

import os
from contextlib import contextmanager
from pathlib import Path, PurePath

from mrcnn_keras.data import images
from mrcnn_keras.data.formats.coco import category_ids_of
from mrcnn_keras.data.formats.writers import WRITERS, Classes, Labelled
from mrcnn_keras.data.formats.writers.writer import NO_TEXT
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_folder


@contextmanager
def open_writer(format, out, classes, tolerance=0.0):
    """Opens a folder for pictures and annotations, for a `with`: it appears when the block ends without an error.

    Args:
        format: As in `save_dataset`.
        out: Path of a folder that does not exist yet.
        classes: `Classes`.
        tolerance: As in `save_dataset`.

    Returns:
        `Writer`, which takes one picture after the other.

    Raises:
        UserError: If `out` holds something.
    """
    check_unused(out)
    with replace_folder(out) as folder:
        writer = WRITERS[format](folder, classes, tolerance)
        yield writer
        writer.finish()


def check_unused(out):
    """Checks that a folder holds nothing: it may be what a person has corrected.

    Args:
        out: Path of the folder.

    Raises:
        UserError: If it does.
    """
    out = Path(out)
    if out.exists() and not (out.is_dir() and not os.listdir(out)):
        raise UserError(f"{str(out)!r} exists, and may hold corrected annotations; give a new folder with --out")


def save_dataset(subsets, out, format, tolerance=0.0, progress=None):
    """Writes annotated pictures in another format, with copies of the pictures.

    Args:
        subsets: Dict of `Dataset`s with the same classes by the name of the subset, `""` for one that is not divided.
        out: Path of a folder that does not exist yet.
        format: `"coco"`, `"yolo"`, `"labelme"`, `"via"`, `"cvat"` or `"labels"`.
        tolerance: Float, pixels by which outlines may be simplified that are made of masks, as long as 98 % of the mask
            stay the same; 0: along the pixels. Polygons that were annotated stay as they are.
        progress: Function that is called with (pictures written, pictures in all) after each, or `None`.

    Returns:
        Dict of what the format cannot hold: count by sentence.

    Raises:
        UserError: If `out` holds something, or a picture cannot be read.
    """
    datasets = list(subsets.values())
    count = sum(dataset.num_images for dataset in datasets)
    first = datasets[0]
    classes = Classes(tuple(first.class_names), tuple(category_ids_of(first)), first.keypoint_layout)
    with open_writer(format, out, classes, tolerance) as writer:
        done = 0
        for subset, dataset in subsets.items():
            names = file_names([info["path"] or _named(info["id"]) for info in dataset.image_info])
            for i, name in enumerate(names):
                found = dataset.load_annotations(i)
                picture = _picture(dataset, i, found.size)
                writer.add(Labelled(name, picture, found, dataset.load_outlines(i), subset))
                done += 1
                if progress:
                    progress(done, count)
    return dict(writer.lost)


def file_names(paths):
    """Names picture files for one folder, none twice without its suffix, in whatever case.

    Args:
        paths: Paths of the files.

    Returns:
        List of strings. Of two files with one name, the second gets its folder's name, too, or a number.
    """
    names, taken = [], set()
    for path in paths:
        path = PurePath(NO_TEXT.sub("_", str(path).replace("\\", "/")))
        stem, number = path.stem, 1
        if stem.casefold() in taken and path.parent.name:
            stem = f"{path.parent.name}_{path.stem}"
        whole = stem
        while stem.casefold() in taken:
            number += 1
            stem = f"{whole}-{number}"
        taken.add(stem.casefold())
        names.append(stem + path.suffix)
    return names


def _named(image_id):
    """The name of a picture without a file: its id, which may be the name of a file somewhere else."""
    plain = PurePath(str(image_id))
    return str(plain.with_suffix(".png")) if plain.suffix.lower() in images.SUFFIXES else f"{image_id}.png"


def _picture(dataset, image_id, size):
    """The file of a picture, if whoever opens it sees the pixels that were annotated; otherwise the pixels."""
    path = dataset.image_info[image_id]["path"]
    if path and dataset.reads_whole_files() and images.read_size(path) == tuple(size):
        return path
    return dataset.load_image(image_id)
