"""COCO files as in format "coco", but of COCO's own files those of keypoints (person_keypoints_*) first."""

from mrcnn_keras.data.formats import coco_places
from mrcnn_keras.data.formats.coco import load

__all__ = ["find", "load"]


def find(path):
    """As coco_places.find."""
    return coco_places.find(path, (coco_places.KEYPOINTS, coco_places.INSTANCES))
