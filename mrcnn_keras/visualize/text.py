"""Text on pictures: a font that has its letters, and labels that avoid each other."""

import contextlib
import math
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.font_manager import findSystemFonts
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from mrcnn_keras.errors import listing, note
from mrcnn_keras.visualize.colors import text_color

PADDING = 2  # pixels between a label's text and its edge
# If the labels would cover a larger share of a picture, only those smaller than their object are drawn.
CROWDED = 0.2
# Fonts whose letters are boxes, or nothing.
EMPTY_FONTS = ("lastresort", "adobeblank")
BESIDE = " (crowd) 0.123456789 / missed false"  # what stands beside a name
INVISIBLE = ("Zs", "Mn", "Cc", "Cf")  # Unicode's kinds of spaces, marks and signs: no font is chosen for their sake


@lru_cache(maxsize=64)
def font_of(size, path=None):
    """Returns the font in a file; None: matplotlib's (Latin, Greek, Cyrillic, Arabic), or Pillow's without it."""
    try:
        return ImageFont.truetype(path or _fonts()[0], size)
    except OSError:
        return ImageFont.load_default(size)


@lru_cache(maxsize=1)
def _fonts():
    """Paths of matplotlib's font and of all that the system has."""
    system = sorted(path for path in findSystemFonts() if not Path(path).stem.lower().startswith(EMPTY_FONTS))
    return [str(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")), *system]


@cache
def _letters_of(path):
    """Code points that a font has; none if Pillow cannot draw it in any size, as those of coloured emoji."""
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        ImageFont.truetype(path, 20)
        return frozenset(FT2Font(path).get_charmap())
    return frozenset()


@lru_cache(maxsize=4096)
def fitting(text):
    """-> text in one line without letters that its font lacks, whether it has all, and the path of that font.

    It is the first that has all letters, or else the one that has the most.
    """
    wanted = {ord(letter) for letter in text if unicodedata.category(letter) not in INVISIBLE}
    path, most = None, -1
    for candidate in _fonts():
        count = len(wanted & _letters_of(candidate))
        path, most = (candidate, count) if count > most else (path, most)
        if count == len(wanted):
            break
    known = _letters_of(path) or wanted  # without any file Pillow's own font is used
    kept = "".join(letter for letter in text if letter.isspace() or ord(letter) in known)
    return " ".join(kept.split()), wanted <= known, path


@lru_cache(maxsize=16)
def drawable_names(names):
    """Class names, a tuple with the background first, as they can be drawn beside a score: some as "class 3"."""
    drawn, missing = [], []
    for class_id, name in enumerate(names):
        text, complete, _ = fitting(name + BESIDE)
        text = text.removesuffix(BESIDE.strip()).strip()
        drawn.append(text if complete or any(map(str.isalnum, text)) else f"class {class_id}")
        missing += [] if complete else [name]
    if missing:
        note(
            f"no font on this computer has all letters of the class names {listing(missing, 5)}, which are drawn "
            "without these or as class numbers; install a font that has them, such as Noto Sans CJK for Chinese"
        )
    return tuple(drawn)


def font_size(height, width):
    """Pixels of text that is readable when a picture of this size is shown as a whole."""
    return int(np.clip(round(8 + max(height, width) / 128), 10, 48))


def draw_labels(image, texts, boxes, colors, size):
    """Returns a copy of the image with `texts` at their boxes; a label without room is left out.

    texts: [N] str, most important first. boxes: [N, (y1, x1, y2, x2)] pixels of the image. colors: [N, 3] uint8 RGB of
    the labels' backgrounds. size: pixels of the font.
    """
    texts, _, paths = zip(*map(fitting, texts), strict=True)
    fonts = [font_of(size, path) for path in paths]
    heights = [sum(font.getmetrics()) + PADDING for font in fonts]
    widths = [math.ceil(font.getlength(text)) + 2 * PADDING for text, font in zip(texts, fonts, strict=True)]
    crowded = np.dot(heights, widths) > CROWDED * image.shape[0] * image.shape[1]
    boxes = np.asarray(boxes, float)
    areas = np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1)
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    taken = np.zeros((0, 4))
    for i, (text, font, height, width) in enumerate(zip(texts, fonts, heights, widths, strict=True)):
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
