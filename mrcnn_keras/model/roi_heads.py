"""The RoI heads: class and box, mask and keypoint, in parallel over RoI features (He et al. 2017, section 3)."""

from mrcnn_keras.layers import (
    BoxHead,
    DetectionKeypoints,
    DetectionLayer,
    DetectionMasks,
    FlattenDetections,
    KeypointHead,
    KeypointTargetLayer,
    MaskHead,
    MaskMLP,
    MaskTargetLayer,
    RoITargetLayer,
)
from mrcnn_keras.model.roi_features import ROI_MAPS, make_roi_features
from mrcnn_keras.ops.detections import limited


class RoIHeads:
    """All heads. Class and box are predicted for every RoI, masks and keypoints for positives or detections only."""

    def __init__(self, config):
        self.sample = RoITargetLayer(
            rois_per_image=config.TRAIN_ROIS_PER_IMAGE,
            positive_ratio=config.ROI_POSITIVE_RATIO,
            positive_iou=config.ROI_POSITIVE_IOU,
            std_dev=config.BBOX_STD_DEV,
            name="roi_targets",
        )
        self.features = make_roi_features(config)
        self.box_head = BoxHead(
            config.NUM_CLASSES,
            units=config.FPN_CLASSIF_FC_LAYERS_SIZE,
            fcs=config.BOX_HEAD_FCS,
            convs=config.BOX_HEAD_CONVS,
            channels=config.BOX_HEAD_CHANNELS,
            norm_kind=config.HEAD_NORM,
            name="box_head",
        )
        self.decode = DetectionLayer(
            max_instances=config.DETECTION_MAX_INSTANCES,
            min_confidence=config.DETECTION_MIN_CONFIDENCE,
            nms_threshold=config.DETECTION_NMS_THRESHOLD,
            nms_sigma=config.DETECTION_NMS_SIGMA,
            std_dev=config.BBOX_STD_DEV,
            min_size=config.DETECTION_MIN_SIZE,
            one_class=config.DETECTION_ONE_CLASS,
            name="detections",
        )
        self.flatten = FlattenDetections(name="flatten_detections")
        used = {MaskBranch: config.MASKS, KeypointBranch: config.NUM_KEYPOINTS}
        self.branches = [branch(config) for branch in used if used[branch]]

    def train(self, maps, proposals, *, gt_boxes, gt_class_ids, **gt):
        """-> a dict of what the losses compare. gt: gt_masks, gt_keypoints, as far as there are branches for them."""
        maps = maps[:ROI_MAPS]
        rois = self.sample(proposals, gt_boxes, gt_class_ids)
        box_features = self.features.pool(maps, rois["rois"])
        class_logits, box_deltas = self.box_head(box_features)
        outputs = {
            "rois": rois["rois"],
            "class_logits": class_logits,
            "roi_class_ids": rois["class_ids"],
            "box_deltas": box_deltas,
            "roi_target_deltas": rois["deltas"],
        }
        for branch in self.branches:
            positives, targets = branch.encode(rois, gt_boxes=gt_boxes, **gt)
            features = self.features.pool_positives(branch.name, maps, box_features, positives)
            outputs |= {f"{branch.name}_logits": branch.head(features), **targets}
        return outputs

    def detect(self, maps, proposals, *, window, limits=None):
        """-> detections, as DetectionLayer has them, with masks and keypoints; and the tensors on the way by name."""
        maps = maps[:ROI_MAPS]
        box_features = self.features.pool(maps, proposals)
        class_logits, box_deltas = self.box_head(box_features)
        detections = self.decode(proposals, class_logits, box_deltas, window)
        if limits is not None:
            detections = limited(detections, *limits)
        tensors = {"box_features": box_features, "class_logits": class_logits, "box_deltas": box_deltas}
        tensors["detections"] = detections
        found, flat = dict(detections), self.flatten(detections["boxes"], detections["class_ids"])
        for branch in self.branches:
            features = self.features.pool_detections(branch.name, maps, flat["boxes"], flat["images"])
            logits = branch.head(features)
            tensors |= {f"{branch.name}_features": features, f"{branch.name}_logits": logits}
            found[f"{branch.name}s"] = branch.decode(logits, flat, detections["class_ids"])
        return found, tensors


class MaskBranch:
    """Its head; `encode`, what the head should output for positive RoIs; `decode`, what its logits mean.

    It learns from the positives whose object has a mask.
    """

    name = "mask"

    def __init__(self, config):
        maps, side = 1 if config.MASK_CLASS_AGNOSTIC else config.NUM_CLASSES, config.mask_side()
        if config.MASK_HEAD_KIND == "mlp":
            layers = {"units": config.MASK_HEAD_UNITS, "fcs": config.MASK_HEAD_FCS}
            self.head = MaskMLP(maps, side, name="mask_head", **layers)
        else:
            layers = {"convs": config.MASK_HEAD_CONVS, "channels": config.MASK_HEAD_CHANNELS}
            layers |= {"norm_kind": config.HEAD_NORM, "deconvs": config.MASK_DECONVS}
            self.head = MaskHead(maps, name="mask_head", **layers)
        self.targets = MaskTargetLayer((side, side), name="mask_targets")
        self.probabilities = DetectionMasks(config.MASK_LOSS, name="detection_masks")

    def encode(self, rois, *, gt_boxes, gt_masks, **_):
        chosen = self.targets(rois, gt_boxes, gt_masks)
        return chosen, {"mask_targets": chosen["masks"], "mask_class_ids": chosen["positive_class_ids"]}

    def decode(self, logits, flat, class_ids):
        return self.probabilities(logits, flat["class_ids"], class_ids)


class KeypointBranch:
    """The same for keypoints. It learns from the positives that have a keypoint which counts."""

    name = "keypoint"

    def __init__(self, config):
        layers = {"convs": config.KEYPOINT_HEAD_CONVS, "channels": config.KEYPOINT_HEAD_CHANNELS}
        self.head = KeypointHead(config.NUM_KEYPOINTS, norm_kind=config.HEAD_NORM, name="keypoint_head", **layers)
        self.targets = KeypointTargetLayer(config.keypoint_side(), config.BOX_CORNERS, name="keypoint_targets")
        self.points = DetectionKeypoints(config.KEYPOINT_SCORE, config.BOX_CORNERS, name="detection_keypoints")

    def encode(self, rois, *, gt_keypoints, **_):
        chosen = self.targets(rois, gt_keypoints)
        return chosen, {"keypoint_cells": chosen["cells"]}

    def decode(self, logits, flat, class_ids):
        return self.points(logits, flat["boxes"], class_ids)
