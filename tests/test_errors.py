"""Sentences to a user stay short, whatever they quote."""

import pickle

import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError, listing, note


def test_a_listing_is_bounded():
    assert listing([]) == ""
    assert listing(["a", "b"]) == "a, b"
    assert listing(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert listing((f"class {i}" for i in range(2000)), limit=2) == "class 0, class 1 and 1998 more"
    long = listing(["x" * 200, "y" * 200, "z"])
    assert long == "x" * 200 + " and 2 more"
    assert listing(["x" * 900]) == "x" * 297 + "..."


def test_a_sentence_of_any_length_keeps_its_beginning_and_its_cure():
    short = UserError("x" * 699)
    assert str(short) == "x" * 699
    error = UserError("the names are " + "x, " * 3000 + "; give others")
    assert len(str(error)) < 700
    assert str(error).startswith("the names are x, x")
    assert str(error).endswith("x, ; give others")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_settings_with_2000_names_are_refused_in_a_short_sentence():
    names = tuple(f"a class with a long name {i}" for i in range(2000))
    with pytest.raises(UserError, match="CLASS_NAMES") as caught:
        Config(NUM_CLASSES=3, CLASS_NAMES=names)
    assert len(str(caught.value)) < 700
    with pytest.raises(UserError, match="BACKBONE = ") as caught:
        Config(BACKBONE=names)
    assert len(str(caught.value)) < 700


def test_a_note_is_printed_once(capsys):
    for _ in range(3):
        note("a sentence for this test")
    assert capsys.readouterr().err == "note: a sentence for this test\n"
