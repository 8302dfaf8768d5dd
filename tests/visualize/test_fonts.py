"""Class names in any script: drawn by a font that has their letters, or as class numbers, and never as empty boxes."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest

from mrcnn_keras.detections import Detections
from mrcnn_keras.visualize import draw_detections, fonts, labels
from mrcnn_keras.visualize.fonts import drawable_names, figure_names, font_families, font_for, runs_of
from mrcnn_keras.visualize.labels import rendered

FOLDER = Path(matplotlib.get_data_path(), "fonts/ttf")
DEJAVU, STIX = str(FOLDER / "DejaVuSans.ttf"), str(FOLDER / "STIXGeneral.ttf")
CAT, SQUARE, APPLE = "\u732b", "\u6b63\u65b9\u5f62", "\U0001f34e"  # Chinese for cat and square; an emoji


@pytest.fixture(autouse=True)
def only_these_fonts(monkeypatch):
    caches = (runs_of, drawable_names, rendered, fonts.note)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setattr(fonts, "_fonts", lambda: [DEJAVU, STIX])
    yield
    for cache in caches:
        cache.cache_clear()


def test_names_whose_letters_no_font_has_become_class_numbers_with_one_note(capsys):
    names = ("BG", CAT, SQUARE, APPLE, "big " + CAT, "\u043a\u043e\u0442", "a/b", "AP", "two\nlines")
    drawn = ("BG", "class 1", "class 2", "class 3", "big", "\u043a\u043e\u0442", "a/b", "AP", "two lines")
    assert drawable_names(names) == drawn
    drawable_names.cache_clear()
    drawable_names(names)
    said = capsys.readouterr().err
    assert said.count("no font on this computer has all letters of the class names") == 1
    assert f"{CAT}, {SQUARE}, {APPLE}, big {CAT}, which" in said


def test_a_heart_with_a_variation_selector_is_drawn(capsys):
    [_, heart] = drawable_names(("BG", "\u2665\ufe0f"))
    assert heart.strip("\ufe0f") == "\u2665"
    assert not capsys.readouterr().err


def test_a_font_of_the_system_that_has_the_letters_is_used():
    letters = sorted(fonts._letters_of(STIX) - fonts._letters_of(DEJAVU))
    name = next(chr(letter) for letter in letters if chr(letter).isalnum())
    assert runs_of("circle 0.98") == ((("circle 0.98", DEJAVU),), ())
    assert runs_of(f"a {name} 0.98") == ((("a ", DEJAVU), (f"{name} ", STIX), ("0.98", DEJAVU)), ())
    assert drawable_names(("BG", name)) == ("BG", name)


def test_pictures_have_the_class_number_instead_of_boxes():
    image = np.full((100, 120, 3), 100, np.uint8)
    found = Detections((100, 120), [(40, 10, 90, 110)], [1], [0.9])
    expected = draw_detections(image, found, ["BG", "class 1"])
    assert np.array_equal(draw_detections(image, found, ["BG", CAT]), expected)
    assert not np.array_equal(draw_detections(image, found, ["BG", "cat"]), expected)


def test_fonts_that_cannot_be_drawn_have_no_letters(tmp_path):
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    assert fonts._letters_of(str(tmp_path / "damaged.ttf")) == frozenset()


@pytest.mark.parametrize(
    ("letters", "font"),
    [
        (CAT + "\u30ab\uace0", "Noto Sans CJK (package fonts-noto-cjk)"),
        (APPLE, "Noto Color Emoji (package fonts-noto-color-emoji)"),
        ("\u092c", "Noto Sans Devanagari (package fonts-noto-core)"),
        ("\u0e01" + CAT, "Noto Sans Thai (package fonts-noto-core) and Noto Sans CJK (package fonts-noto-cjk)"),
    ],
)
def test_the_note_says_which_font_to_install(letters, font):
    assert font_for(letters) == font


def test_figures_use_a_font_of_the_system_beside_matplotlibs():
    letters = sorted(fonts._letters_of(STIX) - fonts._letters_of(DEJAVU))
    name = next(chr(letter) for letter in letters if chr(letter).isalnum())
    assert font_families("cat") == matplotlib.rcParams["font.family"]
    assert font_families("cat", name) == [*matplotlib.rcParams["font.family"], "STIXGeneral"]
    assert figure_names(["BG", name, CAT]) == ["BG", name, "class 2"]


def test_emoji_in_colour_are_drawn_in_colour_and_left_out_of_figures(monkeypatch):
    """Fonts of pictures have one size; here DejaVu Sans plays one, in which a letter is scaled to the label's size."""
    monkeypatch.setattr(fonts, "_fonts", lambda: [STIX, DEJAVU])
    monkeypatch.setattr(fonts, "is_pictures", lambda path: path == DEJAVU)
    monkeypatch.setattr(labels, "is_pictures", lambda path: path == DEJAVU)
    share, emoji = rendered("a \u0628", 14)
    assert runs_of("a \u0628")[0] == (("a ", STIX), ("\u0628", DEJAVU))
    assert share.any()
    assert emoji[..., 3].any()
    assert not share[emoji[..., 3] > 0].any()
    assert rendered("a", 14)[1] is None
    assert fonts.figure_text("a \u0628") == "a"
