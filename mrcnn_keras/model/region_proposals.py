"""The proposal generators: an RPN finds the boxes that the heads look into, or they are given with the image.

Both have the same methods, `inputs`, `propose` and `encode`, so that network.py need not ask which one a model has.
"""

import keras

from mrcnn_keras.architectures import FEATURES
from mrcnn_keras.layers import AnchorLayer, AnchorTargetLayer, GivenProposalsLayer, PickAnchors, ProposalLayer, RPNHead


class RegionProposalNetwork:
    """Faster R-CNN (Ren et al. 2015): the RPN shares the features, and learns with the heads."""

    def __init__(self, config, channels):
        """channels: of the maps that the RPN reads."""
        options = {
            "nms_threshold": config.RPN_NMS_THRESHOLD,
            "std_dev": config.RPN_BBOX_STD_DEV,
            "min_size": config.RPN_MIN_SIZE,
            "per_level": config.RPN_NMS_PER_LEVEL,
            "score": config.RPN_SCORE,
        }
        self.clip = config.RPN_CLIP
        self.anchors = AnchorLayer(
            scales=config.anchor_scales(),
            ratios=config.RPN_ANCHOR_RATIOS,
            strides=FEATURES[config.BACKBONE_FEATURES].strides,
            rounded=config.RPN_ANCHOR_ROUNDED,
            spacing=config.RPN_ANCHOR_SPACING,
            corners=config.BOX_CORNERS,
            name="anchors",
        )
        self.head = RPNHead(
            channels=config.RPN_CHANNELS or channels,
            anchors_per_cell=config.anchors_per_cell(),
            norm_kind=config.HEAD_NORM if config.RPN_NORM == "same" else config.RPN_NORM,
            convs=config.RPN_CONVS,
            name="rpn",
        )
        limits = config.PRE_NMS_LIMIT_TRAINING, config.POST_NMS_ROIS_TRAINING
        self.select_training = ProposalLayer(*limits, name="proposals_training", **options)
        limits = config.PRE_NMS_LIMIT_INFERENCE, config.POST_NMS_ROIS_INFERENCE
        self.select_inference = ProposalLayer(*limits, name="proposals", **options)
        self.targets = AnchorTargetLayer(
            anchors_per_image=config.RPN_TRAIN_ANCHORS_PER_IMAGE,
            positive_ratio=config.RPN_POSITIVE_RATIO,
            positive_iou=config.RPN_POSITIVE_IOU,
            negative_iou=config.RPN_NEGATIVE_IOU,
            std_dev=config.RPN_BBOX_STD_DEV,
            name="anchor_targets",
        )
        self.pick = PickAnchors(name="pick_anchors")

    def inputs(self):
        """Inputs of both modes besides the images: none."""
        return {}

    def propose(self, features, image, *, given, training):
        """-> proposals [B, R, (y1, x1, y2, x2)], best first; lists of anchors, rpn_logits and rpn_deltas, per map."""
        logits, deltas = self.head(features["pyramid"])
        anchors = self.anchors(features["pyramid"], image)
        select = self.select_training if training else self.select_inference
        proposals = select(logits, deltas, anchors, features["window"][self.clip])
        return proposals, {"anchors": anchors, "rpn_logits": logits, "rpn_deltas": deltas}

    def encode(self, predicted, gt_boxes, gt_class_ids):
        """-> what the losses of the RPN compare, of the anchors that are sampled for them."""
        targets = self.targets(predicted["anchors"], gt_boxes, gt_class_ids)
        logits, deltas = self.pick(predicted["rpn_logits"], predicted["rpn_deltas"], targets["indices"])
        return {
            "rpn_logits": logits,
            "rpn_labels": targets["labels"],
            "rpn_deltas": deltas,
            "rpn_target_deltas": targets["deltas"],
        }


class GivenProposals:
    """Fast R-CNN (Girshick 2015): each image comes with boxes that another method has proposed, best first."""

    def __init__(self, config, channels):
        del channels
        self.clip = config.RPN_CLIP
        options = {"min_size": config.RPN_MIN_SIZE, "corners": config.BOX_CORNERS}
        limits = config.POST_NMS_ROIS_TRAINING, config.POST_NMS_ROIS_INFERENCE
        self.select_training = GivenProposalsLayer(limits[0], name="given_proposals_training", **options)
        self.select_inference = GivenProposalsLayer(limits[1], name="given_proposals", **options)

    def inputs(self):
        """Proposals [B, R, (y1, x1, y2, x2)], edges in network pixels; rows without area are padding."""
        return {"proposals": keras.Input((None, 4), name="proposals")}

    def propose(self, features, image, *, given, training):
        """-> proposals in the given order; given_proposals, the input."""
        select = self.select_training if training else self.select_inference
        return select(given, features["window"][self.clip]), {"given_proposals": given}

    def encode(self, predicted, gt_boxes, gt_class_ids):
        """-> nothing: there is nothing that learns to propose."""
        return {}


PROPOSAL_GENERATORS = {"rpn": RegionProposalNetwork, "given": GivenProposals}
