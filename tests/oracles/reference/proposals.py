"""From the RPN's outputs to the proposals of each picture."""

import numpy as np

from tests.oracles.reference.boxes import clip, decode, nms_by_group

RPN_WEIGHTS = (1.0, 1.0, 1.0, 1.0)


def flat_logits(tensor):
    """[N, 3, h, w] -> [N, h * w * 3] array, in the order of the anchors."""
    return tensor.permute(0, 2, 3, 1).flatten(1)


def flat_deltas(tensor):
    """[N, 3 * 4, h, w] -> [N, h * w * 3, 4]."""
    count, _, height, width = tensor.shape
    return tensor.reshape(count, -1, 4, height, width).permute(0, 3, 4, 1, 2).reshape(count, -1, 4)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def proposals(logits, deltas, anchors, size, conventions, settings):
    """One picture. logits [n], deltas [n, 4], anchors [n, 4] for each level; size: (height, width) before padding.

    settings: pre_nms, post_nms, rpn_nms. Returns boxes [R, 4] and their logits (Detectron2) or scores (torchvision).
    """
    boxes, scores, levels = [], [], []
    for level, (logit, delta, anchor) in enumerate(zip(logits, deltas, anchors, strict=True)):
        best = np.argsort(-logit, kind="stable")[: settings["pre_nms"]]
        boxes.append(clip(decode(delta[best], anchor[best], RPN_WEIGHTS), *size))
        scores.append(sigmoid(logit[best]) if conventions.rank_by_sigmoid else logit[best])
        levels.append(np.full(len(best), level))
    boxes, scores, levels = np.concatenate(boxes), np.concatenate(scores), np.concatenate(levels)
    sides = boxes[:, 2:] - boxes[:, :2]
    smallest = conventions.min_proposal_side
    large = np.all(sides >= smallest if smallest else sides > 0, axis=1)
    boxes, scores, levels = boxes[large], scores[large], levels[large]
    kept = nms_by_group(boxes, scores, levels, settings["rpn_nms"])[: settings["post_nms"]]
    return boxes[kept], scores[kept]
