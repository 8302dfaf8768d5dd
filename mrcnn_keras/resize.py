"""Original pixels <-> network pixels.

A photograph is scaled, then padded with zeros at the right and below: a position needs a factor and no shift. Only
Matterport's checkpoints have it in the middle of the padding. Its size is computed in one place, for numpy here and for
TensorFlow inside a graph (ops/images.py): `xp` is either library, and all numbers are float64, whole where they are
pixels.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from mrcnn_keras.errors import UserError
from mrcnn_keras.pictures import as_picture, as_rgb

MODES = ("square", "fit", "crop")
# Detectron2 takes int(x + 0.5), torchvision floor(x): 480 x 640 becomes 800 x 1067 or 800 x 1066. Matterport rounds
# halves to the even number. (function of xp, what is added before it)
ROUNDING = {"nearest": ("floor", 0.5), "floor": ("floor", 0.0), "even": ("round", 0.0)}
PLACES = ("end", "centre")  # where the picture lies in its padding: the padding is below and right, or on all sides


def rounded(xp, sides, rounding):
    """Sides rounded to whole pixels; rounding: a key of ROUNDING."""
    function, shift = ROUNDING[rounding]
    return getattr(xp, function)(sides + shift)


def padding_before(missing, place):
    """The pixels left free above and at the left, of those that the picture lacks; place: of PLACES."""
    return missing // 2 if place == "centre" else missing * 0


def sizes_in_network(
    xp,
    size,
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
    """The sizes that a photograph of `size` [(height, width)] gets in the network.

    mode "square"  up or down until the short side is `min_dim`, by at least `min_scale`, but no further than
                   the long side is `max_dim`; padded to max_dim x max_dim
         "fit"     the same scale; each side padded to the next multiple of `multiple`
         "crop"    the whole photograph times `scale`, or less where its long side would pass `limit`;
                   padded as in "fit"
    A side is rounded by `rounding`, a key of ROUNDING, and is at least 1 pixel. place: one of PLACES. Returns the
    sizes of the resized and of the padded picture, and (top, left), the place of the one in the other: [2] each.
    """
    long = xp.maximum(size[0], size[1])
    if mode == "crop":
        factor = scale if limit is None else xp.minimum(limit / long, scale)
    else:
        factor = xp.minimum(xp.maximum(min_dim / xp.minimum(size[0], size[1]), min_scale), max_dim / long)
    resized = xp.maximum(rounded(xp, size * factor, rounding), 1)
    network = xp.ones_like(size) * max_dim if mode == "square" else -(-resized // multiple) * multiple
    return resized, network, padding_before(network - resized, place)


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
        plan: The rule, as keyword arguments of `sizes_in_network`: `mode`, `min_dim` and `max_dim`, and
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
        UserError: If it is not such a picture, or the plan is wrong.
    """
    image = _as_uint8(image)
    resize = plan_resize(*image.shape[:2], **plan)
    height, width = resize.resized
    if resize.resized == resize.original:
        scaled = image
    elif antialias and (height < image.shape[0] or width < image.shape[1]):
        scaled = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    else:  # the triangle, too, is as wide as two pixels where none is lost, and OpenCV takes an eighth of Pillow's time
        import cv2  # not above: `mrcnn --help` needs the words of this file only

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
