"""The small oracles: which thin model, which pictures, which stages are kept."""

from dataclasses import dataclass, field

from tests.oracles.thin_models import DETECTRON2, GREY_LEVELS, TORCHVISION, matterport_rows, torch_rows

DETECTRON2_CLASSES = dict(classes=6, backgrounds=1)  # the background is the last row of the scores


@dataclass(frozen=True)
class Kind:
    """style: naming of thin_models, None for Matterport; settings: thresholds that differ from the published ones."""

    model: str
    rows: list
    style: dict | None
    files: tuple
    sizes: tuple = (96, 160)
    large: tuple = (640, 800)  # so that RoIs of P4 and P5 come up
    settings: dict = field(default_factory=lambda: dict(pre_nms=60, post_nms=200, max_detections=40))


PICTURES = {"image0": ["small"], "image1": ["tall"], "large": ["large"], "batch": ["small", "tall", "wide"]}
TORCH_FILES = ("image0", "image1", "large", "batch", "train")

KINDS = {
    "torchvision_v1": Kind("maskrcnn_resnet50_fpn", torch_rows(TORCHVISION), TORCHVISION, TORCH_FILES),
    "torchvision_v2": Kind("maskrcnn_resnet50_fpn_v2", torch_rows(TORCHVISION, version=2), TORCHVISION, TORCH_FILES),
    "detectron2_r50": Kind(
        "mask_rcnn_R_50_FPN_3x",
        torch_rows(DETECTRON2, **DETECTRON2_CLASSES, input_deviation=GREY_LEVELS),
        DETECTRON2,
        TORCH_FILES,
    ),
    "detectron2_x101": Kind(
        "mask_rcnn_X_101_32x8d_FPN_3x",
        torch_rows(DETECTRON2, blocks=(3, 4, 23, 3), groups=32, **DETECTRON2_CLASSES),
        DETECTRON2,
        ("image0", "image1", "large", "train"),
    ),
    "matterport_r50": Kind(
        "mask_rcnn_coco.h5 with ResNet-50",
        matterport_rows(),
        None,
        ("image0", "image1", "large"),
        sizes=(96, 128),
        large=(480, 640),
        settings=dict(post_nms=200, max_detections=40, min_score=0.1),
    ),
}

_RPN = [f"rpn_{name}_p{level}" for level in range(3, 7) for name in ("objectness", "deltas")]
TORCH_RESULTS = [  # each with _0, _1, ... at its end
    "proposals",
    "proposal_scores",
    "proposal_logits",
    "proposals_steady",
    "detection_boxes_net",
    "detections_steady",
    "final_boxes",
    "final_scores",
    "final_labels",
    "final_masks_bits",
    "final_masks_sums",
    "final_masks_shape",
]
TORCH_STAGES = [
    "input_every_4th_pixel",
    "body_c4_every_16th_channel",
    "body_c5_every_16th_channel",
    *(f"fpn_p{level}_every_8th_channel" for level in range(2, 7)),
    "rpn_objectness_p2_every_2nd_pixel",
    "rpn_deltas_p2_every_2nd_pixel",
    *_RPN,
    "anchors",
    "box_pool_first_2_every_4th_channel",
    "box_head_first_32",
    "box_logits",
    "box_deltas_first_64",
    "mask_pool_first_2_every_8th_channel",
    "mask_logits_own_class_first_6",
    "mask_logits_all_classes_first_1",
]
MATTERPORT_RESULTS = [
    "window",
    "scale",
    "rpn_rois",
    "rpn_rois_steady",
    "mrcnn_detection",
    "mrcnn_detection_steady",
    "final_rois",
    "final_class_ids",
    "final_scores",
    "final_masks_bits",
    "final_masks_shape",
]
MATTERPORT_STAGES = [
    "molded_every_4th_pixel",
    "c2_every_16th_channel",
    "c3_every_16th_channel",
    "c4_every_16th_channel",
    "c5_every_16th_channel",
    *(f"p{level}_every_8th_channel" for level in range(2, 7)),
    "anchors",
    "rpn_class_logits",
    "rpn_bbox_first_2000",
    "roi_align_classifier_first_8_every_4th_channel",
    "mrcnn_class",
    "mrcnn_bbox_best_class",
    "mrcnn_bbox_first_20",
    "roi_align_mask_first_2_every_8th_channel",
    "mrcnn_mask_own_class_first_8",
]
