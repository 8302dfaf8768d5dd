"""Pictures whose instances can be identified by their pixels."""

import numpy as np

from mrcnn_keras.detections import Detections


def example(seed=0, size=(12, 17), count=4):
    """A picture whose red channel is 200 + i where instance i is drawn, the later ones over the earlier."""
    rng = np.random.default_rng(seed)
    image, masks = rng.integers(0, 200, (*size, 3), dtype=np.uint8), np.zeros((*size, count), bool)
    for i in range(count):
        y, x = (rng.integers(0, side - 3) for side in size)
        masks[y : y + rng.integers(2, 9), x : x + rng.integers(2, 9), i] = True
        masks[y, x, i] = rng.random() < 0.5
        image[masks[:, :, i], 0] = 200 + i
    return image, Detections.from_masks(masks, rng.choice([1, 2, -1], count))


def without_masks(found):
    return Detections(found.size, found.boxes, found.class_ids)
