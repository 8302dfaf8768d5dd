"""Instances in matplotlib figures, for notebooks: the functions of Matterport's package."""

import numpy as np

from mrcnn_keras.detections import Detections, crop_mask, match_instances
from mrcnn_keras.detections.okabe_ito import ANNOTATED, FOUND
from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize.axes import FIGURE_WIDTH, grid_of_axes, show_picture
from mrcnn_keras.visualize.drawing import draw_detections
from mrcnn_keras.visualize.fonts import drawable_names, font_families
from mrcnn_keras.visualize.shown import as_shown


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
        padding = ~np.any(np.reshape(boxes, (-1, 4)), axis=1)  # rows of zeros: no instance
        if padding.any():
            boxes, class_ids = np.asarray(boxes)[~padding], np.asarray(class_ids)[~padding]
            masks = None if masks is None else np.asarray(masks)[:, :, ~padding]
            scores, colors, captions = (
                values if values is None or isinstance(values, str) else [values[i] for i in np.flatnonzero(~padding)]
                for values in (scores, colors, captions)
            )
        found, names = _instances(image, boxes, masks, class_ids, scores), class_names
    if not _are_names(names):
        raise UserError(f"class_names is {names!r}; give the list of names, background first")
    if not show_mask:
        found = Detections(found.size, found.boxes, found.class_ids, found.scores, None, found.keypoints)
    options = {"boxes": show_bbox, "colors": colors, "captions": captions, "skeleton": skeleton}
    drawn = draw_detections(image, found, names, zoom=None, **options)
    return show_picture(drawn, found.size, title, figsize, ax)


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
    cols = max(1, min(cols, len(images)))
    rows, images = max(1, -(-len(images) // cols)), [np.asarray(image) for image in images]
    tallest = max((image.shape[0] / image.shape[1] for image in images), default=1)
    figure, axes = grid_of_axes(rows, cols, tallest)
    for ax, image, name in zip(axes.flat, images, [""] * len(images) if titles is None else titles, strict=False):
        ax.set_title(name, fontsize=9, fontfamily=font_families(name))
        grey = image.ndim == 3 and image.shape[2] == 1
        wide = image.ndim == 3 and image.dtype != np.uint8  # as from a batch, which counts from 0 to 255 in floats
        image = image[:, :, 0] if grey else as_shown(image) if wide else image
        ax.imshow(image, cmap=cmap, norm=norm, interpolation=interpolation)
    return figure


def display_differences(
    image,
    gt_box,
    gt_class_id,
    gt_mask,
    pred_box=None,
    pred_class_id=None,
    pred_score=None,
    pred_mask=None,
    class_names=None,
    title="",
    ax=None,
    show_mask=True,
    show_box=True,
    iou_threshold=0.5,
    score_threshold=0.5,
):
    """Shows annotated instances in green and found ones in red over their photograph.

    Found instances are matched by `match_instances`. A match is captioned with its score and its overlap; annotated
    instances without a match are captioned "missed", found ones "false".

    It can be called in two ways:

        display_differences(image, annotated, found, class_names)  # two Detections
        display_differences(image, gt_box, gt_class_id, gt_mask, pred_box, ..., class_names)  # Matterport's order

    Args:
        image: `[H, W, 3]` uint8 RGB, or what else `MaskRCNN.detect` takes as a picture.
        gt_box: Annotated `Detections`, or `[N, (y1, x1, y2, x2)]` pixels.
        gt_class_id: Found `Detections`, or `[N]` integers.
        gt_mask: The list of class names after two `Detections`, or `[H, W, N]` bool.
        pred_box: `[M, 4]`, of the found instances, as the next ones.
        pred_class_id: `[M]` integers.
        pred_score: `[M]` floats.
        pred_mask: `[H, W, M]` bool.
        class_names: List of strings, background first.
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
    if isinstance(gt_box, Detections):
        annotated, found, names = gt_box, gt_class_id, gt_mask if class_names is None else class_names
    else:
        annotated, names = _instances(image, gt_box, gt_mask, gt_class_id, None), class_names
        found = _instances(image, pred_box, pred_mask, pred_class_id, pred_score)
    if not _are_names(names):
        raise UserError(f"class_names is {names!r}; give the list of names, background first")
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
    return show_picture(drawn, both.size, title, (FIGURE_WIDTH, FIGURE_WIDTH), ax)


def _are_names(value):
    return np.ndim(value) == 1 and len(value) > 0 and all(isinstance(name, str) for name in value)


def _instances(image, boxes, masks, class_ids, scores):
    image = as_shown(image)
    crops = None if masks is None else [crop_mask(masks[:, :, i]) for i in range(masks.shape[2])]
    crops = crops and tuple(crop if crop.bits.size else None for crop in crops)  # without a pixel: a box only
    return Detections(image.shape[:2], boxes, class_ids, scores, crops)
