"""The multi-task loss (He et al. 2017, section 3): class and box, of the RPN and of the heads, mask, and keypoint."""

from mrcnn_keras.ops import losses as loss_ops


def loss_parts(outputs, *, rpn_beta, box_beta, mask_loss):
    """The parts of the loss.

    Args:
        outputs: Dict of what the training mode outputs; a branch that the model does not have is absent.
        rpn_beta: Float, where smooth L1 becomes linear, for the deltas of the RPN; `box_beta`: for those of the heads.
        mask_loss: String, a key of `ops.mask_maps.MAP_KINDS`.

    Returns:
        Dict of scalars, by the names of `Config.loss_names`.
    """
    losses = {}
    if "rpn_logits" in outputs:
        labels = outputs["rpn_labels"]
        losses["rpn_class_loss"] = loss_ops.objectness_loss(outputs["rpn_logits"], labels)
        losses["rpn_bbox_loss"] = loss_ops.box_loss(
            outputs["rpn_deltas"], outputs["rpn_target_deltas"], labels, rpn_beta
        )
    class_ids = outputs["roi_class_ids"]
    deltas = loss_ops.of_class(outputs["box_deltas"], class_ids)
    losses["mrcnn_class_loss"] = loss_ops.class_loss(outputs["class_logits"], class_ids)
    losses["mrcnn_bbox_loss"] = loss_ops.box_loss(deltas, outputs["roi_target_deltas"], class_ids, box_beta)
    if "mask_logits" in outputs:
        masks = outputs["mask_logits"], outputs["mask_targets"], outputs["mask_class_ids"]
        losses["mrcnn_mask_loss"] = loss_ops.mask_loss(*masks, mask_loss)
    if "keypoint_logits" in outputs:
        keypoints = outputs["keypoint_logits"], outputs["keypoint_cells"]
        losses["mrcnn_keypoint_loss"] = loss_ops.keypoint_loss(*keypoints)
    return losses
