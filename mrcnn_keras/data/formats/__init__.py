"""The annotation formats: where a file or folder holds one, and how it is read."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from mrcnn_keras.data.formats import coco, coco_places, createml, cvat, masks, voc, yolo


class Format(NamedTuple):
    find: Callable  # path -> {subset: place} of a file or folder; {} where nothing is in this format; "" is no subset
    load: Callable  # some of these places, share of bad entries to skip, all places whose classes count -> Dataset


_KEYPOINTS_FIRST = coco_places.KEYPOINTS, coco_places.INSTANCES
# In the order in which they are looked for. COCO has files of keypoints and of instances of the same pictures.
FORMATS = {
    "coco": Format(coco_places.find, coco.load),
    "masks": Format(masks.find, masks.load),
    "cvat": Format(cvat.find, cvat.load),
    "yolo": Format(yolo.find, yolo.load),
    "createml": Format(createml.find, createml.load),
    "voc": Format(voc.find, voc.load),
    "coco_keypoints": Format(partial(coco_places.find, prefixes=_KEYPOINTS_FIRST), coco.load),
}
