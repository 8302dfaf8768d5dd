"""Instances drawn into a picture: pixels in, pixels out, no window and no figure."""

import cv2
import numpy as np

from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize.colors import instance_colors
from mrcnn_keras.visualize.keypoints import draw_keypoints
from mrcnn_keras.visualize.text import add_caption, draw_labels, font_size

READABLE = 512  # pixels: smaller pictures are enlarged to about this for text that can be read
GAP = 8  # pixels between two pictures


def draw_detections(
    image,
    detections,
    class_names,
    *,
    alpha=0.45,
    min_score=0.0,
    boxes=True,
    labels=True,
    colors=None,
    captions=None,
    zoom=1,
    skeleton=(),
):
    """Draws masks, boxes, keypoints and labels such as "circle 0.98" -> new image [zoom * H, zoom * W, 3] uint8.

    image        [H, W, 3] uint8 RGB, the photograph of the detections; it is not changed
    detections   found or annotated; crowd regions get an outline without filling
    class_names  the background first, so that class_names[class_id] is the name
    alpha        0..1, how much of a mask's colour covers the picture
    min_score    instances with a lower score are left out
    colors       "instance" (also None), "class", or [N, 3], see `random_colors`
    captions     [N] str to write instead of class and score
    zoom         whole number: times enlarged, for small pictures; None: about 512 pixels at least
    skeleton     pairs of keypoints, by place, that a line joins: the setting KEYPOINT_SKELETON of a model, or
                 `keypoint_layout.skeleton` of a dataset

    Small objects are drawn over large ones. Labels are drawn by score while there is room.
    """
    if image.shape != (*detections.size, 3) or image.dtype != np.uint8:
        raise UserError(
            f"picture of shape {image.shape}, {image.dtype}, with instances of a {detections.size[0]} x "
            f"{detections.size[1]} photograph; give that one as [height, width, 3] uint8"
        )
    colors = instance_colors(colors, detections.class_ids)
    captions = _captions(detections, class_names) if captions is None else captions
    if len(captions) != len(detections):
        raise UserError(f"{len(captions)} captions for {len(detections)} instances; give one for each")
    if detections.scores is not None:
        kept = np.flatnonzero(detections.scores >= min_score)
        detections, colors, captions = detections[kept], colors[kept], [captions[i] for i in kept]
    zoom = enlargement(image) if zoom is None else int(zoom)
    canvas = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    # Boxes may reach far outside, where OpenCV's numbers end.
    corners = np.rint(np.clip(detections.boxes * zoom, -GAP, max(canvas.shape) + GAP)).astype(int)
    line = _line_width(canvas, corners)
    box_line = line if detections.mask_crops is None else max(1, line // 2)

    largest_first = np.argsort(-detections.areas, kind="stable")
    for i in largest_first:
        if detections.mask_crops is not None:
            fill = alpha if detections.class_ids[i] > 0 else 0
            _draw_mask(canvas, detections.mask_crops[i], colors[i], fill, line, zoom)
    for i in largest_first:
        if boxes:
            y1, x1, y2, x2 = corners[i].tolist()
            cv2.rectangle(canvas, (x1, y1), (x2 - 1, y2 - 1), colors[i].tolist(), box_line)
        if detections.keypoints is not None:
            annotated = detections.scores is None
            draw_keypoints(canvas, detections.keypoints[i], colors[i], line, zoom, skeleton, annotated)
    if labels and len(detections):
        order = largest_first if detections.scores is None else np.argsort(-detections.scores, kind="stable")
        texts = [captions[i] for i in order]
        canvas = draw_labels(canvas, texts, corners[order], colors[order], font_size(*canvas.shape[:2]))
    return canvas


def draw_comparison(image, truth, found, class_names, *, min_score=0.0, colors=None, zoom=None, **options):
    """The annotated instances beside the found ones -> image with a caption over each half.

    colors, zoom and options are those of `draw_detections`; here "class" is the usual colouring where there
    are several classes, so that the halves can be compared, and small pictures are enlarged.
    """
    if colors is None and len(class_names) > 2:
        colors = "class"
    halves = []
    for name, instances in (("annotated", truth), ("found", found.above(min_score))):
        drawn = draw_detections(image, instances, class_names, colors=colors, zoom=zoom, **options)
        halves.append(add_caption(drawn, f"{name}: {len(instances) or 'none'}"))
    return np.concatenate([halves[0], np.full((len(halves[0]), GAP, 3), 255, np.uint8), halves[1]], axis=1)


def enlargement(image):
    """How many times a small picture is enlarged so that labels in it can be read: 4 for 128 pixels."""
    return max(1, round(READABLE / max(image.shape[:2])))


def _captions(detections, class_names):
    largest = int(np.abs(detections.class_ids).max(initial=0))
    if largest >= len(class_names):
        raise UserError(
            f"class id {largest} has no name among the {len(class_names)} class_names; give one for each "
            f"class, the background first"
        )
    names = [class_names[abs(i)] + (" (crowd)" if i < 0 else "") for i in detections.class_ids.tolist()]
    if detections.scores is None:
        return names
    return [f"{name} {score:.2f}" for name, score in zip(names, detections.scores.tolist(), strict=True)]


def _line_width(canvas, boxes):
    """Pixels: 1 for each 640 of the picture, but no more than a 20th of the usual object."""
    usual = np.median((boxes[:, 2:] - boxes[:, :2]).min(axis=1)) if len(boxes) else 0
    return max(1, round(min(max(canvas.shape) / 640, usual / 20)))


def _draw_mask(canvas, crop, color, alpha, line, zoom):
    """Fills a mask and draws its outline, holes too; enlarged edges are smoothed."""
    if not crop.bits.any():
        return
    framed = np.pad(crop.bits, 1).astype(np.uint8) * 255
    enlarged = cv2.resize(framed, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    bits = enlarged[zoom:-zoom, zoom:-zoom] > 127
    top, left = crop.top * zoom, crop.left * zoom
    region = canvas[top : top + bits.shape[0], left : left + bits.shape[1]]
    region[bits] = np.rint(region[bits] * (1 - alpha) + color * alpha).astype(np.uint8)
    contours, _ = cv2.findContours(bits.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, contours, -1, color.tolist(), line, offset=(left, top))
