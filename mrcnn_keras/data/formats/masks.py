"""Masks as pictures: one file per object, or one label picture per image. The only class is "object".

one file per object  one folder per image: `NAME/images/*.png` (one) and `NAME/masks/*.png` (objects in white), like the
                     nuclei of the Data Science Bowl 2018
label pictures       `images/NAME.*` beside `labels/NAME.*` (or `masks/`): 0 is background, every other grey value,
                     palette index or colour is one object
"""

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.formats.bad_entries import BadEntries
from mrcnn_keras.data.formats.folders import files_in, folders_in, subset_folders
from mrcnn_keras.detections import MaskCrop, crop_mask
from mrcnn_keras.errors import UserError

CLASS_NAME = "object"
LABEL_FOLDERS = ("labels", "masks")
MAX_LABELS = 10_000  # values in a label picture; a picture with more is a photograph


class MaskDataset(Dataset):
    """Pictures with masks in picture files: one file each (`masks` in image_info) or all in one (`labels`)."""

    def load_annotations(self, image_id):
        info = self.image_info[image_id]
        if "labels" in info:
            size, crops = _crops_of_labels(info["labels"])
        else:
            size, crops = _crops_of_masks(info["masks"], self.image_name(image_id))
        size = size or images.read_size(info["path"])
        return self._from_crops(image_id, size, np.ones(len(crops), np.int32), crops)


def find(path):
    """{subset: folder} if `path` is a folder of these kinds, with "" if it has no subsets; otherwise {}."""
    places = {"": path, **subset_folders(path)}
    found = {name: place for name, place in places.items() if _label_folder(place) or _has_mask_folders(place)}
    return {"": path} if "" in found else found


def load(paths, skip_bad=0.05):
    """The Dataset of some of the folders that `find` found. Raises UserError for a missing file."""
    dataset = MaskDataset()
    bad = BadEntries(dataset, skip_bad)
    dataset.add_class("masks", 1, CLASS_NAME)
    for path in paths:
        labels = _label_folder(path)
        if labels:
            _add_label_pictures(dataset, path / "images", labels)
        else:
            _add_folders_of_pictures(dataset, path)
    bad.check()
    return dataset


def _label_folder(path):
    """The folder of label pictures beside path/images, with the same names; or None."""
    stems = {file.stem for file in files_in(path / "images")}
    for name in LABEL_FOLDERS:
        if stems & {file.stem for file in files_in(path / name, images.LOSSLESS_SUFFIXES)}:
            return path / name
    return None


def _has_mask_folders(path):
    return any((folder / "images").is_dir() and (folder / "masks").is_dir() for folder in folders_in(path))


def _add_label_pictures(dataset, pictures, labels):
    label_files = {file.stem: file for file in files_in(labels, images.LOSSLESS_SUFFIXES)}
    for file in files_in(pictures):
        if file.stem not in label_files:
            raise UserError(f"{str(file)!r} has no label picture in {str(labels)!r}; make one, black if it is empty")
        dataset.add_image("masks", file.stem, str(file), labels=label_files.pop(file.stem))
    for file in label_files.values():
        raise UserError(f"label picture {str(file)!r} has no picture in {str(pictures)!r}; add it or remove the label")


def _add_folders_of_pictures(dataset, path):
    for folder in folders_in(path):
        files = files_in(folder / "images")
        if len(files) != 1:
            raise UserError(
                f"{str(folder / 'images')!r} has {len(files)} pictures; put one there, or remove the folder"
            )
        if not (folder / "masks").is_dir():
            raise UserError(f"{str(folder)!r} has no folder 'masks'; add it, empty if the picture shows no object")
        masks = files_in(folder / "masks", images.LOSSLESS_SUFFIXES)
        dataset.add_image("masks", folder.name, str(files[0]), masks=masks)


def _crops_of_masks(files, name):
    """-> (height, width), or None without files; MaskCrops."""
    size, crops = None, []
    for file in files:
        mask = images.read_mask(file)
        if size not in (None, mask.shape):
            raise UserError(
                f"{name}: mask {str(file)!r} is {mask.shape[0]} x {mask.shape[1]} pixels but another one is "
                f"{size[0]} x {size[1]} (height x width); draw all masks in the size of the picture"
            )
        size = mask.shape
        crops.append(crop_mask(mask))
    return size, crops


def _crops_of_labels(file):
    """-> (height, width), MaskCrops in the order of the values."""
    labels = images.read_labels(file)
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
    crops = []
    for value, (top, left), (bottom, right) in zip(values, firsts.tolist(), lasts.tolist(), strict=True):
        crops.append(MaskCrop(top, left, labels[top:bottom, left:right] == value))
    return labels.shape, crops
