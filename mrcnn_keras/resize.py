"""Original pixels <-> network pixels.

A photograph is scaled, then padded with zeros at the right and below: a position needs a factor and no shift. Only
Matterport's checkpoints have it in the middle of the padding.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from mrcnn_keras.errors import UserError
from mrcnn_keras.pictures import as_picture, as_rgb
from mrcnn_keras.resize_rule import MODES, PLACES, ROUNDING, sizes_in_network


@dataclass(frozen=True)
class Resize:
    """How one photograph was brought to the network: sizes (height, width) in whole pixels.

    Args:
        original: The photograph's size.
        resized: Its size in the network.
        network: The same with its padding.
        offset: (top, left), the padding above and at the left.
    """

    original: tuple[int, int]
    resized: tuple[int, int]
    network: tuple[int, int]
    offset: tuple[int, int] = (0, 0)

    @property
    def scale(self):
        """(scale_y, scale_x) = resized / original; rounding to whole pixels makes them differ a little."""
        return self.resized[0] / self.original[0], self.resized[1] / self.original[1]

    def boxes_to_network(self, boxes):
        """Brings boxes to the network; nothing is clipped.

        Args:
            boxes: `[..., (y1, x1, y2, x2)]`, the photograph's pixels.

        Returns:
            `[..., 4]` float32, network pixels.
        """
        return (np.asarray(boxes, np.float64) * (self.scale * 2) + self.offset * 2).astype(np.float32)

    @property
    def window(self):
        """The real part of the network's picture as two slices."""
        return tuple(slice(low, low + side) for low, side in zip(self.offset, self.resized, strict=True))


def plan_resize(height, width, **plan):
    """How a height x width photograph is brought to the network.

    Args:
        height: Pixels.
        width: Pixels.
        plan: The rule, as keyword arguments of `resize_rule.sizes_in_network`: `mode`, `min_dim` and `max_dim`, and
            optionally `min_scale`, `scale`, `limit`, `multiple`, `rounding` and `place`.

    Returns:
        `Resize`.

    Raises:
        UserError: If the mode, rounding or place is unknown, or a size or factor is not above 0.
    """
    numbers = {"height": height, "width": width, **plan}
    for name in ("height", "width", "min_dim", "max_dim", "scale", "multiple", "limit"):
        if numbers.get(name) is not None and not numbers[name] > 0:
            raise UserError(f"resizing got {name} = {numbers[name]}; give a number above 0")
    for name, known in {"mode": MODES, "rounding": ROUNDING, "place": PLACES}.items():
        if name in plan and plan[name] not in known:
            raise UserError(f"resize {name} {plan[name]!r} is unknown; use one of {', '.join(known)}")
    size = np.array([height, width], np.float64)
    parts = sizes_in_network(np, size, **plan)
    return Resize(*(tuple(int(side) for side in part) for part in (size, *parts)))


def resize_image(image, *, antialias=True, **plan):
    """Brings a photograph to the network's size.

    Args:
        image: `[H, W, 3]` RGB, uint8 or float 0 to 255.
        antialias: Boolean; `True`: a triangle as wide as the shrinking asks for (Pillow's bilinear, as Detectron2);
            `False`: bilinear between four pixels (torchvision).
        plan: The keyword arguments of `plan_resize`.

    Returns:
        The picture `[h, w, 3]` uint8, padded with zeros, and its `Resize`.

    Raises:
        UserError: If it is no such picture, or the plan is wrong.
    """
    image = _as_uint8(image)
    resize = plan_resize(*image.shape[:2], **plan)
    height, width = resize.resized
    if resize.resized == resize.original:
        scaled = image
    elif antialias and (height < image.shape[0] or width < image.shape[1]):
        scaled = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    else:  # the triangle, too, is as wide as two pixels where none is lost, and OpenCV takes an eighth of Pillow's time
        scaled = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    padded = np.zeros((*resize.network, 3), np.uint8)
    padded[resize.window] = scaled
    return padded, resize


def _as_uint8(image):
    """[H, W, 3], uint8 or float 0..255, as uint8."""
    if as_rgb(image) is None or np.shape(image)[2:] != (3,):
        raise UserError(f"image has shape {np.shape(image)}; give [height, width, 3] in RGB order")
    if np.asarray(image).dtype == bool:
        raise UserError("image is of type bool; give uint8, or numbers from 0 to 255")
    return np.ascontiguousarray(as_picture(image, "image"))
