"""Which anchors and RoIs a training step uses, and what it teaches them."""

import numpy as np
import torch

from tests.oracles.reference.boxes import iou
from tests.oracles.reference.roi_align import roi_align

MASK_SIZE = 28


def anchor_labels(anchors, gt_boxes):
    """1 from IoU 0.7 on and for the best anchors of each ground-truth box (with ties), 0 below 0.3, -1 between."""
    overlap = iou(anchors, gt_boxes)
    best = overlap.max(axis=1)
    labels = np.where(best >= 0.7, 1, np.where(best < 0.3, 0, -1)).astype(np.int8)
    labels[np.any(overlap == overlap.max(axis=0), axis=1)] = 1
    return labels


def sample(is_positive, is_negative, count, positive_share, random):
    """Random indices: at most count * share positives, then negatives up to `count`; each in rising order."""
    positive, negative = np.flatnonzero(is_positive), np.flatnonzero(is_negative)
    positive = random.permutation(positive)[: int(count * positive_share)]
    negative = random.permutation(negative)[: count - len(positive)]
    return np.sort(positive), np.sort(negative)


def sampled_anchors(anchors, gt_boxes, count, random):
    """[A] int8: 1 and 0 for the sampled anchors, -1 for the others; half of `count` at most are positive."""
    labels = anchor_labels(anchors, gt_boxes)
    positive, negative = sample(labels == 1, labels == 0, count, 0.5, random)
    chosen = np.full(len(labels), -1, np.int8)
    chosen[positive], chosen[negative] = 1, 0
    return chosen


def sampled_rois(proposals, gt_boxes, gt_labels, count, background, random):
    """Of the proposals and the ground-truth boxes: boxes [R, 4], labels [R], index of the matched object [R]."""
    boxes = np.concatenate([proposals, gt_boxes])
    overlap = iou(boxes, gt_boxes)
    positive, negative = sample(overlap.max(axis=1) >= 0.5, overlap.max(axis=1) < 0.5, count, 0.25, random)
    chosen = np.sort(np.concatenate([positive, negative]))
    matched = overlap.argmax(axis=1)[chosen]
    labels = np.where(overlap.max(axis=1)[chosen] >= 0.5, gt_labels[matched], background)
    return boxes[chosen], labels, matched


def mask_targets(gt_masks, matched, boxes, hard, dtype):
    """gt_masks: [G, H, W] of the network input -> [R, 28, 28], RoIAlign of each matched mask in its RoI."""
    targets = []
    for index, box in zip(matched, boxes, strict=True):
        mask = torch.tensor(gt_masks[index][None].astype(np.float64), dtype=dtype)
        targets.append(roi_align(mask, box[None], MASK_SIZE, 1.0, 0, aligned=hard)[0, 0])
    targets = torch.stack(targets)
    return (targets >= 0.5).to(dtype) if hard else targets
