"""Thin Keras layers around ops: their arguments are plain values, so that they save themselves."""

from mrcnn_keras.layers.conv_norm import Conv2D, DepthwiseConv2D, followed_by
from mrcnn_keras.layers.corners import BoxCorners
from mrcnn_keras.layers.detection import DetectionLayer, DetectionMasks, FlattenDetections
from mrcnn_keras.layers.heads import BoxHead, MaskHead, MaskMLP
from mrcnn_keras.layers.images import NormalizeImages, WindowLayer
from mrcnn_keras.layers.keypoints import DetectionKeypoints, KeypointHead, KeypointTargetLayer
from mrcnn_keras.layers.norm import apply_norm, make_norm
from mrcnn_keras.layers.proposal import GivenProposalsLayer, ProposalLayer
from mrcnn_keras.layers.roi_align import PickRoIs, RoIAlignLayer
from mrcnn_keras.layers.rpn import AnchorLayer, PickAnchors, RPNHead
from mrcnn_keras.layers.targets import AnchorTargetLayer, MaskTargetLayer, RoITargetLayer

__all__ = [
    "AnchorLayer",
    "AnchorTargetLayer",
    "BoxCorners",
    "BoxHead",
    "Conv2D",
    "DepthwiseConv2D",
    "DetectionKeypoints",
    "DetectionLayer",
    "DetectionMasks",
    "FlattenDetections",
    "GivenProposalsLayer",
    "KeypointHead",
    "KeypointTargetLayer",
    "MaskHead",
    "MaskMLP",
    "MaskTargetLayer",
    "NormalizeImages",
    "PickAnchors",
    "PickRoIs",
    "ProposalLayer",
    "RPNHead",
    "RoIAlignLayer",
    "RoITargetLayer",
    "WindowLayer",
    "apply_norm",
    "followed_by",
    "make_norm",
]
