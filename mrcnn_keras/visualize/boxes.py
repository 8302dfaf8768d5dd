"""Boxes on matplotlib axes: before and after their refinement, with captions and masks."""

import cv2
import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize.axes import axes_or_new
from mrcnn_keras.visualize.colors import random_colors, text_color
from mrcnn_keras.visualize.fonts import figure_text, font_families
from mrcnn_keras.visualize.masks import apply_mask
from mrcnn_keras.visualize.shown import as_shown

FIGURE = (12, 12)  # inches, as in Matterport's package
MARGIN = 10  # a tenth of the picture around it is shown, since boxes may reach outside
WIDTH = 2  # points
GREY = (0.5, 0.5, 0.5)
STYLES = ("dotted", "dashed", "solid")  # by visibility


def draw_box(image, box, color):
    """Draws a box into a picture, in place.

    Args:
        image: `[H, W, 3]` uint8, which is changed.
        box: (y1, x1, y2, x2), pixels.
        color: (red, green, blue) integers, 0 to 255.

    Returns:
        `image`.
    """
    limit = 2 * max(image.shape)  # beyond it OpenCV's integers would overflow
    y1, x1, y2, x2 = np.rint(np.clip(np.asarray(box, float), -limit, limit)).astype(int).tolist()
    color = np.asarray(color).astype(int).tolist()
    cv2.rectangle(image, (x1, y1), (max(x1, x2 - 1), max(y1, y2 - 1)), color, 2)
    return image


def draw_boxes(
    image, boxes=None, refined_boxes=None, masks=None, captions=None, visibilities=None, title="", ax=None, colors=None
):
    """Shows boxes over a picture: dashed ones, and solid ones that came of them, joined by a line at their corners.

    Args:
        image: `[H, W, 3]` uint8 RGB, or what else `MaskRCNN.detect` takes as a picture.
        boxes: `[N, (y1, x1, y2, x2)]` pixels, or `None`. Rows of zeros are padding and not drawn.
        refined_boxes: `[N, 4]`, the same boxes after refinement, or `None`.
        masks: `[H, W, N]` bool, or `None`.
        captions: List of N strings, or `None`.
        visibilities: `[N]`: 0 grey and dotted, without the refined box; 1 dashed; 2 solid. `None`: all are 1.
        title: String above the picture.
        ax: matplotlib `Axes` to draw on, or `None`: a new figure.
        colors: `[N, 3]` floats, 0 to 1, or `None`: one colour per box.

    Returns:
        matplotlib `Axes`.

    Raises:
        UserError: If there are no boxes, or their numbers differ.
    """
    given = [np.asarray(some, float)[..., :4].reshape(-1, 4) for some in (boxes, refined_boxes) if some is not None]
    if not given:
        raise UserError("draw_boxes got no boxes; give boxes, refined_boxes, or both")
    count = len(given[0])
    masks = None if masks is None else np.moveaxis(np.asarray(masks), -1, 0)
    beside = {"refined_boxes": given[-1], "masks": masks, "captions": captions, "visibilities": visibilities}
    for name, values in beside.items():
        if values is not None and len(values) != count:
            raise UserError(f"{len(values)} {name} for {count} boxes; give one per box")
    image = as_shown(image)
    colors = np.reshape(random_colors(count) if colors is None else colors, (-1, 3))
    visible = np.ones(count, int) if visibilities is None else np.asarray(visibilities, int)
    colors = np.where(visible[:, None] > 0, colors, GREY)
    real = given[0].any(axis=1)
    refined = real & (visible > 0) if refined_boxes is not None else np.zeros(count, bool)
    ax = axes_or_new(ax, FIGURE)
    if boxes is not None:
        for visibility, style in enumerate(STYLES):
            _frames(ax, given[0], colors, real & (visible == visibility), style)
    _frames(ax, given[-1], colors, refined, "solid")
    if len(given) == 2:
        corners = np.stack([given[0][:, 1::-1], given[1][:, 1::-1]], axis=1)
        ax.add_collection(LineCollection(corners[refined], colors=colors[refined], linewidths=WIDTH / 2))
    if masks is not None:
        image = image.copy()
        for i in np.flatnonzero(real):
            apply_mask(image, masks[i], colors[i])
    height, width = image.shape[:2]
    ax.imshow(image, extent=(0, width, height, 0))
    margin = max(height, width) // MARGIN
    ax.set(xlim=(-margin, width + margin), ylim=(height + margin, -margin))
    ax.set_title(title, fontfamily=font_families(title))
    ax.axis("off")
    for i in np.flatnonzero(real) if captions is not None else ():
        if captions[i]:
            _caption(ax, (given[-1] if refined[i] else given[0])[i], captions[i], colors[i])
    return ax


def _frames(ax, boxes, colors, chosen, style):
    """Adds the frames of the chosen boxes [N, 4] in their colours [N, 3]."""
    if chosen.any():
        y1, x1, y2, x2 = boxes[chosen].T
        corners = np.stack([np.stack([x1, x2, x2, x1]), np.stack([y1, y1, y2, y2])]).transpose(2, 1, 0)
        frames = {"facecolors": "none", "edgecolors": colors[chosen], "linewidths": WIDTH, "linestyles": style}
        ax.add_collection(PolyCollection(corners, **frames))


def _caption(ax, box, caption, color):
    """Writes at the upper left corner of a box."""
    text = figure_text(caption)
    ground = {"facecolor": color, "edgecolor": "none", "pad": 1, "alpha": 0.8}
    ink = np.divide(text_color(np.multiply(color, 255)), 255)
    place = {"va": "bottom", "ha": "left", "clip_on": True, "fontfamily": font_families(text)}
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    x, y = np.clip(box[1], left, right), np.clip(box[0], top, bottom)
    ax.text(x, y, text, color=ink, size=9, bbox=ground, **place)
