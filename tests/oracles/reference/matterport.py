"""The outputs of Matterport's Mask R-CNN for a picture, stage by stage; boxes (y1, x1, y2, x2), normalised."""

import numpy as np
import torch

from tests.oracles.reference.answer import Stages
from tests.oracles.reference.boxes import nms, nms_by_group
from tests.oracles.reference.interpolate import sampling_matrix
from tests.oracles.reference.matterport_network import MatterportNetwork, channels_first, channels_last
from tests.oracles.reference.matterport_pictures import molded, normalise_boxes, unmold

MEAN_PIXEL = np.array([123.7, 116.8, 103.9])
STD = np.array([0.1, 0.1, 0.2, 0.2])
PUBLISHED = dict(pre_nms=6000, post_nms=1000, rpn_nms=0.7, min_score=0.7, box_nms=0.3, max_detections=100)


def anchors(feature_sizes):
    """Pixels, [A, 4]; ratio = width / height; the first centre of a level is (0, 0)."""
    boxes = []
    for level, (height, width) in enumerate(feature_sizes):
        size, stride = 32 * 2**level, 4 * 2**level
        half = [(size / np.sqrt(ratio) / 2, size * np.sqrt(ratio) / 2) for ratio in (0.5, 1, 2)]
        y, x = np.mgrid[:height, :width] * stride
        centres = np.stack([y, x, y, x], axis=-1)
        boxes.append((centres[:, :, None] + np.array([[-h, -w, h, w] for h, w in half])).reshape(-1, 4))
    return np.concatenate(boxes)


def decode(deltas, boxes):
    """deltas (dy, dx, dlog h, dlog w) of `boxes`; the logarithms are not limited."""
    size = boxes[..., 2:] - boxes[..., :2]
    centre = boxes[..., :2] + 0.5 * size + deltas[..., :2] * size
    half = 0.5 * size * np.exp(deltas[..., 2:])
    return np.concatenate([centre - half, centre + half], axis=-1)


def proposals(scores, deltas, boxes, settings):
    """Over all levels together: [post_nms, 4], zeros at the end."""
    best = np.argsort(-scores, kind="stable")[: settings["pre_nms"]]
    decoded = np.clip(decode(deltas[best] * STD, boxes[best]), 0, 1)
    kept = nms(decoded, scores[best], settings["rpn_nms"])[: settings["post_nms"]]
    return np.pad(decoded[kept], ((0, settings["post_nms"] - len(kept)), (0, 0)))


def levels_of(boxes, side):
    """0..3 for P2..P5, rounded half to even; side: of the network input, pixels. Empty boxes are on P2."""
    area = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
    with np.errstate(divide="ignore"):
        return np.clip(np.round(np.log2(np.sqrt(area) * side / 224)), -2, 1).astype(int) + 2


def roi_align(pyramid, boxes, bins, side):
    """One sample per bin, from corner to corner. side: of the network input, pixels -> [R, C, bins, bins]."""
    pooled = []
    for level, (y1, x1, y2, x2) in zip(levels_of(boxes, side), boxes, strict=True):
        features = pyramid[level][0]
        height, width = features.shape[1:]
        steps = np.arange(bins) / (bins - 1)
        rows = sampling_matrix((y1 + steps * (y2 - y1)) * (height - 1), height, "cut")
        columns = sampling_matrix((x1 + steps * (x2 - x1)) * (width - 1), width, "cut")
        rows, columns = (torch.tensor(matrix, dtype=features.dtype) for matrix in (rows, columns))
        pooled.append(rows @ features @ columns.T)
    return torch.stack(pooled) if pooled else pyramid[0].new_zeros((0, pyramid[0].shape[1], bins, bins))


