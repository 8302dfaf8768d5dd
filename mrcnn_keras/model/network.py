"""The network, as in figure 1 of He et al. 2017: its layers, and how each of the two modes goes through them."""

from types import SimpleNamespace

import keras

from mrcnn_keras.architectures import FEATURES
from mrcnn_keras.layers import (
    BoxCorners,
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
    NormalizeImages,
    RoITargetLayer,
    WindowLayer,
)
from mrcnn_keras.model.feature_maps import make_backbone, make_neck
from mrcnn_keras.model.region_proposals import KINDS as PROPOSAL_KINDS
from mrcnn_keras.model.roi_features import ROI_MAPS, make_roi_features


def image_inputs(parts):
    """What both modes look at: pictures [B, H, W, 3], RGB 0..255, and the size of the real part of each.

    Proposals are among them where they are not the network's own.
    """
    return {
        "image": keras.Input((None, None, 3), name="image"),
        "image_size": keras.Input((2,), dtype="int32", name="image_size"),
        **parts.proposing.inputs(),
    }


def make_mask_head(config):
    """The layer from RoI features to the logits of masks."""
    maps = 1 if config.MASK_CLASS_AGNOSTIC else config.NUM_CLASSES
    if config.MASK_HEAD_KIND == "mlp":
        return MaskMLP(maps, config.mask_side(), config.MASK_HEAD_UNITS, config.MASK_HEAD_FCS, name="mask_head")
    return MaskHead(
        maps,
        config.MASK_HEAD_CONVS,
        config.MASK_HEAD_CHANNELS,
        config.HEAD_NORM,
        config.MASK_DECONVS,
        name="mask_head",
    )


def make_parts(config):
    """All layers by name; both modes are built from them."""
    backbone = make_backbone(config)
    neck, channels = make_neck(config, backbone)
    proposing = PROPOSAL_KINDS[config.PROPOSALS](config, FEATURES[config.BACKBONE_FEATURES].strides, channels)
    parts = SimpleNamespace(
        window=WindowLayer(config.IMAGE_PAD_PLACE, config.BOX_CORNERS, name="window"),
        normalize=NormalizeImages(config.MEAN_PIXEL, config.STD_PIXEL, config.IMAGE_PAD_COLOUR, name="normalize"),
        from_edges=BoxCorners(config.BOX_CORNERS, name="gt_corners"),
        to_edges=BoxCorners(config.BOX_CORNERS, to_edges=True, name="detection_corners"),
        backbone=backbone,
        neck=neck,
        proposing=proposing,
        **vars(proposing.layers),
        roi_targets=RoITargetLayer(
            config.TRAIN_ROIS_PER_IMAGE,
            config.ROI_POSITIVE_RATIO,
            config.ROI_POSITIVE_IOU,
            config.BBOX_STD_DEV,
            name="roi_targets",
        ),
        roi_features=make_roi_features(config),
        box_head=BoxHead(
            config.NUM_CLASSES,
            config.FPN_CLASSIF_FC_LAYERS_SIZE,
            config.BOX_HEAD_FCS,
            config.BOX_HEAD_CONVS,
            config.BOX_HEAD_CHANNELS,
            config.HEAD_NORM,
            name="box_head",
        ),
        detections=DetectionLayer(
            config.DETECTION_MAX_INSTANCES,
            config.DETECTION_MIN_CONFIDENCE,
            config.DETECTION_NMS_THRESHOLD,
            config.BBOX_STD_DEV,
            config.DETECTION_MIN_SIZE,
            config.DETECTION_ONE_CLASS,
            name="detections",
        ),
        flatten_detections=FlattenDetections(name="flatten_detections"),
    )
    if config.MASKS:
        parts.mask_targets = MaskTargetLayer((config.mask_side(), config.mask_side()), name="mask_targets")
        parts.mask_head = make_mask_head(config)
        parts.detection_masks = DetectionMasks(config.MASK_LOSS, name="detection_masks")
    if config.NUM_KEYPOINTS:
        parts.keypoint_targets = KeypointTargetLayer(
            config.keypoint_side(), config.BOX_CORNERS, name="keypoint_targets"
        )
        parts.keypoint_head = KeypointHead(
            config.NUM_KEYPOINTS,
            config.KEYPOINT_HEAD_CONVS,
            config.KEYPOINT_HEAD_CHANNELS,
            config.HEAD_NORM,
            name="keypoint_head",
        )
        parts.detection_keypoints = DetectionKeypoints(
            config.KEYPOINT_SCORE, config.BOX_CORNERS, name="detection_keypoints"
        )
    return parts


