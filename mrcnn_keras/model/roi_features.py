"""RoI features: what the heads read of a box. A model has one of these classes, in both modes.

maps: what RoIs are read from, a list of [B, h, w, C]; rois [B, R, 4] and boxes [M, 4] in network pixels; branch: "mask"
or "keypoint"; S: RoI bins per side.
"""

from mrcnn_keras.architectures import FEATURES
from mrcnn_keras.layers import PickRoIs, RoIAlignLayer
from mrcnn_keras.model.feature_maps import make_roi_stage

ROI_MAPS = 4  # RoIs are read from the first maps only: P2 .. P5, or the one that there is


class SeparateRoIs:
    """Boxes, masks and keypoints are read from the maps, each with bins of their own (figure 4, right)."""

    def __init__(self, box_align, aligns):
        """box_align, and aligns {branch: its own}: RoIAlignLayers."""
        self.box_align, self.aligns = box_align, aligns

    def pool(self, maps, rois):
        """For the box head: [B, R, S, S, C]."""
        return self.box_align(maps, rois)

    def pool_positives(self, branch, maps, box_features, positives):
        """For a branch in training: [M, S, S, C]. box_features: of all RoIs; positives: as RoITargetLayer has them."""
        return self.aligns[branch](maps, positives["positive_rois"], positives["positive_images"])

    def pool_detections(self, branch, maps, boxes, images):
        """For a branch at inference: [M, S, S, C]. images [M]: the image of each box."""
        return self.aligns[branch](maps, boxes, images)


class SharedRoIs:
    """All heads read what one stage of the backbone makes of the same bins (figure 4, left)."""

    def __init__(self, align, stage, pick):
        self.align, self.stage, self.pick = align, stage, pick

    def pool(self, maps, rois):
        """As SeparateRoIs has it."""
        return self.stage(self.align(maps, rois))

    def pool_positives(self, branch, maps, box_features, positives):
        """Taken from the features that the RoIs already have."""
        return self.pick(box_features, positives["positive_places"])

    def pool_detections(self, branch, maps, boxes, images):
        """As SeparateRoIs has it."""
        return self.stage(self.align(maps, boxes, images))


def make_roi_features(config):
    """The one of the two that the settings ask for."""
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
