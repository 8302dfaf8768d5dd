"""Masks as pictures: one file per object, or one label picture per image. The only class is "object".

one file per object  one folder per image: `NAME/images/*.png` (one) and `NAME/masks/*.png` (objects in white), like the
                     nuclei of the Data Science Bowl 2018
label pictures       `images/NAME.*` beside `labels/NAME.*` (or `masks/`, and `NAME_mask.*`): 0 is background, every
                     other grey value, palette index or colour is one object

Both may lie in folders inside: `batch1/NAME/images/`, or `images/batch1/NAME.*` with `labels/batch1/NAME.*`.
"""

import re
from collections import Counter

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.formats.bad_entries import BadEntries
from mrcnn_keras.data.formats.folders import files_below, files_in, folders_in, subset_folders
from mrcnn_keras.detections import MaskCrop, crop_mask
from mrcnn_keras.errors import UserError

CLASS_NAME = "object"
LABEL_FOLDERS = ("labels", "masks")
MAX_LABELS = 10_000  # values in a label picture; a picture with more is a photograph
MASKS = "mask files"
LABEL_ENDING = re.compile(r"[ _-](mask|label|seg|segmentation|gt)s?$", re.I)  # of a name: "a_mask.png" for "a.jpg"
MAX_DEPTH = 3  # folders around those of pictures
ENDED = "label pictures with a word behind the name of their picture, such as _mask"
LOSSY_MASKS = "masks saved with loss (JPEG), cut at half their brightness; PNG keeps their edges"
LOSSY_LABELS = "label pictures saved with loss (JPEG), what is bright read as one object; PNG keeps several apart"


class MaskDataset(Dataset):
    """Pictures with masks in picture files: one file each (`masks` in image_info) or all in one (`labels`).

    skip_bad: as in BadEntries.
    """

    def __init__(self, skip_bad=0.05):
        super().__init__()
        self.bad = BadEntries(self, skip_bad)
        self._mask_files = {}  # {picture's path: those that were read}

    def entry_name(self, image_id, place):
        files = self._mask_files.get(self.image_info[image_id]["path"])
        return f"mask {files[place].name!r}" if files else super().entry_name(image_id, place)

    def load_annotations(self, image_id):
        info = self.image_info[image_id]
        if "labels" in info:
            size, crops = _crops_of_labels(info["labels"])
        else:
            size, crops = self._crops_of_masks(info)
        return self._from_crops(image_id, size, np.ones(len(crops), np.int32), crops)

    def _crops_of_masks(self, info):
        """-> (height, width), MaskCrops. Masks that turn out unreadable are left out."""
        found = {}
        for file in info["masks"]:
            try:
                mask = images.read_mask(file)
                found[file] = mask.shape, crop_mask(mask)
            except UserError as error:
                self.bad.skip(MASKS, str(error))
        sizes = {size for size, _ in found.values()}
        size = sizes.pop() if len(sizes) == 1 else images.read_size(info["path"])
        for file, (other, _) in found.items():
            if other != size:
                self.bad.skip(
                    MASKS,
                    f"mask {str(file)!r} is {other[0]} x {other[1]} pixels but its picture is {size[0]} x {size[1]} "
                    "(height x width); draw all masks in the size of the picture",
                )
        self.bad.check()
        crops = {file: crop for file, (other, crop) in found.items() if other == size}
        self._mask_files[info["path"]] = list(crops)
        return size, list(crops.values())


def find(path):
    """{subset: folder} if `path` is a folder of these kinds, with "" if it has no subsets; otherwise {}."""
    inner = {name: place for name, place in subset_folders(path / "images").items() if _label_folder(place)}
    if inner and not files_in(path / "images"):
        return inner
    places = {"": path, **subset_folders(path)}
    found = {name: place for name, place in places.items() if _label_folder(place) or _has_mask_folders(place)}
    if not found and any(_has_mask_folders(folder) for folder in folders_in(path)):
        found = {"": path}
    return {"": path} if "" in found else found


def load(paths, skip_bad=0.05, family=()):
    """The Dataset of some of the folders that `find` found.

    skip_bad: as in BadEntries. family: without effect, since all have the one class. Raises UserError for too many
    entries that cannot be used.
    """
    del family
    dataset = MaskDataset(skip_bad)
    dataset.add_class("masks", 1, CLASS_NAME)
    for path in paths:
        labels = _label_folder(path)
        if labels:
            _add_label_pictures(dataset, _picture_folder(path), labels)
        else:
            _add_folders_of_pictures(dataset, path)
    dataset.bad.check()
    return dataset


def _picture_folder(path):
    """The folder of pictures of a place: images/, or the place itself if it is a subset's folder in images/."""
    return path if path.parent.name == "images" else path / "images"


def _label_folder(path):
    """The folder of label pictures beside the place's folder of pictures, with the same names; or None."""
    pictures = _picture_folder(path)
    stems = _by_stem(pictures)
    beside = pictures.parent if pictures == path / "images" else pictures.parent.parent
    for name in LABEL_FOLDERS if stems else ():
        labels = beside / name if pictures == path / "images" else beside / name / path.name
        if stems.keys() & _by_picture(labels, stems).keys():
            return labels
    return None


