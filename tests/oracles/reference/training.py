"""One training step: the five losses for given samples, and the gradients."""

import numpy as np
import torch
import torch.nn.functional as F

from tests.oracles.reference.anchors import anchors
from tests.oracles.reference.answer import Stages, pool_all, roi_scales, rpn_stages
from tests.oracles.reference.boxes import encode, iou
from tests.oracles.reference.detections import BOX_WEIGHTS
from tests.oracles.reference.names import torchvision_name
from tests.oracles.reference.network import Network
from tests.oracles.reference.proposals import RPN_WEIGHTS
from tests.oracles.reference.targets import mask_targets

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def to_network(picture_size, size, gt_boxes, gt_masks):
    """Ground truth of a picture -> of its network input: boxes by each axis's ratio, masks by the nearest pixel."""
    ratio_y, ratio_x = size[0] / picture_size[0], size[1] / picture_size[1]
    boxes = gt_boxes.astype(np.float64) * np.array([ratio_x, ratio_y, ratio_x, ratio_y])
    masks = F.interpolate(torch.tensor(gt_masks[:, None].astype(np.float32)), size=tuple(map(int, size)))
    return boxes, masks[:, 0].numpy()


def smooth_l1(predicted, targets, beta):
    """Summed; beta 0 is the absolute difference."""
    difference = (predicted - targets).abs()
    if not beta:
        return difference.sum()
    return torch.where(difference < beta, 0.5 * difference**2 / beta, difference - 0.5 * beta).sum()


def rpn_losses(logits, deltas, grid, gt_boxes, labels, conventions, anchors_per_image):
    """logits [N, A], deltas [N, A, 4]; labels: [A] int8 per picture, 1 / 0 sampled, -1 not -> (objectness, boxes)."""
    labels = torch.tensor(np.stack(labels))
    sampled, positive = labels >= 0, labels == 1
    targets = [encode(boxes[iou(grid, boxes).argmax(axis=1)], grid, RPN_WEIGHTS) for boxes in gt_boxes]
    targets = torch.tensor(np.stack(targets), dtype=deltas.dtype)
    count = int(sampled.sum()) if conventions.rpn_loss_norm == "sampled" else anchors_per_image * len(labels)
    objectness = F.binary_cross_entropy_with_logits(logits[sampled], labels[sampled].to(logits.dtype), reduction="sum")
    boxes = smooth_l1(deltas[positive], targets[positive], conventions.smooth_l1_beta)
    return objectness / count, boxes / count


def box_losses(logits, deltas, rois, roi_gt_boxes, labels, foreground, conventions):
    """All RoIs of the batch: logits [R, C], deltas [R, 4 * classes] -> (class, boxes)."""
    row = np.flatnonzero(foreground)
    chosen = deltas.reshape(len(deltas), -1, 4)[row, labels[row]]
    targets = torch.tensor(encode(roi_gt_boxes[row], rois[row], BOX_WEIGHTS), dtype=deltas.dtype)
    boxes = smooth_l1(chosen, targets, conventions.smooth_l1_beta) / len(labels)
    return F.cross_entropy(logits, torch.tensor(labels)), boxes


def training_step(state, prepared, sizes, truth, samples, conventions, anchors_per_image=256, dtype=torch.float64):
    """Losses {name: float} and gradients {published name: array} of every weight that is no statistic.

    prepared: [N, 3, H, W] padded network inputs, sizes: [N, 2] before padding; truth: for each picture
    (gt_boxes, gt_masks) in network pixels; samples: for each picture a dict of anchor_labels [A] (1, 0, -1 = not
    sampled), roi_boxes [R, 4], roi_labels [R] as the original numbers them, roi_matched [R].
    """
    tensors = {name: torch.tensor(np.asarray(value), dtype=dtype) for name, value in state.items()}
    leaves = {name: t.requires_grad_() for name, t in tensors.items() if not name.endswith(STATISTICS)}
    network = Network({torchvision_name(name): tensor for name, tensor in tensors.items()}, conventions, training=True)
    x = torch.tensor(prepared, dtype=dtype)
    pyramid = network.pyramid(network.backbone(x))
    logits, deltas = rpn_stages(network, pyramid, Stages())
    grid = np.concatenate(anchors([f.shape[2:] for f in pyramid], x.shape[2:], conventions))
    rpn = rpn_losses(
        torch.cat(logits, 1),
        torch.cat(deltas, 1),
        grid,
        [boxes for boxes, _ in truth],
        [one["anchor_labels"] for one in samples],
        conventions,
        anchors_per_image,
    )

    rois = [one["roi_boxes"].astype(np.float64) for one in samples]
    labels = np.concatenate([one["roi_labels"] for one in samples])
    scales = roi_scales(pyramid, np.asarray(sizes), conventions)
    hidden = network.box_head(pool_all(pyramid, rois, 7, scales, conventions))
    box_logits, box_deltas = network.box_predictor(hidden)
    background = 0 if conventions.background_first else box_logits.shape[1] - 1
    roi_gt_boxes = np.concatenate([t[0][one["roi_matched"]] for t, one in zip(truth, samples, strict=True)])
    box = box_losses(
        box_logits, box_deltas, np.concatenate(rois), roi_gt_boxes, labels, labels != background, conventions
    )

    positive = [np.flatnonzero(one["roi_labels"] != background) for one in samples]
    mask_rois = [boxes[row] for boxes, row in zip(rois, positive, strict=True)]
    mask_logits = network.mask_head(pool_all(pyramid, mask_rois, 14, scales, conventions))
    own = mask_logits[torch.arange(len(mask_logits)), torch.tensor(labels[labels != background])]
    rows = zip(truth, samples, positive, mask_rois, strict=True)
    hard = conventions.hard_mask_targets
    targets = [mask_targets(t[1], one["roi_matched"][row], boxes, hard, dtype) for t, one, row, boxes in rows]
    mask = F.binary_cross_entropy_with_logits(own, torch.cat(targets))

    losses = dict(zip(conventions.loss_names, (*box, mask, *rpn), strict=True))
    gradients = torch.autograd.grad(sum(losses.values()), list(leaves.values()))
    return (
        {name: float(loss.detach()) for name, loss in losses.items()},
        {name: gradient.numpy() for name, gradient in zip(leaves, gradients, strict=True)},
    )
