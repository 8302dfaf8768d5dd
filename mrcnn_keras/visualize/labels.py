"""Labels on pictures: text of any script, placed so that no label hides another one or leaves the picture."""

import math
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from mrcnn_keras.visualize.colors import text_color
from mrcnn_keras.visualize.fonts import PICTURE_SCALE, PICTURE_SIZE, font_of, is_pictures, runs_of

PADDING = 2  # pixels between a label's text and its edge
# If the labels would cover a larger share of a picture, only those smaller than their object are drawn.
CROWDED = 0.2


def font_size(height, width):
    """Pixels of text that is readable when a picture of this size is shown as a whole."""
    return int(np.clip(round(8 + max(height, width) / 128), 10, 48))


@lru_cache(maxsize=2048)
def rendered(text, size):
    """Text in one line, with a margin.

    Returns a share [h, w] uint8 of how much each pixel is text, and its emoji in colour [h, w, RGBA] uint8 if it has
    any, else None; read-only.
    """
    pieces = [_piece(run, size) for run in runs_of(text)[0]] or [(0, *font_of(size).getmetrics(), None, None)]
    widths, ascents, descents, _, _ = zip(*pieces, strict=True)
    width, ascent = math.ceil(sum(widths)) + 2 * PADDING, max(ascents)
    share = Image.new("L", (width, ascent + max(descents) + PADDING))
    emoji = Image.new("RGBA", share.size) if any(picture for *_, picture in pieces) else None
    x = PADDING
    for width, own_ascent, _, draw, picture in pieces:
        if picture:
            emoji.paste(picture, (round(x), PADDING // 2 + ascent - own_ascent))
        elif draw is not None:
            draw(ImageDraw.Draw(share), (x, PADDING // 2 + ascent))
        x += width
    return np.asarray(share), emoji and np.asarray(emoji)


def _piece(run, size):
    """-> width, ascent, descent, what draws a run on its baseline, and its picture where it is one in colour."""
    if not is_pictures(run.path):
        font = font_of(size, run.path)

        def draw(sheet, place):
            sheet.text(place, run.letters, fill=255, font=font, anchor="ls")

        return font.getlength(run.letters), *font.getmetrics(), draw, None
    font = font_of(PICTURE_SIZE, run.path)
    left, top, right, bottom = font.getbbox(run.letters)
    sheet = Image.new("RGBA", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(sheet).text((-left, -top), run.letters, font=font, embedded_color=True)
    height = round(size * PICTURE_SCALE)
    small = sheet.resize((max(1, round(sheet.width * height / sheet.height)), height), Image.Resampling.BOX)
    ascent = font_of(size).getmetrics()[0]
    return small.width, ascent, height - ascent, None, small


def draw_labels(canvas, texts, boxes, colors, size):
    """Draws `texts` at their boxes into `canvas`; a label without room is left out.

    canvas: [H, W, 3] uint8. texts: [N] str, most important first. boxes: [N, (y1, x1, y2, x2)] pixels of the canvas.
    colors: [N, 3] uint8 RGB of the labels' backgrounds. size: pixels of the font. Returns the labels' places [M, 4].
    """
    taken = np.zeros((0, 4), int)
    if not any(texts):
        return taken
    drawn = [rendered(text, size) for text in texts]
    sides = np.array([share.shape for share, _ in drawn])
    boxes = np.asarray(boxes, float)
    areas = np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1)
    needed = sides.prod(axis=1)
    crowded = needed.sum() > CROWDED * canvas.shape[0] * canvas.shape[1]
    for i, text in enumerate(texts):
        if not text or (crowded and needed[i] > areas[i]):
            continue
        places = _places(boxes[i], *sides[i].tolist(), canvas.shape)
        places = places[(_shared(places, taken) == 0).all(axis=1)]
        if not len(places):
            continue
        # The place that hides the smallest share of the objects; the first one on a tie.
        place = places[(_shared(places, boxes) / areas).sum(axis=1).argmin()]
        taken = np.concatenate([taken, place[None]])
        y1, x1, y2, x2 = place.tolist()
        canvas[y1:y2, x1:x2] = _painted(*drawn[i], colors[i])
    return taken


def _painted(share, emoji, color):
    """A label [h, w, 3] uint8: text on its background."""
    levels = np.arange(256)[:, None] / 255
    ink = np.asarray(text_color(color))
    levels = np.rint(color + (ink - color.astype(float)) * levels).astype(np.uint8)
    label = cv2.LUT(cv2.merge((share, share, share)), levels[None])
    if emoji is None:
        return label
    part = emoji[..., 3:] / 255
    return np.rint(label * (1 - part) + emoji[..., :3] * part).astype(np.uint8)


def _places(box, height, width, shape):
    """[K, 4] whole numbers: where a label may be, in and around the box of its object; preferred places first."""
    top, left, bottom, right = np.rint(np.clip(box, 0, (*shape[:2], *shape[:2]))).astype(int).tolist()
    x = max(0, min(left, shape[1] - width))
    end = max(0, min(right - width, shape[1] - width))
    corners = [(top - height, x), (top, x), (bottom, x), (bottom - height, x), (top, right), (top, left - width)]
    corners += [(top - height, end), (top, end), (bottom, end), (bottom - height, end)]
    corners += [(bottom - height, right), (bottom - height, left - width)]
    corners = np.array(corners)
    inside = (corners >= 0).all(axis=1) & (corners + (height, width) <= shape[:2]).all(axis=1)
    return np.concatenate([corners, corners + (height, width)], axis=1)[inside]


def _shared(boxes, others):
    """Pixels [N, M] that each of `boxes` [N, 4] shares with each of `others` [M, 4]."""
    sides = np.minimum(boxes[:, None, 2:], others[:, 2:]) - np.maximum(boxes[:, None, :2], others[:, :2])
    sides = np.maximum(sides, 0)
    return sides[..., 0] * sides[..., 1]


def add_caption(image, text):
    """Returns the image with a line of text on white above it."""
    label = _painted(*rendered(text, max(12, font_size(*image.shape[:2]))), np.array((255, 255, 255), np.uint8))
    label = label[:, : image.shape[1]]
    bar = np.full((label.shape[0] + 2 * PADDING, image.shape[1], 3), 255, np.uint8)
    bar[PADDING : PADDING + label.shape[0], : label.shape[1]] = label
    return np.concatenate([bar, image])
