"""Where the boxes come from that the heads look at: the network finds them, or they are given with the picture.

Each kind has the same three methods, so that network.py does not ask which it is: `tensors`, what it makes of the
feature maps; `training` and `inference`, its proposals [B, R, (y1, x1, y2, x2)] in the two modes.
"""

from types import SimpleNamespace

import keras

from mrcnn_keras.layers import AnchorLayer, AnchorTargetLayer, GivenProposalsLayer, PickAnchors, ProposalLayer, RPNHead


class RegionProposalNetwork:
    """Faster R-CNN (Ren et al. 2015): the RPN shares the features, and learns with the heads."""

    def __init__(self, config, strides, channels):
        """strides: pixels a cell of each map that the RPN looks at; channels: of these maps."""
        options = {
            "nms_threshold": config.RPN_NMS_THRESHOLD,
            "std_dev": config.RPN_BBOX_STD_DEV,
            "min_size": config.RPN_MIN_SIZE,
            "per_level": config.RPN_NMS_PER_LEVEL,
            "score": config.RPN_SCORE,
        }
        self.clip = config.RPN_CLIP
        self.layers = SimpleNamespace(
            anchors=AnchorLayer(
                config.anchor_scales(),
                config.RPN_ANCHOR_RATIOS,
                strides,
                config.RPN_ANCHOR_ROUNDED,
                config.RPN_ANCHOR_SPACING,
                config.BOX_CORNERS,
                name="anchors",
            ),
            rpn=RPNHead(
                config.RPN_CHANNELS or channels,
                config.anchors_per_cell(),
                config.HEAD_NORM if config.RPN_NORM == "same" else config.RPN_NORM,
                config.RPN_CONVS,
                name="rpn",
            ),
            proposals_training=ProposalLayer(
                config.PRE_NMS_LIMIT_TRAINING, config.POST_NMS_ROIS_TRAINING, name="proposals_training", **options
            ),
            proposals=ProposalLayer(
                config.PRE_NMS_LIMIT_INFERENCE, config.POST_NMS_ROIS_INFERENCE, name="proposals", **options
            ),
            anchor_targets=AnchorTargetLayer(
                config.RPN_TRAIN_ANCHORS_PER_IMAGE,
                config.RPN_POSITIVE_RATIO,
                config.RPN_POSITIVE_IOU,
                config.RPN_NEGATIVE_IOU,
                config.RPN_BBOX_STD_DEV,
                name="anchor_targets",
            ),
            pick_anchors=PickAnchors(name="pick_anchors"),
        )

    def inputs(self):
        """Inputs that both modes have besides the pictures: none."""
        return {}

    def tensors(self, maps, image):
        """anchors, rpn_logits and rpn_deltas, each a list over the maps."""
        logits, deltas = self.layers.rpn(maps)
        return {"anchors": self.layers.anchors(maps, image), "rpn_logits": logits, "rpn_deltas": deltas}

    def training(self, tensors, gt_boxes, gt_class_ids):
        """-> proposals, and what the losses of the RPN compare."""
        logits, deltas, anchors = tensors["rpn_logits"], tensors["rpn_deltas"], tensors["anchors"]
        targets = self.layers.anchor_targets(anchors, gt_boxes, gt_class_ids)
        proposals = self.layers.proposals_training(logits, deltas, anchors, tensors["window"][self.clip])
        picked_logits, picked_deltas = self.layers.pick_anchors(logits, deltas, targets["indices"])
        return proposals, {
            "rpn_logits": picked_logits,
            "rpn_labels": targets["labels"],
            "rpn_deltas": picked_deltas,
            "rpn_target_deltas": targets["deltas"],
        }

    def inference(self, tensors):
        """-> proposals, best first."""
        window = tensors["window"][self.clip]
        return self.layers.proposals(tensors["rpn_logits"], tensors["rpn_deltas"], tensors["anchors"], window)


class GivenProposals:
    """Fast R-CNN (Girshick 2015): each picture comes with boxes that another method has proposed, best first."""

    def __init__(self, config, strides, channels):
        del strides, channels
        self.clip = config.RPN_CLIP
        options = {"min_size": config.RPN_MIN_SIZE, "corners": config.BOX_CORNERS}
        self.layers = SimpleNamespace(
            proposals_training=GivenProposalsLayer(
                config.POST_NMS_ROIS_TRAINING, name="given_proposals_training", **options
            ),
            proposals=GivenProposalsLayer(config.POST_NMS_ROIS_INFERENCE, name="given_proposals", **options),
        )

    def inputs(self):
        """Proposals [B, R, (y1, x1, y2, x2)], edges in network pixels; rows without area are padding."""
        return {"proposals": keras.Input((None, 4), name="proposals")}

    def tensors(self, maps, image, proposals):
        """given_proposals: the input."""
        return {"given_proposals": proposals}

    def training(self, tensors, gt_boxes, gt_class_ids):
        """-> proposals, and nothing for losses: there is nothing that learns to propose."""
        return self.layers.proposals_training(tensors["given_proposals"], tensors["window"][self.clip]), {}

    def inference(self, tensors):
        """-> proposals, in the order that they were given."""
        return self.layers.proposals(tensors["given_proposals"], tensors["window"][self.clip])


KINDS = {"rpn": RegionProposalNetwork, "given": GivenProposals}
