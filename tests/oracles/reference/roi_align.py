"""RoIAlign as torchvision and Detectron2 have it. It is linear along each axis: one averaging matrix per axis."""

import numpy as np
import torch

CHUNK = 64  # RoIs at a time, so that the memory stays small


def _axis(starts, ends, bins, length, sampling_ratio, aligned):
    """[R, bins, length]: the mean of the samples of each bin, as weights of the `length` pixels."""
    matrices = np.zeros((len(starts), bins, length))
    for matrix, start, end in zip(matrices, starts, ends, strict=True):
        size = end - start if aligned else max(end - start, 1.0)
        samples = sampling_ratio or int(np.ceil(size / bins))
        for bin_index in range(bins):
            for sample in range(samples):
                position = start + (bin_index + (sample + 0.5) / samples) * size / bins
                if position < -1 or position > length:
                    continue
                position = min(max(position, 0.0), length - 1.0)
                low = min(int(position), length - 1)
                high = min(low + 1, length - 1)
                matrix[bin_index, low] += (1 - (position - low)) / samples
                matrix[bin_index, high] += (position - low) / samples
    return matrices


def roi_align(features, boxes, bins, scale, sampling_ratio, aligned):
    """features: [C, H, W] tensor, boxes: [R, 4] array in image pixels -> [R, C, bins, bins] tensor."""
    boxes = np.asarray(boxes, np.float64) * scale - (0.5 if aligned else 0.0)
    _, height, width = features.shape
    rows = _axis(boxes[:, 1], boxes[:, 3], bins, height, sampling_ratio, aligned)
    columns = _axis(boxes[:, 0], boxes[:, 2], bins, width, sampling_ratio, aligned)
    pooled = [features.new_zeros((0, len(features), bins, bins))]
    for first in range(0, len(boxes), CHUNK):
        part = slice(first, first + CHUNK)
        down = torch.einsum("rph,chw->rcpw", torch.tensor(rows[part], dtype=features.dtype), features)
        pooled.append(torch.einsum("rcpw,rqw->rcpq", down, torch.tensor(columns[part], dtype=features.dtype)))
    return torch.cat(pooled)


def levels_of(boxes, conventions):
    """0..3 for P2..P5."""
    side = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    with np.errstate(divide="ignore"):
        level = 4 + np.log2(side / 224 + conventions.level_epsilon_inside_log)
    return np.clip(np.floor(level + conventions.level_epsilon_outside_log), 2, 5).astype(int) - 2


def pool(pyramid, image_index, boxes, bins, scales, conventions):
    """pyramid: P2..P5, each [N, C, H, W]; boxes of one image, [R, 4] -> [R, C, bins, bins]."""
    level = levels_of(boxes, conventions)
    pooled, places = [], []
    for number, (features, scale) in enumerate(zip(pyramid[:4], scales, strict=True)):
        here = np.flatnonzero(level == number)
        how = (conventions.sampling_ratio, conventions.aligned)
        pooled.append(roi_align(features[image_index], boxes[here], bins, scale, *how))
        places.append(here)
    return torch.cat(pooled)[np.argsort(np.concatenate(places))]
