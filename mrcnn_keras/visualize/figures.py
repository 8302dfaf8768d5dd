"""Instances in matplotlib figures, for notebooks: the functions of Matterport's package, which return what they draw.

pyplot creates a figure only if no `ax` is given, so that a notebook shows it. No display is needed; without one pyplot
keeps only the last of these figures, as nobody would close the others.
"""

import matplotlib
import numpy as np
from pycocotools import mask as coco_mask

from mrcnn_keras.detections import Detections, crop_mask
from mrcnn_keras.detections.palette import ANNOTATED, FOUND
from mrcnn_keras.errors import UserError
from mrcnn_keras.pictures import as_picture
from mrcnn_keras.visualize.drawing import draw_detections
from mrcnn_keras.visualize.fonts import drawable_names

FIGURE_WIDTH = 16  # inches, as in Matterport's package
FIGURE = "mrcnn_keras"
WITHOUT_WINDOWS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")  # backends of matplotlib


def display_instances(
    image,
    boxes,
    masks=None,
    class_ids=None,
    class_names=None,
    scores=None,
    title="",
    figsize=(FIGURE_WIDTH, FIGURE_WIDTH),
    ax=None,
    show_mask=True,
    show_bbox=True,
    colors=None,
    captions=None,
    skeleton=(),
):
    """Shows instances over their photograph. In a script, `matplotlib.pyplot.show()` opens the window.

    The figure is for looking at: `draw_detections` gives the pixels themselves, for files and for many pictures. With a
    backend without windows, pyplot closes the figure of the call before; its `Axes` and `savefig` still work.

    It can be called in three ways, distinguished by the types:

        display_instances(image, detections, class_names)
        display_instances(image, boxes, masks, class_ids, scores, class_names)  # as from *detections
        display_instances(image, boxes, masks, class_ids, class_names, scores)  # Matterport's order

    Args:
        image: `[H, W, 3]` uint8 RGB, or what else `MaskRCNN.detect` takes as a picture.
        boxes: `Detections`, or `[N, (y1, x1, y2, x2)]` pixels.
        masks: `[H, W, N]` bool, or `None`.
        class_ids: `[N]` integers.
        class_names: List of strings, background first.
        scores: `[N]` floats, or `None`.
        title: String above the picture.
        figsize: (width, height) of a new figure in inches.
        ax: matplotlib `Axes` to draw into, or `None`: a new figure.
        show_mask: Boolean, whether to draw masks.
        show_bbox: Boolean, whether to draw boxes.
        colors: `None`, `"class"`, or `[N, 3]`, see `draw_detections`.
        captions: List of N strings to write instead of class and score, or `None`.
        skeleton: Pairs of keypoint indices joined by a line; keypoints come with `Detections`.

    Returns:
        matplotlib `Axes`; `.figure.savefig(...)` writes it to a file.

    Raises:
        UserError: If the arguments do not fit together.
    """
    if isinstance(boxes, Detections):
        found, names = boxes, masks if class_names is None else class_names
    else:
        if _are_names(scores):
            scores, class_names = class_names, scores
        found, names = _instances(image, boxes, masks, class_ids, scores), class_names
    if not _are_names(names):
        raise UserError(f"class_names is {names!r}; give the list of names, background first")
    if not show_mask:
        found = Detections(found.size, found.boxes, found.class_ids, found.scores, None, found.keypoints)
    options = {"boxes": show_bbox, "colors": colors, "captions": captions, "skeleton": skeleton}
    drawn = draw_detections(image, found, names, zoom=None, **options)
    return _show(drawn, found.size, title, figsize, ax)


