"""Contradictions in a dataset: boxes against outlines, pictures that are there twice, the two sides of a split."""

import hashlib
import os

import numpy as np

from mrcnn_keras.data.images import EITHER, exif_finding, exif_forms
from mrcnn_keras.errors import listing

# Pixels that a box in a file may differ from its outline's extent: boxes are rounded, and drawn by hand.
LOOSE = 3
# Pixels within which another reading of a box must match the extent to be believed.
EXACT = 1.5
LEAST_OVERLAP = 0.5  # IoU
LARGE_PART = 0.1  # of a box, lying beyond the picture
SHOWN = 8  # names in a sentence
OTHER_BOX = "boxes that look like {}, not [x, y, width, height], so the outlines count"
NO_AREA = "boxes without area where there is an outline, which counts"
MISFIT = "outlines that do not fill their box, so the outlines count"
BEYOND = "boxes that reach beyond the picture as [x, y, width, height], but not as corners [x1, y1, x2, y2]"
NOTHING = "annotations with neither an outline nor a box with area, such as those of a background, left out"
COPIED = "pictures with the content of another file"
LEAKED = "{} pictures that are training pictures, too, so that the figures on them are too good"
SHARES = "outlines or boxes in 0..1, which are shares of a picture and no pixels, left out; write pixels"


def note_outlines(dataset, image_id, size, objects):
    """Notes each object of a picture whose box in the file is not that of its outline.

    Args:
        dataset: `Dataset` that gets the notes.
        image_id: Integer, the internal id.
        size: (height, width) of the picture.
        objects: For each object the box in the file, or `None` without one; the extent of its outline inside the
            picture, or `None` if it has no pixel there, both (y1, x1, y2, x2); and its points, a list of
            `[K, (y, x)]`, or `None` where they are not known.
    """
    found = {}
    for place, (written, extent, points) in enumerate(objects):
        finding = _finding(written, extent, points, size)
        if finding:
            has_area = written is not None and written[0] < written[2] and written[1] < written[3]
            found.setdefault(finding, []).append((dataset.entry_name(image_id, place), written if has_area else extent))
    for finding, places in found.items():
        dataset.note(finding, image_id, contradiction=True, objects=places)


def are_shares(points, size):
    """Returns whether an outline is written as shares of the picture, as YOLO does.

    Args:
        points: List of `[K, (y, x)]`.
        size: (height, width) of the picture.

    Returns:
        Boolean; in pixels all points would lie inside the first one.
    """
    points = np.concatenate(points)
    return bool(min(size) > 2 and points.min() >= 0 and points.max() <= 1 and (points % 1).any())


def _finding(written, extent, points, size):
    if points is not None:
        if are_shares(points, size):
            return SHARES
        points = np.concatenate(points)
        if written is None:
            return _finding_of_box((*points.min(axis=0), *points.max(axis=0)), size)
    if written is None or extent is None or _distance(written, extent, size) <= LOOSE:
        return None
    if written[0] == written[2] or written[1] == written[3]:
        return NO_AREA
    for name, box in _readings(written, size).items():
        if _distance(box, extent, size) <= EXACT:
            return OTHER_BOX.format(name)
    return MISFIT if overlap(written, extent) < LEAST_OVERLAP else None


def _finding_of_box(box, size):
    """Without an outline a box contradicts the picture alone."""
    sides = np.subtract(box[2:], box[:2])
    if not sides.all():
        return NOTHING
    corners = _readings(box, size)["corners [x1, y1, x2, y2]"]
    fits = np.greater(corners[2:], corners[:2]).all() and np.less_equal(corners[2:], size).all()
    beyond = np.subtract(box[2:], size)
    return BEYOND if fits and (beyond > np.maximum(LOOSE, LARGE_PART * sides)).any() else None