def _features(parts, image, image_size, given):
    """Backbone, pyramid (or the last map), and what proposals are made of, the same in both modes."""
    window = parts.window(image, image_size)
    normalized = parts.normalize(image, window["pixels"])
    stages = parts.backbone(normalized)
    pyramid = parts.neck(stages)
    return {
        "window": window,
        "normalized": normalized,
        "stages": stages,
        "pyramid": pyramid,
        **parts.proposing.tensors(pyramid, image, **given),
    }


def training_outputs(parts, image, image_size, gt_boxes, gt_class_ids, gt_masks=None, gt_keypoints=None, **given):
    """Everything that the losses compare; given: proposals, where they are an input."""
    features = _features(parts, image, image_size, given)
    maps = features["pyramid"][:ROI_MAPS]
    gt_boxes = parts.from_edges(gt_boxes, gt_class_ids)
    proposals, outputs = parts.proposing.training(features, gt_boxes, gt_class_ids)
    targets = parts.roi_targets(proposals, gt_boxes, gt_class_ids)
    box_features = parts.roi_features.of_rois(maps, targets["rois"])
    class_logits, box_deltas = parts.box_head(box_features)
    outputs |= {
        "rois": targets["rois"],
        "class_logits": class_logits,
        "roi_class_ids": targets["class_ids"],
        "box_deltas": box_deltas,
        "roi_target_deltas": targets["deltas"],
    }
    if gt_masks is not None:
        rois, images = targets["positive_rois"], targets["positive_images"]
        outputs["mask_logits"] = parts.mask_head(parts.roi_features.of_positives(maps, box_features, targets, "mask"))
        outputs["mask_targets"] = parts.mask_targets(rois, images, targets["positive_gt"], gt_boxes, gt_masks)
        outputs["mask_class_ids"] = targets["positive_class_ids"]
    if gt_keypoints is not None:
        chosen = parts.keypoint_targets(targets, gt_keypoints)
        keypoint_features = parts.roi_features.of_positives(maps, box_features, chosen, "keypoint")
        outputs["keypoint_logits"] = parts.keypoint_head(keypoint_features)
        outputs["keypoint_cells"] = chosen["cells"]
    return outputs


def inference_outputs(parts, image, image_size, **given):
    """Detections of the network image, and all tensors on the way; masks and keypoints are of detections only."""
    tensors = _features(parts, image, image_size, given)
    maps = tensors["pyramid"][:ROI_MAPS]
    proposals = parts.proposing.inference(tensors)
    box_features = parts.roi_features.of_rois(maps, proposals)
    class_logits, box_deltas = parts.box_head(box_features)
    found = parts.detections(proposals, class_logits, box_deltas, tensors["window"]["picture"])
    tensors |= {"proposals": proposals, "box_features": box_features}
    tensors |= {"class_logits": class_logits, "box_deltas": box_deltas, "detections": found}
    flat = parts.flatten_detections(found["boxes"], found["class_ids"])
    if hasattr(parts, "mask_head"):
        mask_features = parts.roi_features.of_detections(maps, flat["boxes"], flat["images"], "mask")
        mask_logits = parts.mask_head(mask_features)
        tensors |= {"mask_features": mask_features, "mask_logits": mask_logits}
        found = {**found, "masks": parts.detection_masks(mask_logits, flat["class_ids"], found["class_ids"])}
    if hasattr(parts, "keypoint_head"):
        keypoint_features = parts.roi_features.of_detections(maps, flat["boxes"], flat["images"], "keypoint")
        keypoint_logits = parts.keypoint_head(keypoint_features)
        tensors |= {"keypoint_features": keypoint_features, "keypoint_logits": keypoint_logits}
        keypoints = parts.detection_keypoints(keypoint_logits, flat["boxes"], found["class_ids"])
        found = {**found, "keypoints": keypoints}
    return {**found, "boxes": parts.to_edges(found["boxes"], found["class_ids"])}, tensors
