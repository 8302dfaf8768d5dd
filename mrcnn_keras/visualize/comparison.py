"""Annotated instances beside found ones: an object has the same colour in both pictures."""

import dataclasses

import numpy as np

from mrcnn_keras.detections import Detections, match_instances
from mrcnn_keras.visualize.colors import instance_colors
from mrcnn_keras.visualize.drawing import draw_detections
from mrcnn_keras.visualize.labels import add_caption
from mrcnn_keras.visualize.shown import as_shown

GAP = 8  # pixels between two pictures


def draw_comparison(image, truth, found, class_names, *, min_score=0.0, colors=None, zoom=None, **options):
    """Draws the annotated instances beside the found ones, with a caption over each half.

    Args:
        image: `[H, W, 3]` uint8 RGB, or what else `draw_detections` takes.
        truth: `Detections` with the annotated instances.
        found: `Detections` with the found instances.
        class_names: List of strings, background first.
        min_score: Float, found instances with a lower score are left out.
        colors: `"instance"` (or `None`): one colour per object; a found instance has that of the annotated one which it
            matches; or as in `draw_detections`.
        zoom: As in `draw_detections`; by default small pictures are enlarged.
        **options: Further arguments of `draw_detections`.

    Returns:
        `[h, w, 3]` uint8 RGB.
    """
    found = found.above(min_score)
    shared = colors is None or (isinstance(colors, str) and colors == "instance")
    pair = _shared_colors(as_shown(image), truth, found) if shared else [colors, colors]
    halves = []
    for name, instances, own in zip(("annotated", "found"), (truth, found), pair, strict=True):
        drawn = draw_detections(image, instances, class_names, colors=own, zoom=zoom, **options)
        halves.append(add_caption(drawn, f"{name}: {len(instances) or 'none'}"))
    return np.concatenate([halves[0], np.full((len(halves[0]), GAP, 3), 255, np.uint8), halves[1]], axis=1)


def _shared_colors(image, truth, found):
    """[N, 3] and [M, 3] uint8 of the two; what is found and matches nothing differs from what is around it."""
    scored = found if found.scores is not None else dataclasses.replace(found, scores=np.ones(len(found)))
    matches, _ = match_instances(truth, scored)
    alone = np.flatnonzero(matches < 0)
    crops = [instances.mask_crops or (None,) * len(instances) for instances in (truth, found[alone])]
    boxes, ids = (
        np.concatenate([getattr(truth, name), getattr(found, name)[alone]]) for name in ("boxes", "class_ids")
    )
    colors = instance_colors(None, Detections(truth.size, boxes, ids, None, crops[0] + crops[1]), image)
    of_found = np.empty((len(found), 3), np.uint8)
    of_found[matches >= 0] = colors[matches[matches >= 0]]
    of_found[alone] = colors[len(truth) :]
    return colors[: len(truth)], of_found