def _readings(box, size):
    """What the four numbers of COCO's box (y1, x1, y2, x2) mean in other conventions, as such boxes."""
    y, x = box[:2]
    height, width = box[2] - y, box[3] - x
    return {
        "corners [x1, y1, x2, y2]": (y, x, height, width),
        "[centre x, centre y, width, height]": (y - height / 2, x - width / 2, y + height / 2, x + width / 2),
        "[y1, x1, y2, x2]": (x, y, width, height),
        "[y, x, height, width]": (x, y, x + width, y + height),
        "shares of the picture": np.multiply(box, size * 2),
    }


def _distance(first, second, size):
    """The largest distance between the sides of two boxes inside the picture, pixels."""
    return float(np.abs(np.clip(first, 0, size * 2) - np.clip(second, 0, size * 2)).max())


def overlap(first, second):
    """Intersection over union of two boxes (y1, x1, y2, x2), not both without area.

    Returns:
        Float from 0 to 1.
    """
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    both = np.prod(np.maximum(sides, 0))
    areas = [np.prod(np.subtract(box[2:], box[:2])) for box in (first, second)]
    return both / (sum(areas) - both)


def note_pictures(dataset):
    """Notes pictures that are copies, and those with an EXIF orientation, since annotations may be of either form.

    Args:
        dataset: `Dataset` that gets the notes.
    """
    paths = [info["path"] for info in dataset.image_info]
    firsts = first_alike(paths)
    for image_id, path in enumerate(paths):
        if paths[firsts[image_id]] != path:  # a file that is listed twice is noted on loading
            dataset.note(COPIED, image_id, objects=[(f"the same as {dataset.image_name(firsts[image_id])}", None)])
        forms = path and exif_forms(path)
        if forms:
            finding = exif_finding(*forms, dataset.load_boxes(image_id).size)
            dataset.note(finding, image_id, contradiction=finding == EITHER)


def note_sides(training, validation, counts, name="validation"):
    """Notes what is wrong with a split, on the validation data.

    Args:
        training: `Dataset`.
        validation: `Dataset`.
        counts: The objects by class name, `per_class` of the statistics, of both.
        name: String, what the second is called.
    """
    note_leaks(training, validation, name)
    for side, here, there in (("training", *counts), (name, *counts[::-1])):
        lacking = [name for name, count in there.items() if count and not here.get(name)]
        if lacking:
            validation.note(f"classes without an example in the {side} data: {named(lacking)}")


def note_leaks(training, validation, name="validation"):
    """Notes which validation pictures are training pictures, too, on the validation data.

    Args:
        training: `Dataset`.
        validation: `Dataset`.
        name: String, what the second is called.
    """
    if not (training.reads_whole_files() and validation.reads_whole_files()):
        return
    paths = [[info["path"] for info in dataset.image_info] for dataset in (training, validation)]
    for image_id, first in enumerate(first_alike(sum(paths, []))[len(paths[0]) :]):
        if first < len(paths[0]):
            same = f"the same as {training.image_name(first)}"
            validation.note(LEAKED.format(name), image_id, contradiction=True, objects=[(same, None)])


def named(names):
    """Lists the first names of classes and counts the rest.

    Args:
        names: List of strings.

    Returns:
        String for a sentence.
    """
    return listing(names, SHOWN)


def first_alike(paths):
    """Finds files that are the same or have the same bytes.

    Args:
        paths: List of paths, or `None` for what has no file.

    Returns:
        List of integers: for each path the place of the first equal one, or its own.
    """
    real = [path and os.path.realpath(path) for path in paths]
    sizes = {}
    for path in dict.fromkeys(real):
        if path and os.path.isfile(path):
            sizes.setdefault(os.path.getsize(path), []).append(path)
    contents = {}
    for path in (path for alike in sizes.values() if len(alike) > 1 for path in alike):
        with open(path, "rb") as file:
            contents[path] = hashlib.file_digest(file, "sha256").digest()
    firsts = {}
    return [firsts.setdefault(contents.get(path, path), i) if path else i for i, path in enumerate(real)]