def detections(probabilities, deltas, rois, window, settings):
    """[max_detections, 6]: box, class, score, zeros at the end; each RoI gives its best class at most."""
    classes = probabilities.argmax(axis=1)
    row = np.arange(len(rois))
    scores = probabilities[row, classes]
    boxes = decode(deltas[row, classes] * STD, rois)
    boxes = np.clip(boxes, np.tile(window[:2], 2), np.tile(window[2:], 2))
    kept = np.flatnonzero((classes > 0) & (scores >= settings["min_score"]))
    kept = kept[nms_by_group(boxes[kept], scores[kept], classes[kept], settings["box_nms"])][
        : settings["max_detections"]
    ]
    rows = np.concatenate([boxes[kept], classes[kept, None], scores[kept, None]], axis=1)
    return np.pad(rows, ((0, settings["max_detections"] - len(kept)), (0, 0)))


@torch.no_grad()
def answer(state, picture, min_dim, max_dim, settings=None, resized=None, dtype=torch.float64, **noise):
    """{stage: array}, named as in the oracle files but whole; resized: the square uint8 input instead of its own."""
    settings = {**PUBLISHED, **(settings or {})}
    network = MatterportNetwork({name: torch.tensor(value, dtype=dtype) for name, value in state.items()})
    stages = Stages(**noise)
    square, window, scale = molded(picture, min_dim, max_dim)
    square = square if resized is None else resized
    stages.update(window=window, scale=np.float64(scale), resized=square, molded=square - MEAN_PIXEL)

    body = network.backbone(channels_first(torch.tensor(stages["molded"][None], dtype=dtype)))
    stages.update({f"c{level}": channels_last(x)[0].numpy() for level, x in enumerate(body, start=2)})
    pyramid = [
        channels_first(stages_keep(stages, f"p{level}", channels_last(x)))
        for level, x in enumerate(network.pyramid(body), start=2)
    ]
    logits, deltas = (torch.cat(level, dim=1) for level in zip(*map(network.rpn, pyramid), strict=True))
    logits, deltas = stages_keep(stages, "rpn_class_logits", logits), stages_keep(stages, "rpn_bbox", deltas)
    grid = normalise_boxes(anchors([x.shape[2:] for x in pyramid]), square.shape[:2])
    stages["anchors"] = grid
    scores = torch.softmax(logits[0], dim=1)[:, 1].numpy()
    rois = stages["rpn_rois"] = proposals(scores, deltas[0].numpy(), grid, settings)

    pooled = roi_align(pyramid, rois, 7, max_dim)
    class_logits, box_deltas = network.box_head(pooled)
    probabilities = torch.softmax(stages.keep("mrcnn_class_logits", class_logits), dim=1).numpy()
    box_deltas = stages.keep("mrcnn_bbox", box_deltas).numpy()
    stages["roi_align_classifier"], stages["mrcnn_class"] = channels_last(pooled).numpy(), probabilities
    stages["mrcnn_bbox_best_class"] = box_deltas[np.arange(len(rois)), probabilities.argmax(axis=1)]
    window = normalise_boxes(window, square.shape[:2])
    detection = stages["mrcnn_detection"] = detections(probabilities, box_deltas, rois, window, settings)

    found = detection[detection[:, 4] > 0]
    pooled = roi_align(pyramid, found[:, :4], 14, max_dim)
    masks = stages.keep("mrcnn_mask", network.mask_head(pooled)).numpy()
    own = masks[np.arange(len(found)), :, :, found[:, 4].astype(int)]
    stages["roi_align_mask"], stages["mrcnn_mask_own_class"] = channels_last(pooled).numpy(), own
    boxes, class_ids, final_scores, full = unmold(found, own, window, max_dim, picture.shape[:2])
    stages.update(final_rois=boxes, final_class_ids=class_ids, final_scores=final_scores)
    stages["final_masks_bits"] = np.packbits(full.reshape(len(full), full.shape[1] * full.shape[2]), axis=1)
    stages["final_masks_shape"] = np.array(full.shape)
    return stages


def stages_keep(stages, name, tensor):
    """Like Stages.keep, for a batch of one that is stored without its first axis."""
    return stages.keep(name, tensor[0])[None]
