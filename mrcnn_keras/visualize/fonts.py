"""Fonts that have the letters of a text, among those of matplotlib and of the system; and what to install, if none has.

A text may mix scripts: each run of letters is drawn in the first font that has them. Emoji in colour are pictures of
one size, which are made smaller.
"""

import contextlib
import itertools
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.font_manager import FontProperties, findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from mrcnn_keras.errors import listing, note

# Fonts whose letters are boxes, or nothing.
EMPTY_FONTS = ("lastresort", "adobeblank")
# Of several fonts that have a letter, a plain one is taken: these parts of names are of others.
FANCY = ("bold", "italic", "oblique", "light", "thin", "black", "heavy", "condensed", "narrow", "mono", "serif")
INVISIBLE = ("Zs", "Mn", "Me", "Cc", "Cf")  # Unicode's kinds of spaces, marks and signs, which go with their letter
PICTURE_SIZE = 109  # pixels, the only size of fonts whose letters are pictures in colour, such as Noto Color Emoji
PICTURE_SCALE = 1.2  # their letters are that much higher than the size says
HAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH")


class Run(NamedTuple):
    """Letters of one font; the path is None where only Pillow's own font is there."""

    letters: str
    path: str | None


@lru_cache(maxsize=64)
def font_of(size, path=None):
    """Returns the font in a file; None: matplotlib's (Latin, Greek, Cyrillic, Arabic), or Pillow's without it."""
    try:
        return ImageFont.truetype(path or _fonts()[0], size)
    except OSError:
        return ImageFont.load_default(size)


@cache
def is_pictures(path):
    """Whether the letters of a font are pictures of a fixed size."""
    if path is None:
        return False
    try:
        ImageFont.truetype(path, 20)
    except OSError:
        return True
    return False


@lru_cache(maxsize=1)
def _fonts():
    """Paths of matplotlib's font and of all that the system has, plain ones first."""
    system = [path for path in findSystemFonts() if not Path(path).stem.lower().startswith(EMPTY_FONTS)]
    system.sort(key=lambda path: (sum(part in Path(path).stem.lower() for part in FANCY), path))
    return [str(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")), *system]


@cache
def _letters_of(path):
    """Code points that a font has; none if Pillow cannot draw it."""
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        ImageFont.truetype(path, PICTURE_SIZE)
        return frozenset(FT2Font(path).get_charmap())
    return frozenset()


@lru_cache(maxsize=4096)
def _has(path, letter):
    """Whether a font draws a letter as something: some promise letters in a form that Pillow cannot draw."""
    if ord(letter) not in _letters_of(path):
        return False
    font = ImageFont.truetype(path, PICTURE_SIZE)
    sheet = Image.new("RGBA", (2 * PICTURE_SIZE, 2 * PICTURE_SIZE))
    ImageDraw.Draw(sheet).text((0, 0), letter, font=font, embedded_color=True)
    return sheet.getbbox() is not None


@lru_cache(maxsize=4096)
def runs_of(text):
    """-> text in one line as Runs, without letters that no font has; and those letters."""
    runs, missing = [], []
    for letter in " ".join(text.split()):
        if unicodedata.category(letter) in INVISIBLE:
            path = runs[-1].path if runs and not (letter == " " and is_pictures(runs[-1].path)) else _fonts()[0]
            letter = letter if letter == " " or ord(letter) in _letters_of(path) else ""
        else:
            paths = itertools.chain([runs[-1].path] if runs and ord(letter) > 127 else [], _fonts())
            path = next((path for path in paths if _has(path, letter)), None)
            if path is None and any(map(_letters_of, _fonts())):
                missing.append(letter)
                continue
        if runs and runs[-1].path == path:
            runs[-1] = Run(runs[-1].letters + letter, path)
        elif letter:
            runs.append(Run(letter, path))
    if missing:
        return runs_of("".join(letter for letter in text if letter not in missing))[0], tuple(missing)
    return tuple(runs), ()


@lru_cache(maxsize=16)
def drawable_names(names):
    """Class names, a tuple with the background first, as they can be drawn: some as "class 3"."""
    drawn, missing, letters = [], [], []
    for class_id, name in enumerate(names):
        runs, lost = runs_of(name)
        text = "".join(run.letters for run in runs).strip()
        drawn.append(text if not lost or any(map(str.isalnum, text)) else f"class {class_id}")
        missing += [name] if lost else []
        letters += lost
    if missing:
        note(
            f"no font on this computer has all letters of the class names {listing(missing, 5)}, which are drawn "
            f"without these or as class numbers; install {font_for(letters)}"
        )
    return tuple(drawn)


def figure_names(names):
    """Class names, background first, as matplotlib can draw them: without emoji in colour, which it cannot."""
    names = drawable_names(tuple(map(str, names)))
    return [figure_text(name) or f"class {class_id}" for class_id, name in enumerate(names)]


def figure_text(text):
    """A text in one line as matplotlib can draw it: without letters that would be empty boxes."""
    return "".join(run.letters for run in runs_of(str(text))[0] if not is_pictures(run.path)).strip()


def font_families(*texts):
    """The families to give to matplotlib for texts: its own, then those that have the letters that it lacks."""
    families = list(matplotlib.rcParams["font.family"])
    for path in dict.fromkeys(run.path for text in texts for run in runs_of(str(text))[0]):
        if path not in (None, _fonts()[0]) and not is_pictures(path):
            fontManager.addfont(path)
            families.append(FontProperties(fname=path).get_name())
    return families


def font_for(letters):
    """The name of a font that has letters, with its package on Debian and Ubuntu."""
    fonts = {}
    for letter in letters:
        script = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
        if script in HAN:
            fonts["Noto Sans CJK (package fonts-noto-cjk)"] = None
        elif unicodedata.category(letter) in ("So", "Sk"):
            fonts["Noto Color Emoji (package fonts-noto-color-emoji)"] = None
        else:
            fonts[f"Noto Sans {script.title()} (package fonts-noto-core)".replace("  ", " ")] = None
    return " and ".join(fonts)
