"""Original pixels <-> network pixels.

A photograph is scaled, then padded with zeros at the right and below: a position needs a factor and no shift. Only
Matterport's checkpoints have it in the middle of the padding.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from mrcnn_keras.errors import UserError

MODES = ("square", "fit", "crop")
# Detectron2 takes int(x + 0.5), torchvision floor(x): 480 x 640 becomes 800 x 1067 or 800 x 1066. Matterport rounds
# halves to the even number.
ROUNDING = {"nearest": lambda x: math.floor(x + 0.5), "floor": math.floor, "even": round}
# Where the picture lies in its padding: the pixels left free before it, of `missing`.
PLACES = {"end": lambda missing: 0, "centre": lambda missing: missing // 2}


@dataclass(frozen=True)
class Resize:
    """How one photograph was brought to the network: three sizes (height, width), in whole pixels."""

    original: tuple[int, int]
    resized: tuple[int, int]
    network: tuple[int, int]  # padded
    offset: tuple[int, int] = (0, 0)  # (top, left): padding above and at the left

    @property
    def scale(self):
        """(scale_y, scale_x) = resized / original; rounding to whole pixels makes them differ a little."""
        return self.resized[0] / self.original[0], self.resized[1] / self.original[1]

    def boxes_to_network(self, boxes):
        """[..., (y1, x1, y2, x2)], the photograph's pixels -> float32, network pixels; nothing is clipped."""
        return (np.asarray(boxes, np.float64) * (self.scale * 2) + self.offset * 2).astype(np.float32)

    def boxes_to_original(self, boxes):
        """[..., (y1, x1, y2, x2)], network pixels -> float32, the photograph's pixels; nothing is clipped."""
        return ((np.asarray(boxes, np.float64) - self.offset * 2) / (self.scale * 2)).astype(np.float32)

    @property
    def window(self):
        """The real part of the network's picture as two slices."""
        return tuple(slice(low, low + side) for low, side in zip(self.offset, self.resized, strict=True))


def plan_resize(
    height,
    width,
    *,
    mode,
    min_dim,
    max_dim,
    min_scale=0.0,
    scale=1.0,
    limit=None,
    multiple=64,
    rounding="nearest",
    place="end",
):
    """The sizes that a height x width photograph gets in the network -> Resize.

    mode "square"  up or down until the short side is `min_dim`, by at least `min_scale`, but no further than
                   the long side is `max_dim`; padded to max_dim x max_dim
         "fit"     the same scale; each side padded to the next multiple of `multiple`
         "crop"    the whole photograph times `scale`, or less where its long side would pass `limit`;
                   padded as in "fit"
    A side is rounded to `rounding` ("nearest": half up, "floor", "even": half to even) and is at least 1 pixel.
    place: where in its padding the picture lies, "end": the padding is below and right, or "centre".
    Raises UserError for an unknown mode, rounding or place and for sizes or factors that are not above 0.
    """
    sizes = {"height": height, "width": width, "min_dim": min_dim, "max_dim": max_dim, "scale": scale}
    sizes |= {"multiple": multiple} if limit is None else {"multiple": multiple, "limit": limit}
    for name, value in sizes.items():
        if not value > 0:
            raise UserError(f"resizing got {name} = {value}; give a number above 0")
    choices = {"resize mode": (mode, MODES), "rounding": (rounding, ROUNDING), "place": (place, PLACES)}
    for name, (value, known) in choices.items():
        if value not in known:
            raise UserError(f"{name} {value!r} is unknown; use one of {', '.join(known)}")
    short, long = min(height, width), max(height, width)
    if mode == "crop":
        factor = scale if limit is None else min(scale, limit / long)
    else:
        factor = min(max(min_dim / short, min_scale), max_dim / long)
    resized = tuple(max(1, ROUNDING[rounding](side * factor)) for side in (height, width))
    if mode == "square":
        network = (max_dim, max_dim)
    else:
        network = tuple(math.ceil(side / multiple) * multiple for side in resized)
    network = tuple(int(side) for side in network)
    offset = tuple(PLACES[place](side - real) for side, real in zip(network, resized, strict=True))
    return Resize((int(height), int(width)), resized, network, offset)


def resize_image(image, *, antialias=True, **plan):
    """Brings a photograph to the network's size -> (image [h, w, 3] uint8, padded with zeros; Resize).

    image      [H, W, 3] RGB, uint8 or float 0..255
    antialias  True: a triangle as wide as the shrinking asks for (Pillow's bilinear, as Detectron2;
               tf.image.resize(antialias=True)); False: bilinear between four pixels (torchvision;
               tf.image.resize)
    plan       the keyword arguments of `plan_resize`
    """
    image = _as_rgb(image)
    resize = plan_resize(*image.shape[:2], **plan)
    height, width = resize.resized
    if resize.resized == resize.original:
        scaled = image
    elif antialias:
        scaled = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    else:
        scaled = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    padded = np.zeros((*resize.network, 3), np.uint8)
    padded[resize.window] = scaled
    return padded, resize


def _as_rgb(image):
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise UserError(f"image has shape {image.shape}; give [height, width, 3] in RGB order")
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image)
    if image.dtype.kind not in "fiu":
        raise UserError(f"image is of type {image.dtype}; give uint8, or numbers from 0 to 255")
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= 255) or (image.dtype.kind == "f" and 0 < high <= 1):
        raise UserError(f"image has values from {low:g} to {high:g}; give numbers from 0 to 255")
    return np.rint(image).astype(np.uint8)
