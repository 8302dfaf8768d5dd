"""Draws instances into a picture: pixels in, pixels out, without a window or a figure."""

import cv2
import numpy as np

from mrcnn_keras.errors import UserError, note
from mrcnn_keras.visualize.colors import instance_colors
from mrcnn_keras.visualize.fonts import drawable_names
from mrcnn_keras.visualize.keypoints import draw_keypoints
from mrcnn_keras.visualize.labels import draw_labels, font_size
from mrcnn_keras.visualize.masks import paint_mask
from mrcnn_keras.visualize.shown import photograph_of

READABLE = 512  # pixels: smaller pictures are enlarged to about this size so that text is readable
BEYOND = 8  # pixels that boxes may reach outside a picture; the rest is cut
BACKGROUND = ("bg", "background", "void", "none", "nothing", "unlabeled", "unlabelled", "")  # what class 0 is called


def draw_detections(
    image,
    detections,
    class_names=None,
    *,
    alpha=0.45,
    min_score=0.0,
    masks=True,
    outlines=True,
    boxes=True,
    labels=True,
    scores=True,
    keypoints=True,
    colors=None,
    captions=None,
    zoom=1,
    skeleton=(),
):
    """Draws masks, boxes, keypoints and labels such as "circle 0.98" into a copy of a photograph.

    Small objects are drawn over large ones. Labels are drawn in order of score while there is room.

    Args:
        image: `[H, W, 3]` uint8 RGB, the photograph of the detections, or what else `MaskRCNN.detect` takes as one;
            also floats from 0 to 1.
        detections: `Detections`, found or annotated. Crowd regions get an outline without filling.
        class_names: List of strings, background first, so that `class_names[class_id]` is the name, in any script that
            a font on this computer has; `None`: labels have numbers.
        alpha: Float, 0 to 1, opacity of the masks.
        min_score: Float, instances with a lower score are left out.
        masks: Boolean, whether to fill masks.
        outlines: Boolean, whether to draw the outlines of masks.
        boxes: Boolean, whether to draw boxes.
        labels: Boolean, whether to write labels.
        scores: Boolean, whether labels have the score.
        keypoints: Boolean, whether to draw keypoints.
        colors: `"instance"` (or `None`): each instance in a colour that differs from its neighbours' and from the
            picture beneath, for colour-blind people too; `"class"`; or `[N, 3]`: floats from 0 to 1 or integers from 0
            to 255.
        captions: List of N strings to write instead of class and score, or `None`.
        zoom: Integer, magnification of small pictures, or `None`: to about 512 pixels.
        skeleton: Pairs of keypoint indices joined by a line: a model's setting KEYPOINT_SKELETON, or
            `keypoint_layout.skeleton` of a dataset.

    Returns:
        `[zoom * H, zoom * W, 3]` uint8 RGB.

    Raises:
        UserError: If image, instances, colours, captions and names do not fit together.
    """
    image = photograph_of(image, detections)
    colors = instance_colors(colors, detections, image)
    captions = captions_of(detections, class_names, scores) if captions is None else list(map(str, captions))
    if len(captions) != len(detections):
        raise UserError(f"{len(captions)} captions for {len(detections)} instances; give one per instance")
    if detections.scores is not None and min_score > 0:
        kept = np.flatnonzero(detections.scores >= min_score)
        detections, colors, captions = detections[kept], colors[kept], [captions[i] for i in kept]
    zoom = enlargement(image) if zoom is None else int(zoom)
    canvas = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR) if zoom > 1 else image.copy()
    # Boxes may reach far outside, beyond OpenCV's range of integers.
    corners = np.rint(np.clip(detections.boxes * zoom, -BEYOND, max(canvas.shape) + BEYOND)).astype(int)
    line = _line_width(canvas, corners)
    box_line = line if detections.mask_crops is None or not outlines else max(1, line // 2)

    largest_first = np.argsort(-detections.areas, kind="stable")
    has_mask = detections.has_mask & (masks or outlines)
    for i in largest_first:
        if has_mask[i]:
            fill = alpha if masks and detections.class_ids[i] > 0 else 0
            paint_mask(canvas, detections.mask_crops[i], colors[i], alpha=fill, line=line * outlines, zoom=zoom)
    for i in largest_first:
        if boxes:
            y1, x1, y2, x2 = corners[i].tolist()
            last = max(x1, x2 - 1), max(y1, y2 - 1)
            cv2.rectangle(canvas, (x1, y1), last, colors[i].tolist(), box_line)
        if keypoints and detections.keypoints is not None:
            annotated = detections.scores is None
            draw_keypoints(canvas, detections.keypoints[i], colors[i], line, zoom, skeleton, annotated)
    if labels and len(detections):
        order = largest_first if detections.scores is None else np.argsort(-detections.scores, kind="stable")
        texts = [captions[i] for i in order]
        draw_labels(canvas, texts, corners[order], colors[order], font_size(*canvas.shape[:2]))
    return canvas


def enlargement(image):
    """Magnification that makes labels in a small picture readable: 4 for 128 pixels."""
    return max(1, round(READABLE / max(image.shape[:2])))


def captions_of(detections, class_names, scores=True):
    """["circle 0.98", ...]: what is written at each instance; class_names, scores: as in `draw_detections`."""
    if class_names is None:
        class_names = ("BG", *(f"class {i}" for i in range(1, int(np.abs(detections.class_ids).max(initial=0)) + 1)))
    class_names = drawable_names(tuple(map(str, class_names)))
    largest = int(np.abs(detections.class_ids).max(initial=0))
    if largest >= len(class_names):
        first = f", of which the first is {class_names[0]!r}" if class_names else ""
        raise UserError(
            f"class id {largest} has no name among the {len(class_names)} class_names{first}; give one per class, "
            "background first: ['BG', ...]"
        )
    if largest and class_names[0].strip("_ ").lower() not in BACKGROUND:
        note(
            f"class_names begins with {class_names[0]!r}, which counts as the background, so that class id 1 is "
            f"{class_names[1]!r}; if {class_names[0]!r} is a class, give ['BG', {class_names[0]!r}, ...]"
        )
    names = [class_names[abs(i)] + (" (crowd)" if i < 0 else "") for i in detections.class_ids.tolist()]
    if detections.scores is None or not scores:
        return names
    return [f"{name} {score:.2f}" for name, score in zip(names, detections.scores.tolist(), strict=True)]


def _line_width(canvas, boxes):
    """Pixels: 1 per 640 of the picture, but no more than a 20th of the median object."""
    usual = np.median((boxes[:, 2:] - boxes[:, :2]).min(axis=1)) if len(boxes) else 0
    return max(1, round(min(max(canvas.shape) / 640, usual / 20)))
