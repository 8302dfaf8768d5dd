"""RoI features: what the branches see of a box. A model has one of these classes, in both modes.

maps: what RoIs are read from, a list of [B, h, w, C]; rois [B, R, 4] and boxes [M, 4] in network pixels; branch: "mask"
or "keypoint".
"""

from mrcnn_keras.architectures import FEATURES
from mrcnn_keras.layers import PickRoIs, RoIAlignLayer
from mrcnn_keras.model.feature_maps import make_roi_stage

ROI_MAPS = 4  # RoIs are read from the first maps only: P2 .. P5, or the one that there is


class SeparateRoIs:
    """Boxes, masks and keypoints are read from the maps, each with bins of their own (figure 4, right).

    box_align, and aligns {branch: the one of its own}: RoIAlignLayers.
    """

    def __init__(self, box_align, aligns):
        self.box_align, self.aligns = box_align, aligns
        self.trainable_weights = []

    def of_rois(self, maps, rois):
        """For the box branch: [B, R, S, S, C]."""
        return self.box_align(maps, rois)

    def of_positives(self, maps, features, targets, branch):
        """For a branch in training: [M, S, S, C]. features: of all RoIs; targets: of RoITargetLayer."""
        return self.aligns[branch](maps, targets["positive_rois"], targets["positive_images"])

    def of_detections(self, maps, boxes, images, branch):
        """For a branch at inference: [M, S, S, C]. images [M]: the picture of each box."""
        return self.aligns[branch](maps, boxes, images)


class SharedRoIs:
    """All branches see what one stage of the backbone makes of the same bins (figure 4, left)."""

    def __init__(self, align, stage, pick):
        self.align, self.stage, self.pick = align, stage, pick
        self.trainable_weights = stage.trainable_weights

    def of_rois(self, maps, rois):
        """As SeparateRoIs has it."""
        return self.stage(self.align(maps, rois))

    def of_positives(self, maps, features, targets, branch):
        """Those of the RoIs' features that are there already."""
        return self.pick(features, targets["positive_places"])

    def of_detections(self, maps, boxes, images, branch):
        """As SeparateRoIs has it."""
        return self.stage(self.align(maps, boxes, images))


def make_roi_features(config):
    """The one of them that the settings ask for."""
    options = {
        "operator": config.ROI_OPERATOR,
        "reduce": config.ROI_REDUCE,
        "strides": FEATURES[config.BACKBONE_FEATURES].strides[:ROI_MAPS],
        "sampling": config.ROI_ALIGN_SAMPLING,
        "aligned": config.ROI_ALIGN_ALIGNED,
        "canonical_size": config.ROI_LEVEL_SIZE,
        "level_tolerance": config.ROI_LEVEL_TOLERANCE,
        "grid": config.ROI_ALIGN_GRID,
    }
    box_align = RoIAlignLayer(config.POOL_SIZE, name="box_align", **options)
    if config.BACKBONE_FEATURES == "c4":
        return SharedRoIs(box_align, make_roi_stage(config), PickRoIs(name="pick_rois"))
    bins = {"mask": config.MASK_POOL_SIZE, "keypoint": config.KEYPOINT_POOL_SIZE}
    return SeparateRoIs(box_align, {b: RoIAlignLayer(size, name=f"{b}_align", **options) for b, size in bins.items()})
