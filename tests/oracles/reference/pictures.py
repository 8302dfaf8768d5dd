"""From pictures to the network input of torchvision and Detectron2, and its scale; numpy and Pillow alone."""

import numpy as np
from PIL import Image

from tests.oracles.reference.interpolate import resize

MULTIPLE = 32  # the padded size divides by it


def torchvision_size(height, width, min_size, max_size):
    """Rounded down, by the same float64 product for both sides."""
    scale = min(min_size / min(height, width), max_size / max(height, width))
    return int(height * scale), int(width * scale)


def detectron2_size(height, width, min_size, max_size):
    """The short side exact, then both smaller again if the long one is too long; rounded half up."""
    scale = min_size / min(height, width)
    new = [min_size, scale * width] if height < width else [scale * height, min_size]
    if max(new) > max_size:
        new = [side * (max_size / max(new)) for side in new]
    return tuple(int(side + 0.5) for side in new)


def resized_bgr(image, min_size, max_size):
    """[H, W, 3] uint8 RGB -> [h, w, 3] uint8 BGR by Pillow's bilinear filter, which antialiases when it shrinks.

    Columns first, as one call of Pillow did before version 13, which takes the rows first for some sizes.
    """
    resized = Image.fromarray(image)
    height, width = detectron2_size(*image.shape[:2], min_size, max_size)
    for size in ((width, image.shape[0]), (width, height)):
        resized = resized.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(resized)[:, :, ::-1]


def prepare(image, conventions, min_size, max_size):
    """One picture, normalised and resized, not padded: [3, h, w] float64."""
    mean, std = np.array(conventions.mean), np.array(conventions.std)
    if conventions.resize == "pil":
        return ((resized_bgr(image, min_size, max_size) - mean) / std).transpose(2, 0, 1)
    size = torchvision_size(*image.shape[:2], min_size, max_size)
    normalised = (image / 255 - mean) / std
    return np.stack([resize(normalised[:, :, channel], *size, "edge") for channel in range(3)])


def batch(prepared):
    """Pictures of different sizes -> [N, 3, H, W] padded by zeros at the right and below, and the sizes [N, 2]."""
    sizes = np.array([one.shape[1:] for one in prepared])
    height, width = -(-sizes.max(axis=0) // MULTIPLE) * MULTIPLE
    padding = [((0, 0), (0, height - one.shape[1]), (0, width - one.shape[2])) for one in prepared]
    return np.stack([np.pad(one, pad) for one, pad in zip(prepared, padding, strict=True)]), sizes
