"""Matterport's square input, and the way back to the picture; boxes (y1, x1, y2, x2)."""

import numpy as np

from tests.oracles.reference.interpolate import resize_positions


def scale_of(height, width, min_dim, max_dim):
    """The short side becomes min_dim, pictures never shrink for it, and the long side at most max_dim."""
    scale = max(1, min_dim / min(height, width))
    if round(max(height, width) * scale) > max_dim:
        scale = max_dim / max(height, width)
    return scale


def resize(image, height, width):
    """[h, w, ...] -> [height, width, ...] float64: bilinear, with zeros beyond the edge, clipped to the image's range.

    The four terms are multiplied and added in the order of scipy's zoom: the cut to whole grey levels shows any other.
    """
    image = image.astype(np.float64)
    padded = np.pad(image, [(1, 1), (1, 1)] + [(0, 0)] * (image.ndim - 2))
    (row, by_row), (column, by_column) = (
        _two_pixels(size, new) for size, new in zip(image.shape, (height, width), strict=False)
    )
    resized = 0.0
    for y in (0, 1):
        for x in (0, 1):
            value = padded[row[:, None] + y + 1, column[None] + x + 1]
            weights = by_row[y][:, None], by_column[x][None]
            for weight in weights:
                value = value * weight.reshape(weight.shape + (1,) * (image.ndim - 2))
            resized = resized + value
    return np.clip(resized, image.min(), image.max())


def _two_pixels(size, new_size):
    """The lower of the two pixels of each sample (-1 = beyond the edge), and the weights of both."""
    positions = resize_positions(size, new_size)
    lower = np.floor(positions)
    first = 1 - (positions - lower)
    return lower.astype(int), (first, 1 - first)


def molded(image, min_dim, max_dim):
    """[H, W, 3] uint8 -> ([max_dim, max_dim, 3] uint8, window in pixels, scale); the picture is in the middle.

    The resize is cut, not rounded, to whole grey levels.
    """
    height, width = image.shape[:2]
    scale = scale_of(height, width, min_dim, max_dim)
    resized = image
    if scale != 1:
        size = (round(height * scale), round(width * scale))
        resized = resize(image, *size).astype(np.uint8)
    height, width = resized.shape[:2]
    top, left = (max_dim - height) // 2, (max_dim - width) // 2
    square = np.zeros((max_dim, max_dim, 3), np.uint8)
    square[top : top + height, left : left + width] = resized
    return square, np.array([top, left, top + height, left + width]), scale


def normalise_boxes(boxes, size):
    """Pixels -> 0..1 from the first pixel's to the last pixel's centre; the far corners belong to their pixel."""
    height, width = size
    scale = np.array([height - 1, width - 1, height - 1, width - 1])
    return (boxes - np.array([0, 0, 1, 1])) / scale


def unmold(detection, masks, window, square, picture_size):
    """detection: [N, 6], masks: [N, 28, 28] probabilities, window: normalised -> boxes, class ids, scores, masks.

    Boxes are whole pixels of the picture, rounded half to even; empty ones go.
    """
    shift, scale = window[[0, 1, 0, 1]], np.tile(window[2:] - window[:2], 2)
    height, width = picture_size
    boxes = (detection[:, :4] - shift) / scale
    boxes = np.around(boxes * np.array([height - 1, width - 1] * 2) + np.array([0, 0, 1, 1])).astype(np.int32)
    kept = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) > 0
    boxes, full = boxes[kept], np.zeros((kept.sum(), height, width), bool)
    for picture, (y1, x1, y2, x2), mask in zip(full, boxes, masks[kept], strict=True):
        picture[y1:y2, x1:x2] = resize(mask, y2 - y1, x2 - x1) >= 0.5
    return boxes, detection[kept, 4].astype(np.int32), detection[kept, 5], full