def display_images(images, titles=None, cols=4, cmap=None, norm=None, interpolation=None):
    """Shows pictures in rows, with titles.

    Args:
        images: List of pictures, `[H, W, 3]` or `[H, W]`.
        titles: List of strings, or `None`.
        cols: Integer, pictures per row.
        cmap: matplotlib colour map of grey pictures.
        norm: matplotlib normalisation of grey pictures.
        interpolation: matplotlib interpolation.

    Returns:
        matplotlib `Figure`.
    """
    from matplotlib import pyplot

    cols = max(1, min(cols, len(images)))
    rows, images = max(1, -(-len(images) // cols)), [np.asarray(image) for image in images]
    tallest = max((image.shape[0] / image.shape[1] for image in images), default=1)
    size = (14, 14 * rows / cols * tallest)
    figure, axes = pyplot.subplots(rows, cols, figsize=size, squeeze=False, layout="constrained", num=_figure_name())
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, name in zip(axes.flat, images, titles or [""] * len(images), strict=False):
        ax.set_title(name, fontsize=9)
        ax.imshow(image, cmap=cmap, norm=norm, interpolation=interpolation)
    return figure


def display_differences(
    image, *instances, title="", ax=None, show_mask=True, show_box=True, iou_threshold=0.5, score_threshold=0.5
):
    """Shows annotated instances in green and found ones in red over their photograph.

    Found instances are matched by `match_instances`. A match is captioned with its score and its overlap; annotated
    instances without a match are captioned "missed", found ones "false".

    Args:
        image: `[H, W, 3]` uint8 RGB.
        *instances: `annotated, found, class_names` with two `Detections`, or as in Matterport's package `gt_box,
            gt_class_id, gt_mask, pred_box, pred_class_id, pred_score, pred_mask, class_names`.
        title: String above the picture.
        ax: matplotlib `Axes` to draw into, or `None`: a new figure.
        show_mask: Boolean, whether to draw masks.
        show_box: Boolean, whether to draw boxes.
        iou_threshold: Float, 0 to 1, smallest intersection over union of a match.
        score_threshold: Float, found instances with a lower score are left out.

    Returns:
        matplotlib `Axes`.

    Raises:
        UserError: If the found instances have no scores.
    """
    if isinstance(instances[0], Detections):
        annotated, found, names = instances
    else:
        gt_box, gt_class_id, gt_mask, pred_box, pred_class_id, pred_score, pred_mask, names = instances
        annotated = _instances(image, gt_box, gt_mask, gt_class_id, None)
        found = _instances(image, pred_box, pred_mask, pred_class_id, pred_score)
    if found.scores is None:
        raise UserError("the found instances have no scores; give annotated, then found ones")
    annotated, found = annotated[annotated.class_ids > 0], found.above(score_threshold)
    matches, overlaps = match_instances(annotated, found, iou_threshold)
    names = drawable_names(tuple(map(str, names)))
    captions = ["" if i in matches else f"{names[c]} missed" for i, c in enumerate(annotated.class_ids)]
    for class_id, score, match, overlap in zip(found.class_ids, found.scores, matches, overlaps, strict=True):
        verdict = f"{score:.2f} / {overlap:.2f}" if match >= 0 else f"false {score:.2f}"
        captions.append(f"{names[class_id]} {verdict}")
    masks = show_mask and annotated.mask_crops is not None and found.mask_crops is not None
    both = Detections(
        annotated.size,
        np.concatenate([annotated.boxes, found.boxes]),
        np.concatenate([annotated.class_ids, found.class_ids]),
        mask_crops=annotated.mask_crops + found.mask_crops if masks else None,
    )
    colors = np.array([ANNOTATED] * len(annotated) + [FOUND] * len(found)).reshape(-1, 3)
    drawn = draw_detections(image, both, names, alpha=0.15, boxes=show_box, colors=colors, captions=captions, zoom=None)
    title = title or "annotated: green; found: red, with score / overlap"
    return _show(drawn, both.size, title, (FIGURE_WIDTH, FIGURE_WIDTH), ax)


def match_instances(annotated, found, iou_threshold=0.5):
    """Matches each found instance, best score first, with the annotated one of its class that overlaps it most.

    Returns matches [F] int, the index in `annotated` or -1, and overlaps [F], intersection over union of the match or
    0. An annotated instance is matched once at most, and only if the overlap reaches `iou_threshold`.
    """
    matches, overlaps = np.full(len(found), -1), np.zeros(len(found))
    if not len(annotated) or not len(found):
        return matches, overlaps
    ious = coco_mask.iou(_sides(found.boxes), _sides(annotated.boxes), [0] * len(annotated))
    if found.has_mask.all() and annotated.has_mask.any():
        drawn = annotated[annotated.has_mask]
        ious[:, annotated.has_mask] = coco_mask.iou(found.rle(), drawn.rle(), [0] * len(drawn))
    ious[found.class_ids[:, None] != annotated.class_ids] = 0
    for i in np.argsort(-found.scores, kind="stable"):
        best = int(ious[i].argmax())
        if ious[i, best] >= max(iou_threshold, 1e-9):
            matches[i], overlaps[i] = best, ious[i, best]
            ious[:, best] = 0
    return matches, overlaps


def _sides(boxes):
    """(y1, x1, y2, x2) as COCO's (x, y, width, height), float64."""
    y1, x1, y2, x2 = boxes.T.astype(float)
    return np.stack([x1, y1, x2 - x1, y2 - y1], axis=1)


def _are_names(value):
    return np.ndim(value) == 1 and len(value) > 0 and all(isinstance(name, str) for name in value)


def _instances(image, boxes, masks, class_ids, scores):
    image = as_picture(image)
    crops = None if masks is None else [crop_mask(masks[:, :, i]) for i in range(masks.shape[2])]
    crops = crops and tuple(crop if crop.bits.size else None for crop in crops)  # without a pixel: a box only
    return Detections(image.shape[:2], boxes, class_ids, scores, crops)


def _figure_name():
    """What a new figure is called: None where there are windows; otherwise one name, under which the last is closed."""
    from matplotlib import pyplot

    if matplotlib.get_backend().lower() not in WITHOUT_WINDOWS:
        return None
    pyplot.close(FIGURE)
    return FIGURE


def _show(drawn, size, title, figsize, ax):
    """Shows a possibly enlarged picture on axes that count the photograph's pixels."""
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.figure(_figure_name(), figsize=figsize).add_subplot()
    ax.imshow(drawn, extent=(0, size[1], size[0], 0))
    ax.axis("off")
    ax.set_title(title)
    return ax
