"""28 x 28 mask probabilities -> masks of the picture."""

import numpy as np

from tests.oracles.reference.interpolate import resize, sampling_matrix


def paste_expanded(mask, box, height, width):
    """torchvision: pad by one pixel, enlarge the box as much, cut its corners to integers, resize -> [H, W] float."""
    size = mask.shape[0]
    scale = (size + 2) / size
    mask = np.pad(mask, 1)
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half_w, half_h = (box[2] - box[0]) / 2 * scale, (box[3] - box[1]) / 2 * scale
    corners = [centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h]
    x1, y1, x2, y2 = (int(corner) for corner in corners)  # towards zero, also below zero
    resized = resize(mask, max(y2 - y1 + 1, 1), max(x2 - x1 + 1, 1), "edge")
    picture = np.zeros((height, width))
    left, right, top, bottom = max(x1, 0), min(x2 + 1, width), max(y1, 0), min(y2 + 1, height)
    if left < right and top < bottom:
        picture[top:bottom, left:right] = resized[top - y1 : bottom - y1, left - x1 : right - x1]
    return picture


def paste_by_grid(mask, box, height, width):
    """Detectron2: each pixel of the picture reads the mask at its own centre, zeros outside -> [H, W] float."""
    size = mask.shape[0]
    columns = (np.arange(width) + 0.5 - box[0]) / (box[2] - box[0]) * size - 0.5
    rows = (np.arange(height) + 0.5 - box[1]) / (box[3] - box[1]) * size - 0.5
    return sampling_matrix(rows, size, "blend") @ mask @ sampling_matrix(columns, size, "blend").T


def paste(masks, boxes, height, width, conventions):
    """[N, 28, 28] and boxes in picture pixels -> [N, H, W] float."""
    how = paste_expanded if conventions.paste == "expand" else paste_by_grid
    pasted = [how(mask, box, height, width) for mask, box in zip(masks, boxes, strict=True)]
    return np.stack(pasted) if pasted else np.zeros((0, height, width))
