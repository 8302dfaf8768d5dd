"""The network, to be read beside figure 1 of He et al. 2017.

image -> backbone -> neck -> proposal generator -> RoI heads {class and box, mask, keypoint} -> detections
"""

import keras

from mrcnn_keras.layers import BoxCorners, NormalizeImages, WindowLayer
from mrcnn_keras.model.feature_maps import make_backbone, make_neck
from mrcnn_keras.model.region_proposals import PROPOSAL_GENERATORS
from mrcnn_keras.model.roi_heads import RoIHeads


class Network:
    """The layers of figure 1, and how each of the two modes goes through them."""

    def __init__(self, config, backbone=None):
        self.window = WindowLayer(config.IMAGE_PAD_PLACE, config.BOX_CORNERS, name="window")
        self.normalize = NormalizeImages(
            config.MEAN_PIXEL, config.STD_PIXEL, config.IMAGE_PAD_COLOUR, config.IMAGE_STRETCH, name="normalize"
        )
        self.backbone = make_backbone(config, backbone)
        self.neck, channels = make_neck(config, self.backbone)
        self.proposal_generator = PROPOSAL_GENERATORS[config.PROPOSALS](config, channels)
        self.roi_heads = RoIHeads(config)
        # Boxes enter and leave by their edges, and follow the rule BOX_CORNERS in between.
        self.encode_corners = BoxCorners(config.BOX_CORNERS, name="gt_corners")
        self.decode_corners = BoxCorners(config.BOX_CORNERS, to_edges=True, name="detection_corners")

    def inputs(self):
        """What both modes take: images [B, H, W, 3], RGB 0..255, the size of the real part of each, given proposals."""
        return {
            "image": keras.Input((None, None, 3), name="image"),
            "image_size": keras.Input((2,), dtype="int32", name="image_size"),
            **self.proposal_generator.inputs(),
        }

    def features(self, image, image_size):
        """What the proposal generator and the heads share: the maps, and the window of the real part of each image."""
        window = self.window(image, image_size)
        normalized = self.normalize(image, window["pixels"])
        stages = self.backbone(normalized)
        return {"window": window, "normalized": normalized, "stages": stages, "pyramid": self.neck(stages)}

    def train(self, *, image, image_size, proposals=None, gt_boxes, gt_class_ids, **gt):
        """The training mode: a dict of everything that the losses compare. gt: gt_masks and gt_keypoints, if used."""
        features = self.features(image, image_size)
        gt = {"gt_boxes": self.encode_corners(gt_boxes, gt_class_ids), "gt_class_ids": gt_class_ids, **gt}
        proposals, predicted = self.proposal_generator.propose(features, image, given=proposals, training=True)
        compared = self.proposal_generator.encode(predicted, gt["gt_boxes"], gt_class_ids)
        return {**compared, **self.roi_heads.train(features["pyramid"], proposals, **gt)}

    def detect(self, *, image, image_size, proposals=None, limits=None):
        """The inference mode: detections in pixels of the network image, and all tensors on the way by name.

        limits: None, or the lowest score and the most detections, [B] each; what is left out gets no masks.
        """
        features = self.features(image, image_size)
        proposals, predicted = self.proposal_generator.propose(features, image, given=proposals, training=False)
        window = features["window"]["picture"]
        found, tensors = self.roi_heads.detect(features["pyramid"], proposals, window=window, limits=limits)
        found = {**found, "boxes": self.decode_corners(found["boxes"], found["class_ids"])}
        return found, {**features, **predicted, "proposals": proposals, **tensors}
