"""What a torchvision or Detectron2 model outputs for pictures, stage by stage."""

import numpy as np
import torch

from tests.oracles.reference.anchors import anchors
from tests.oracles.reference.detections import detections, to_picture
from tests.oracles.reference.names import torchvision_name
from tests.oracles.reference.network import Network
from tests.oracles.reference.paste import paste
from tests.oracles.reference.pictures import batch, prepare
from tests.oracles.reference.proposals import flat_deltas, flat_logits, proposals, sigmoid
from tests.oracles.reference.roi_align import pool

PUBLISHED = dict(pre_nms=1000, post_nms=1000, rpn_nms=0.7, min_score=0.05, box_nms=0.5, max_detections=100)


class Stages(dict):
    """Stages by name. `keep` stores one and hands it on, with noise of that relative size where asked for."""

    def __init__(self, noise=0.0, seed=0):
        super().__init__()
        self.noise, self.random = noise, np.random.RandomState(seed)

    def keep(self, name, tensor):
        if self.noise:
            unit = torch.tensor(self.random.standard_normal(tuple(tensor.shape)), dtype=tensor.dtype)
            tensor = tensor + self.noise * tensor.std() * unit
        self[name] = tensor.detach().numpy()
        return tensor


def roi_scales(pyramid, sizes, conventions):
    """Feature pixels per image pixel, for P2..P5."""
    if not conventions.stride_from_shape:
        return [1 / 4, 1 / 8, 1 / 16, 1 / 32]
    return [2.0 ** np.round(np.log2(features.shape[2] / sizes[:, 0].max())) for features in pyramid[:4]]


def tensors_of(state, dtype):
    """{torchvision's name: tensor} of a state dict of arrays."""
    return {torchvision_name(name): torch.tensor(np.asarray(value), dtype=dtype) for name, value in state.items()}


def rpn_stages(network, pyramid, stages):
    """Logits [N, n] and deltas [N, n, 4] for each level."""
    logits, deltas = [], []
    for level, features in enumerate(pyramid, start=2):
        objectness, delta = network.rpn(features)
        logits.append(flat_logits(stages.keep(f"rpn_objectness_p{level}", objectness)))
        deltas.append(flat_deltas(stages.keep(f"rpn_deltas_p{level}", delta)))
    return logits, deltas


def pool_all(pyramid, boxes, bins, scales, conventions):
    """RoIAlign of the boxes of each picture in turn, one tensor."""
    return torch.cat([pool(pyramid, i, b, bins, scales, conventions) for i, b in enumerate(boxes)])


@torch.no_grad()
def answer(
    state, pictures, conventions, min_size, max_size, settings=None, prepared=None, dtype=torch.float64, **noise
):
    """{stage: array}, named as in the oracle files but whole; `_i` at the end = picture i.

    state: {published name: array}; pictures: [H, W, 3] uint8 RGB each; prepared: network inputs [3, h, w] instead of
    an own resize; noise: `noise` and `seed` of Stages.
    """
    settings = {**PUBLISHED, **(settings or {})}
    network, stages = Network(tensors_of(state, dtype), conventions), Stages(**noise)
    if prepared is None:
        prepared = [prepare(picture, conventions, min_size, max_size) for picture in pictures]
    stages["input"], stages["input_hw"] = batch(prepared)
    x, sizes = torch.tensor(stages["input"], dtype=dtype), stages["input_hw"]
    body = network.backbone(x)
    stages["body_c4"], stages["body_c5"] = body[2].numpy(), body[3].numpy()
    pyramid = [stages.keep(f"fpn_p{level}", f) for level, f in enumerate(network.pyramid(body), start=2)]
    logits, deltas = rpn_stages(network, pyramid, stages)
    grid = anchors([f.shape[2:] for f in pyramid], x.shape[2:], conventions)
    stages["anchors"] = np.concatenate(grid)

    boxes = []
    for i, size in enumerate(sizes):
        levels = [level[i].numpy() for level in logits], [level[i].numpy() for level in deltas]
        found, scores = proposals(*levels, grid, size, conventions, settings)
        stages[f"proposals_{i}"] = found
        stages[f"proposal_{'scores' if conventions.rank_by_sigmoid else 'logits'}_{i}"] = scores
        boxes.append(found)

    scales = roi_scales(pyramid, sizes, conventions)
    pooled = pool_all(pyramid, boxes, 7, scales, conventions)
    hidden = network.box_head(pooled)
    box_logits, box_deltas = network.box_predictor(hidden)
    stages["box_pool"], stages["box_head"] = pooled.numpy(), hidden.numpy()
    ends = np.cumsum([len(b) for b in boxes])[:-1]
    box_logits = np.split(stages.keep("box_logits", box_logits).numpy(), ends)
    box_deltas = np.split(stages.keep("box_deltas", box_deltas).numpy(), ends)
    rows = zip(box_logits, box_deltas, boxes, sizes, strict=True)
    found = [detections(*row, conventions, settings) for row in rows]

    pooled = pool_all(pyramid, [f[0] for f in found], 14, scales, conventions)
    mask_logits = stages.keep("mask_logits_all_classes", network.mask_head(pooled)).numpy()
    labels = np.concatenate([f[2] for f in found])
    own = mask_logits[np.arange(len(labels)), labels]
    stages["mask_pool"], stages["mask_logits_own_class"] = pooled.numpy(), own
    own = np.split(own, np.cumsum([len(f[2]) for f in found])[:-1])
    for i, (f, masks, picture) in enumerate(zip(found, own, pictures, strict=True)):
        stages.update(
            {f"{name}_{i}": value for name, value in finish(*f, masks, sizes[i], picture, conventions).items()}
        )
    return stages


def finish(boxes, scores, labels, mask_logits, size, picture, conventions):
    """The last steps for one picture: boxes and masks in the picture's own pixels."""
    height, width = picture.shape[:2]
    final, kept = to_picture(boxes, size, (height, width), conventions)
    masks = paste(sigmoid(mask_logits[kept]), final[kept], height, width, conventions)
    result = dict(
        detection_boxes_net=boxes, final_boxes=final[kept], final_scores=scores[kept], final_labels=labels[kept]
    )
    # "at least" against "above" 0.5 matters for a probability of exactly 0.5 only
    result["final_masks_bits"] = np.packbits((masks >= 0.5).reshape(len(masks), height * width), axis=1)
    result["final_masks_sums"] = masks.sum(axis=(1, 2))
    result["final_masks_shape"] = np.array(masks.shape)
    return result
