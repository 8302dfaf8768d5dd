"""Boxes (x1, y1, x2, y2) in pixels, as numpy arrays: area, IoU, NMS, deltas."""

import numpy as np

LARGEST_LOG_SCALE = np.log(1000 / 16)  # a delta cannot make a box more than 62.5 times as large


def area(boxes):
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def iou(boxes, others):
    """[N, 4], [M, 4] -> [N, M]."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=-1)
    total = area(boxes)[:, None] + area(others)[None] - common
    return np.divide(common, total, out=np.zeros_like(common), where=total > 0)


def nms(boxes, scores, threshold):
    """Indices of the boxes that stay, best first; a box goes when its IoU with a better one is above the threshold."""
    left = np.argsort(-scores, kind="stable")
    kept = []
    while len(left):
        kept.append(left[0])
        left = left[1:][iou(boxes[left[:1]], boxes[left[1:]])[0] <= threshold]
    return np.array(kept, int)


def nms_by_group(boxes, scores, groups, threshold):
    """NMS inside each group (level or class); the indices that stay, best first over all groups."""
    kept = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    kept = [here[nms(boxes[here], scores[here], threshold)] for here in kept]
    kept = np.sort(np.concatenate([np.empty(0, int), *kept]))
    return kept[np.argsort(-scores[kept], kind="stable")]


def clip(boxes, height, width):
    limit = np.array([width, height, width, height], boxes.dtype)
    return np.clip(boxes, 0, limit)


def decode(deltas, boxes, weights):
    """deltas (dx, dy, dw, dh) times `weights`, [..., 4], of `boxes` [..., 4] -> boxes."""
    dx, dy, dw, dh = np.moveaxis(deltas / np.array(weights, deltas.dtype), -1, 0)
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    x = boxes[..., 0] + 0.5 * width + dx * width
    y = boxes[..., 1] + 0.5 * height + dy * height
    half_w = 0.5 * width * np.exp(np.minimum(dw, LARGEST_LOG_SCALE))
    half_h = 0.5 * height * np.exp(np.minimum(dh, LARGEST_LOG_SCALE))
    return np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=-1)


def encode(targets, boxes, weights):
    """The deltas that `decode` turns into `targets`."""
    size, target_size = boxes[..., 2:] - boxes[..., :2], targets[..., 2:] - targets[..., :2]
    centre, target_centre = boxes[..., :2] + 0.5 * size, targets[..., :2] + 0.5 * target_size
    deltas = np.concatenate([(target_centre - centre) / size, np.log(target_size / size)], axis=-1)
    return deltas * np.array(weights, deltas.dtype)
