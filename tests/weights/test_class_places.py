"""Weights of the same classes in another order: each class of the model gets those of its name."""

import numpy as np
import pytest

from mrcnn_keras.weights.class_places import find_places, rearranged, unknown_classes

FILE = ["BG", "cat", "dog", "owl"]


@pytest.mark.parametrize(
    ("names", "places", "unknown"),
    [
        (FILE, None, []),
        (["BG", "owl", "cat", "dog"], [0, 3, 1, 2], []),
        (["BG", "owl", "emu", "dog"], [0, 3, 1, 2], ["emu from cat"]),
        (["BG", "emu", "dog", "owl"], None, ["emu from cat"]),
        (["BG", "ant", "bee", "emu"], None, ["ant from cat", "bee from dog", "emu from owl"]),
        (["BG", "dog", "cat"], None, []),  # the heads are re-initialised
        ([], None, []),  # the names are not known
        (["BG", "dog", "dog", "cat"], None, ["dog from cat", "cat from owl"]),  # which dog is it?
    ],
)
def test_places_of_classes(names, places, unknown):
    assert find_places(names, FILE) == places
    assert unknown_classes(names, FILE, places) == unknown


def test_without_names_there_are_no_places():
    assert find_places([], []) is None
    assert unknown_classes([], [], None) == []


def test_values_of_each_head_get_the_order():
    places = [0, 3, 1, 2]
    assert rearranged("box_head/class_logits/bias", np.arange(4), places).tolist() == [0, 3, 1, 2]
    boxes = rearranged("box_head/deltas/kernel", np.arange(32).reshape(2, 16), places)
    assert boxes[1].tolist() == [*range(16, 20), *range(28, 32), *range(20, 28)]
    assert rearranged("mask_head/logits/kernel", np.arange(4).reshape(1, 1, 1, 4), places).ravel().tolist() == places
    cells = rearranged("mask_head/maps/bias", np.arange(8), places)  # two cells
    assert cells.tolist() == [0, 3, 1, 2, 4, 7, 5, 6]
    other = np.arange(4)
    assert rearranged("rpn/logits/bias", other, places) is other
