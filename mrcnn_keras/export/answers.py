"""Inputs of a written file, as model.detect takes them, and its outputs for one picture as Detections."""

import io

import numpy as np
from PIL import Image

from mrcnn_keras.detections import Detections, crop_mask, paste_mask, proposals_of
from mrcnn_keras.pictures import as_picture, as_pictures


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


def for_pictures(run, takes_proposals=None):
    """The function of a reader: what model.detect takes -> Detections of a picture, or a list of them for a list.

    run: takes a picture [H, W, 3] uint8 and proposals [N, 4] float32 or None. takes_proposals: whether the file takes
    any; None: it does with them and without.
    """

    def answer(image, proposals=None):
        several = isinstance(image, (list, tuple)) or np.ndim(image) == 4
        images = as_pictures(image) if several else [as_picture(image)]
        proposals = proposals if several or proposals is None else [proposals]
        given = proposals_of(len(images), proposals, takes_proposals)
        found = [run(*pair) for pair in zip(images, given, strict=True)]
        return found if several else found[0]

    return answer


def name_lines(names):
    """The text of such a file: one name per line, the background first, so that class id i is line i + 1."""
    return "".join(f"{' '.join(name.split())}\n" for name in names)
