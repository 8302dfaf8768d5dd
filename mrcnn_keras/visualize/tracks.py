"""Draws the objects of a video: each keeps its colour and its number from frame to frame."""

import numpy as np

from mrcnn_keras.detections.okabe_ito import DISTINCT, palette
from mrcnn_keras.visualize.drawing import captions_of, draw_detections


def draw_tracks(image, detections, numbers, class_names=None, **options):
    """`draw_detections` with labels such as "3 circle 0.98", and a colour that belongs to the number.

    Args:
        image: As in `draw_detections`.
        detections: As in `draw_detections`.
        numbers: `[N]` integers, as `Tracker.update` returns them. What has the number 0 is drawn like the others.
        class_names: As in `draw_detections`.
        **options: As in `draw_detections`, without `colors` and `captions`.

    Returns:
        As `draw_detections`.

    Raises:
        UserError: As `draw_detections`.
    """
    numbers = np.asarray(numbers, int)
    captions = [
        f"{number} {caption}" if number else caption
        for number, caption in zip(numbers.tolist(), captions_of(detections, class_names), strict=True)
    ]
    colors = palette(DISTINCT)[(numbers - 1) % DISTINCT]
    return draw_detections(image, detections, class_names, colors=colors, captions=captions, **options)
