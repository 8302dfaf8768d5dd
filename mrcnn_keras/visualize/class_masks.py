"""The masks of a picture, class by class."""

import numpy as np

from mrcnn_keras.detections import Detections
from mrcnn_keras.visualize.figures import display_images
from mrcnn_keras.visualize.fonts import figure_names
from mrcnn_keras.visualize.shown import as_shown


def display_top_masks(image, mask, class_ids, class_names=None, limit=4):
    """Shows a picture, and beside it the masks of the classes that cover most of it.

    It can be called in two ways:

        display_top_masks(image, detections, class_names)
        display_top_masks(image, mask, class_ids, class_names)  # Matterport's order

    Args:
        image: `[H, W, 3]` uint8 RGB, or what else `MaskRCNN.detect` takes as a picture.
        mask: `Detections`, or `[H, W, N]` bool.
        class_ids: `[N]` integers; the list of class names after `Detections`.
        class_names: List of strings, background first.
        limit: Integer, how many classes; there are as many panels, of which some may be empty.

    Returns:
        matplotlib `Figure`.
    """
    if isinstance(mask, Detections):
        class_names = class_ids if class_names is None else class_names
        mask, class_ids = mask.masks, np.abs(mask.class_ids)
    image, class_ids = as_shown(image), np.asarray(class_ids, int)
    mask = np.zeros((*image.shape[:2], 0), bool) if mask is None else np.asarray(mask)
    names = figure_names(class_names)
    areas = {int(i): np.count_nonzero(mask[:, :, class_ids == i]) for i in np.unique(class_ids)}
    top = sorted((i for i in areas if areas[i]), key=lambda i: -areas[i])[:limit]
    pictures, titles = [image], [f"H x W = {image.shape[0]} x {image.shape[1]}"]
    for class_id in [*top, *[None] * (limit - len(top))]:
        panel = np.zeros(image.shape[:2], int)
        for number, i in enumerate(np.flatnonzero(class_ids == class_id) if class_id is not None else (), 1):
            panel[mask[:, :, i] > 0] = number  # each instance in a tone of its own
        pictures.append(panel)
        titles.append("-" if class_id is None else names[class_id])
    return display_images(pictures, titles=titles, cols=limit + 1, cmap="Blues_r")
