"""Colour splash: objects in colour, everything else in grey."""

import cv2
import numpy as np

from mrcnn_keras.visualize.shown import photograph_of


def color_splash(image, detections):
    """Leaves the colours of a photograph to its objects, as in Matterport's balloon sample.

    Args:
        image: `[H, W, 3]` uint8 RGB, the photograph of the detections, or what else `draw_detections` takes.
        detections: `Detections`. Objects without a mask have their whole box in colour; crowd regions stay grey.

    Returns:
        `[H, W, 3]` uint8 RGB.

    Raises:
        UserError: If picture and detections have different sizes.
    """
    image = photograph_of(image, detections)
    splash = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    boxes = np.clip(np.rint(detections.boxes), 0, detections.size * 2).astype(int).tolist()
    for i in np.flatnonzero(detections.class_ids > 0).tolist():
        crop = detections.mask_crops[i] if detections.has_mask[i] else None
        y1, x1, y2, x2 = boxes[i]
        window, bits = (slice(y1, y2), slice(x1, x2)), None
        if crop is not None:
            window, bits = crop.window, crop.bits[..., None]
        np.copyto(splash[window], image[window], where=True if bits is None else bits)
    return splash
