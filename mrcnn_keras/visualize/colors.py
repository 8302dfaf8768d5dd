"""Which colour each instance is drawn in: distinct from its neighbours' and from the picture beneath it."""

import cv2
import numpy as np

from mrcnn_keras.detections.okabe_ito import DISTINCT, palette
from mrcnn_keras.errors import UserError

DIM = 0.7  # brightness of random_colors(N, bright=False), as in Matterport's package
# Distances in CIELAB, where 2 is just noticeable side by side. Where no colour is as far from the picture beneath and
# from the neighbours', the best one is taken.
FROM_PICTURE, FROM_NEIGHBOURS = 20.0, 20.0
NEAR = 3  # pixels between the boxes of neighbours
SAMPLES = 24  # rows and columns of an object whose colours are looked at
# What people without red, and without green cones see, in linear RGB: Machado, Oliveira and Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.
EYES = np.array(
    [
        [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
        [(0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)],
        [(0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)],
    ]
)


def random_colors(N, bright=True):  # the argument's name is the contract
    """Returns distinct colours, the same ones on each call; the name is that of Matterport's package.

    Args:
        N: Integer, number of colours. After 21 they repeat.
        bright: Boolean; `False`: at 70 % of their brightness.

    Returns:
        List of `(red, green, blue)` floats, 0 to 1.
    """
    return [tuple(color) for color in (palette(N) / 255 * (1 if bright else DIM)).tolist()]


def instance_colors(colors, detections, image):
    """Returns [N, 3] uint8 RGB of the instances.

    colors: None or "instance": one per instance; "class": one per class, the same in each picture; or [N, 3 or 4],
    floats from 0 to 1 or integers from 0 to 255. image: [H, W, 3] uint8, what they are drawn over.
    """
    if isinstance(colors, str) and colors not in ("instance", "class"):
        raise UserError(f"colors={colors!r} is unknown; use 'instance', 'class' or one colour per instance")
    if colors is None or isinstance(colors, str):
        if colors == "class":
            numbers = np.abs(detections.class_ids) - 1
            return palette(int(numbers.max(initial=-1)) + 1)[numbers]
        return _contrasting(detections, image)
    colors = np.asarray(colors)[..., :3].reshape(-1, 3)
    if len(colors) < len(detections):
        raise UserError(f"{len(colors)} colours for {len(detections)} instances; give one per instance")
    colors = colors[: len(detections)]
    return np.rint(colors * 255).astype(np.uint8) if colors.dtype.kind == "f" else colors.astype(np.uint8)


def text_color(background):
    """Returns black or white, whichever is easier to read on `background` (ITU-R BT.601 luma)."""
    return (0, 0, 0) if np.dot(background, (0.299, 0.587, 0.114)) > 128 else (255, 255, 255)


def differences(colors, others):
    """[N, 3] and [M, 3] uint8 RGB -> [N, M], how far apart in CIELAB, for the eyes for which it is least."""
    seen, also_seen = _as_seen(colors)[:, :, None], _as_seen(others)[:, None]
    return np.sqrt(((seen - also_seen) ** 2).sum(axis=-1)).min(axis=0)


def _as_seen(colors):
    """[N, 3] uint8 RGB -> [eyes, N, 3] CIELAB."""
    shares = np.asarray(colors, float) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)  # sRGB, IEC 61966-2-1
    seen = np.clip(np.einsum("eij,nj->eni", EYES, linear), 0, 1).astype(np.float32)
    return cv2.cvtColor(seen, cv2.COLOR_LRGB2Lab) if seen.size else seen


def _contrasting(detections, image):
    """[N, 3]: to each instance the next colour of the palette that stands out from its surroundings."""
    known = palette(DISTINCT)
    apart = differences(known, known)
    from_picture = differences(_beneath(detections, image), known) / FROM_PICTURE
    y1, x1, y2, x2 = detections.boxes.T
    chosen = np.zeros(len(detections), int)
    for i in range(len(detections)):
        near = (y1[i] - NEAR < y2[:i]) & (y2[i] + NEAR > y1[:i]) & (x1[i] - NEAR < x2[:i]) & (x2[i] + NEAR > x1[:i])
        neighbours = np.flatnonzero(near)
        from_others = apart[:, chosen[neighbours]].min(axis=1, initial=np.inf) / FROM_NEIGHBOURS
        distance = np.minimum(np.minimum(from_picture[i], from_others), 1)
        chosen[i] = (i + np.argmax(np.roll(distance, -i % DISTINCT))) % DISTINCT  # of equal ones the next in order
    return known[chosen]


def _beneath(detections, image):
    """[N, 3] uint8: the mean colour of the picture under each mask, or box."""
    means = np.zeros((len(detections), 3))
    size = detections.size * 2
    for i, crop in enumerate(detections.mask_crops or [None] * len(detections)):
        box = crop.box if crop is not None else np.clip(detections.boxes[i], 0, size).round().astype(int).tolist()
        steps = [max(1, (high - low) // SAMPLES) for low, high in zip(box[:2], box[2:], strict=True)]
        pixels = image[box[0] : box[2] : steps[0], box[1] : box[3] : steps[1]]
        pixels = pixels[crop.bits[:: steps[0], :: steps[1]]] if crop is not None else pixels.reshape(-1, 3)
        means[i] = pixels.mean(axis=0) if len(pixels) else 0
    return np.rint(means).astype(np.uint8)