def _by_stem(folder):
    """{name without suffix, with the folders inside `folder`: file}"""
    files = _without_copies(list(files_below(folder)))
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def _by_picture(labels, stems):
    """`_by_stem` of label pictures; a name loses its ending where that makes it one of `stems`, of pictures."""
    found = _by_stem(labels)
    plain = {stem: LABEL_ENDING.sub("", stem) for stem in found}
    count = Counter(plain.values())
    return {
        name if stem not in stems and name in stems and count[name] == 1 else stem: found[stem]
        for stem, name in plain.items()
    }


def _without_copies(files):
    """`files` without the lossy ones beside a lossless one of the same name."""
    exact = {file.with_suffix("") for file in files if _is_lossless(file)}
    return [file for file in files if _is_lossless(file) or file.with_suffix("") not in exact]


def _is_lossless(file):
    return file.suffix.lower() in images.LOSSLESS_SUFFIXES


def _has_mask_folders(path):
    return any((folder / "images").is_dir() and (folder / "masks").is_dir() for folder in folders_in(path))


def _add_label_pictures(dataset, pictures, labels):
    files = sorted(files_below(pictures))
    stems = [file.relative_to(pictures).with_suffix("").as_posix() for file in files]
    label_files = _by_picture(labels, {*stems})
    dataset.bad.count("pictures", len(files))
    dataset.bad.count("label pictures", len(label_files))
    used = set()
    for stem, file in zip(stems, files, strict=True):
        label = label_files.get(stem)
        used.add(stem)
        if label is None:
            cure = "make one, black if it is empty"
            dataset.bad.skip("pictures", f"{str(file)!r} has no label picture in {str(labels)!r}; {cure}")
            continue
        dataset.add_image("masks", stem, str(file), labels=label)
        if label.stem != file.stem:
            dataset.note(ENDED, dataset.num_images - 1)
        if not _is_lossless(label):
            dataset.note(LOSSY_LABELS, dataset.num_images - 1)
    for stem in label_files.keys() - used:
        dataset.bad.skip(
            "label pictures",
            f"label picture {str(label_files[stem])!r} has no picture in {str(pictures)!r}; add it or remove the label",
        )


def _add_folders_of_pictures(dataset, path):
    folders, others = _folders_of_pictures(path, MAX_DEPTH)
    if others:
        dataset.note(f"{len(others)} folders without images and masks, passed over (first {str(others[0])!r})")
    dataset.bad.count("pictures", len(folders))
    for folder in folders:
        files = files_in(folder / "images")
        if len(files) != 1 or not (folder / "masks").is_dir():
            place, cure = str(folder / "images"), "put one there, or remove the folder"
            fault = f"{place!r} has {len(files)} pictures; {cure}"
            if len(files) == 1:
                fault = f"{str(folder)!r} has no folder 'masks'; add it, empty if the picture shows no object"
            dataset.bad.skip("pictures", fault)
            continue
        masks = _without_copies(files_in(folder / "masks"))
        dataset.bad.count(MASKS, len(masks))
        dataset.add_image("masks", folder.relative_to(path).as_posix(), str(files[0]), masks=masks)
        lossy = sum(not _is_lossless(mask) for mask in masks)
        if lossy:
            dataset.note(LOSSY_MASKS, dataset.num_images - 1, lossy)


def _folders_of_pictures(path, depth):
    """-> the folders in `path` that have images/ or masks/, and those without these or such folders inside."""
    found, others = [], []
    for folder in folders_in(path):
        if (folder / "images").is_dir() or (folder / "masks").is_dir():
            found.append(folder)
            continue
        inner, _ = _folders_of_pictures(folder, depth - 1) if depth else ([], [])
        found += inner
        others += [] if inner else [folder]
    return found, others


def _crops_of_labels(file):
    """-> (height, width), MaskCrops in the order of the values."""
    labels = images.read_labels(file)
    return labels.shape, [crop for _, crop in crops_of_values(labels, file)]


def crops_of_values(labels, file):
    """The values of a label picture [H, W] but 0, each with its MaskCrop. Raises UserError for too many."""
    rows, columns = np.nonzero(labels)
    values, numbers = np.unique(labels[rows, columns], return_inverse=True)
    if len(values) > MAX_LABELS:
        raise UserError(
            f"{str(file)!r} has {len(values)} different values, too many to be one per object; "
            "save label pictures without loss, as PNG"
        )
    firsts, lasts = np.empty((2, len(values), 2), int)
    firsts[:], lasts[:] = max(labels.shape), 0
    for axis, places in enumerate((rows, columns)):
        np.minimum.at(firsts[:, axis], numbers, places)
        np.maximum.at(lasts[:, axis], numbers, places + 1)
    return [
        (value, MaskCrop(top, left, labels[top:bottom, left:right] == value))
        for value, (top, left), (bottom, right) in zip(values.tolist(), firsts.tolist(), lasts.tolist(), strict=True)
    ]
