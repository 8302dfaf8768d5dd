"""Text on pictures: a font with more than ASCII, and labels that avoid each other."""

import math
from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mrcnn_keras.visualize.colors import text_color

PADDING = 2  # pixels between a label's text and its edge
# If the labels would cover a larger share of a picture, only those smaller than their object are drawn.
CROWDED = 0.2


@lru_cache(maxsize=8)
def font_of(size):
    """Returns matplotlib's font (Latin, Greek, Cyrillic), or Pillow's own if that is missing."""
    try:
        return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), size)
    except OSError:
        return ImageFont.load_default(size)


def font_size(height, width):
    """Pixels of text that is readable when a picture of this size is shown as a whole."""
    return int(np.clip(round(8 + max(height, width) / 128), 10, 48))


def draw_labels(image, texts, boxes, colors, size):
    """Returns a copy of the image with `texts` at their boxes; a label without room is left out.

    texts: [N] str, most important first. boxes: [N, (y1, x1, y2, x2)] pixels of the image. colors: [N, 3] uint8 RGB of
    the labels' backgrounds. size: pixels of the font.
    """
    font = font_of(size)
    height = sum(font.getmetrics()) + PADDING
    widths = [math.ceil(font.getlength(text)) + 2 * PADDING for text in texts]
    crowded = height * sum(widths) > CROWDED * image.shape[0] * image.shape[1]
    boxes = np.asarray(boxes, float)
    areas = np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1)
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    taken = np.zeros((0, 4))
    for i, (text, width) in enumerate(zip(texts, widths, strict=True)):
        if not text or (crowded and height * width > areas[i]):
            continue
        places = _places(boxes[i], height, width, image.shape)
        places = [place for place in places if not _overlaps(place, taken).any()]
        if not places:
            continue
        # The place that hides the smallest share of the objects; the first one on a tie.
        y1, x1, y2, x2 = min(places, key=lambda place: (_overlaps(place, boxes) / areas).sum())
        taken = np.concatenate([taken, [(y1, x1, y2, x2)]])
        draw.rectangle((x1, y1, x2 - 1, y2 - 1), fill=tuple(colors[i].tolist()))
        baseline = y1 + PADDING / 2 + font.getmetrics()[0]
        draw.text((x1 + PADDING, baseline), text, font=font, fill=text_color(colors[i]), anchor="ls")
    return np.array(picture)


def _places(box, height, width, shape):
    """Boxes of a label in and around the box of its object that lie in the picture, preferred ones first."""
    top, left, bottom, right = (round(side) for side in box.tolist())
    x = max(0, min(left, shape[1] - width))
    corners = [(top - height, x), (top, x), (bottom, x), (bottom - height, x), (top, right), (top, left - width)]
    boxes = [(y, x, y + height, x + width) for y, x in corners]
    return [box for box in boxes if min(box[:2]) >= 0 and box[2] <= shape[0] and box[3] <= shape[1]]


def _overlaps(box, others):
    """Pixels [N] that `box` shares with each of `others` [N, 4]."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return np.prod(np.maximum(sides, 0), axis=1)


def add_caption(image, text):
    """Returns the image with a line of text on white above it."""
    font = font_of(max(12, font_size(*image.shape[:2])))
    bar = Image.new("RGB", (image.shape[1], sum(font.getmetrics()) + 3 * PADDING), "white")
    place = (2 * PADDING, PADDING + font.getmetrics()[0])
    ImageDraw.Draw(bar).text(place, text, font=font, fill="black", anchor="ls")
    return np.concatenate([np.asarray(bar), image])
