"""The annotation formats: where a file or folder holds one, and how it is read."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from mrcnn_keras.data.formats import (
    coco,
    coco_places,
    createml,
    cvat,
    labelme,
    labelme3,
    masks,
    outlined,
    supervisely,
    via,
    voc,
    yolo,
)
from mrcnn_keras.data.formats.voc_masks import VocDataset


class Format(NamedTuple):
    find: Callable  # path -> {subset: place} of a file or folder; {} where nothing has this format; "" is not a subset
    load: Callable  # some of these places, share of bad entries to skip, all places whose classes count -> Dataset


def _read_by(module, name, **more):
    """A format whose module has `find` and `read`, which outlined.load takes."""
    return Format(module.find, partial(outlined.load, module.read, name, **more))


_KEYPOINTS_FIRST = coco_places.KEYPOINTS, coco_places.INSTANCES
# In the order in which they are looked for. COCO has files of keypoints and of instances of the same pictures.
FORMATS = {
    "coco": Format(coco_places.find, coco.load),
    "masks": Format(masks.find, masks.load),
    "via": Format(via.find, via.load),
    "labelme": _read_by(labelme, "labelme"),
    "labelme3": _read_by(labelme3, "labelme3"),
    "supervisely": _read_by(supervisely, "supervisely"),
    "cvat": _read_by(cvat, "cvat"),
    "yolo": _read_by(yolo, "yolo"),
    "createml": _read_by(createml, "createml"),
    "voc": _read_by(voc, "voc", kind=VocDataset),
    "coco_keypoints": Format(partial(coco_places.find, prefixes=_KEYPOINTS_FIRST), coco.load),
}
