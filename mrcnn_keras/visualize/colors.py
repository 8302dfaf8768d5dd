"""Colours that most colour-blind people can distinguish too."""

import numpy as np

from mrcnn_keras.errors import UserError

# Okabe and Ito, "Color Universal Design" (2008), without the black; red, green, blue.
BASE = np.array(
    [(230, 159, 0), (86, 180, 233), (213, 94, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167), (0, 114, 178)],
    np.uint8,
)
ANNOTATED, FOUND = BASE[3], BASE[2]  # bluish green and vermilion: a distinguishable green and red
# (ground, part) mixed in: nothing, half white for the second seven colours, a quarter black for the third.
TONES = ((255, 0.0), (255, 0.5), (0, 0.25))


def palette(count):
    """Returns [count, 3] uint8 RGB: 21 distinct colours, repeated as needed."""
    base = BASE[np.arange(count) % len(BASE)].astype(float)
    ground, part = np.array(TONES)[np.arange(count) // len(BASE) % len(TONES)].T[..., None]
    return np.rint(base + (ground - base) * part).astype(np.uint8)


def random_colors(n):
    """Returns distinct colours, the same ones on each call; the name is that of Matterport's package.

    Args:
        n: Integer, number of colours. After 21 they repeat.

    Returns:
        List of `(red, green, blue)` floats, 0 to 1.
    """
    return [tuple(color) for color in (palette(n) / 255).tolist()]


def instance_colors(colors, class_ids):
    """Returns [N, 3] uint8 RGB of the instances.

    colors: None or "instance": one per instance; "class": one per class; or [N, 3], floats from 0 to 1 or integers from
    0 to 255.
    """
    if colors is None or isinstance(colors, str):
        numbers = np.abs(class_ids) - 1 if colors == "class" else np.arange(len(class_ids))
        return palette(int(numbers.max(initial=-1)) + 1)[numbers]
    colors = np.asarray(colors).reshape(-1, 3)
    if len(colors) < len(class_ids):
        raise UserError(f"{len(colors)} colours for {len(class_ids)} instances; give one per instance")
    colors = colors[: len(class_ids)]
    return np.rint(colors * 255).astype(np.uint8) if colors.dtype.kind == "f" else colors.astype(np.uint8)


def text_color(background):
    """Returns black or white, whichever is easier to read on `background` (ITU-R BT.601 luma)."""
    return (0, 0, 0) if np.dot(background, (0.299, 0.587, 0.114)) > 128 else (255, 255, 255)
