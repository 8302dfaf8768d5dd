"""Pictures for samples with photographs: red squares before a sky."""

import numpy as np

RED, SKY = (220, 40, 30), (90, 140, 200)


def party(places, size=(64, 96)):
    """-> [H, W, 3] uint8: red squares of 20 pixels with these upper left corners (y, x), before a blue sky."""
    image = np.full((*size, 3), SKY, np.uint8)
    for y, x in places:
        image[y : y + 20, x : x + 20] = RED
    return image
