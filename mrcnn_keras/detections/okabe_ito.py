"""The colours in which instances are shown, in pictures and pages alike: colour-blind people distinguish them too."""

import numpy as np

# Okabe and Ito, "Color Universal Design" (2008), without the black; red, green, blue.
BASE = np.array(
    [(230, 159, 0), (86, 180, 233), (213, 94, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167), (0, 114, 178)],
    np.uint8,
)
ANNOTATED, FOUND = BASE[3], BASE[2]  # bluish green and vermilion: a distinguishable green and red
# (ground, part) mixed in: nothing, half white for the second seven colours, a quarter black for the third.
TONES = ((255, 0.0), (255, 0.5), (0, 0.25))
DISTINCT = len(BASE) * len(TONES)


def palette(count):
    """Returns colours.

    Args:
        count: Integer, how many.

    Returns:
        `[count, 3]` uint8 RGB: 21 distinct colours, repeated as needed.
    """
    base = BASE[np.arange(count) % len(BASE)].astype(float)
    ground, part = np.array(TONES)[np.arange(count) // len(BASE) % len(TONES)].T[..., None]
    return np.rint(base + (ground - base) * part).astype(np.uint8)
