"""Detections, the one type that carries instances, found or annotated: masks as crops of their boxes, keypoints."""

from mrcnn_keras.detections.checks import as_boxes, check_score, plain_id
from mrcnn_keras.detections.detections import Detections
from mrcnn_keras.detections.given_proposals import proposals_of
from mrcnn_keras.detections.keypoint_layout import KeypointLayout
from mrcnn_keras.detections.mask_crop import MaskCrop, crop_mask, paste_mask
from mrcnn_keras.detections.matching import box_overlaps, match_instances
from mrcnn_keras.detections.region_properties import PROPERTIES
from mrcnn_keras.detections.tiles import CELL, check_tiles, join_tiles, tile_windows

__all__ = [
    "CELL",
    "Detections",
    "KeypointLayout",
    "MaskCrop",
    "PROPERTIES",
    "as_boxes",
    "box_overlaps",
    "check_score",
    "check_tiles",
    "crop_mask",
    "join_tiles",
    "match_instances",
    "paste_mask",
    "plain_id",
    "proposals_of",
    "tile_windows",
]
