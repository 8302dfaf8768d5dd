"""The outputs of a written file for one picture, as Detections."""

import io

import numpy as np
from PIL import Image

from mrcnn_keras.detections import Detections, crop_mask, paste_mask


def as_detections(answers, size):
    """answers: dict of output arrays without the batch axis, as the exporters describe them; size: (height, width).

    Rows from num_detections on are left out. Masks are full (uint8), small (float32), PNG files (masks_bytes) or
    absent; small ones are spread over mask_boxes.
    """
    real = slice(int(answers["num_detections"]))
    boxes = answers["boxes"][real]
    crops = None
    if "masks" in answers:
        masks = answers["masks"][real]
        if masks.dtype == np.uint8:
            crops = [crop_mask(mask) for mask in masks]
        else:
            spread = answers["mask_boxes"][real]
            crops = [paste_mask(mask, box, size) for mask, box in zip(masks, spread, strict=True)]
    elif "masks_bytes" in answers:
        crops = [crop_mask(np.asarray(Image.open(io.BytesIO(file)))) for file in answers["masks_bytes"][real]]
    keypoints = answers["keypoints"][real] if "keypoints" in answers else None
    return Detections(size, boxes, answers["class_ids"][real], answers["scores"][real], crops, keypoints)


def name_lines(names):
    """The text of such a file: one name per line, the background first, so that class id i is line i + 1."""
    return "".join(f"{' '.join(name.split())}\n" for name in names)
