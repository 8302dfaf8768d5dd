"""From the box head's outputs to the final boxes of each picture."""

import numpy as np

from tests.oracles.reference.boxes import clip, decode, nms_by_group

BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def detections(logits, deltas, proposals, size, conventions, settings):
    """One picture: logits [R, C], deltas [R, 4 * classes], proposals [R, 4] -> boxes, scores, labels, best first.

    size: (height, width) of the resized picture; settings: min_score, box_nms, max_detections. labels are as the
    original has them: 1.. where the background is class 0, else 0.. with the background last.
    """
    deltas = deltas.reshape(len(deltas), deltas.shape[1] // 4, 4)
    boxes = clip(decode(deltas, proposals[:, None], BOX_WEIGHTS), *size)
    scores = softmax(logits)
    first = 1 if conventions.background_first else 0
    boxes = boxes[:, first:]
    scores = scores[:, first:] if first else scores[:, :-1]
    roi, label = np.nonzero(scores > settings["min_score"])
    boxes, scores, labels = boxes[roi, label], scores[roi, label], label + first
    large = np.all(boxes[:, 2:] - boxes[:, :2] >= conventions.min_detection_side, axis=1)
    boxes, scores, labels = boxes[large], scores[large], labels[large]
    kept = nms_by_group(boxes, scores, labels, settings["box_nms"])[: settings["max_detections"]]
    return boxes[kept], scores[kept], labels[kept]


def to_picture(boxes, size, picture_size, conventions):
    """Boxes of the network input -> boxes of the picture, and which of them stay (Detectron2 clips and drops)."""
    scale_y, scale_x = picture_size[0] / size[0], picture_size[1] / size[1]
    boxes = boxes * np.array([scale_x, scale_y, scale_x, scale_y])
    if not conventions.clip_final:
        return boxes, np.ones(len(boxes), bool)
    boxes = clip(boxes, *picture_size)
    return boxes, np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
