"""Colours: those of neighbours differ, and each stands out from the picture beneath it, for colour-blind people too."""

import numpy as np
import pytest

from mrcnn_keras.detections import Detections
from mrcnn_keras.detections.okabe_ito import BASE, DISTINCT, palette
from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize.colors import FROM_NEIGHBOURS, FROM_PICTURE, differences, instance_colors
from tests.visualize.samples import many


def row(count, side=20, size=(40, 400)):
    """Boxes that touch each other, all of class 1."""
    return Detections(size, [(10, side * i, 30, side * (i + 1)) for i in range(count)], [1] * count)


def plain(color, size=(40, 400)):
    return np.full((*size, 3), color, np.uint8)


def test_differences_are_those_of_the_eyes_that_see_least():
    black, white, red, green = (0, 0, 0), (255, 255, 255), (200, 60, 0), (110, 110, 0)
    assert differences([black], [black, white])[0] == pytest.approx([0, 100], abs=0.1)
    # Red and olive: far apart for most people, and nearly the same for those without one kind of cone.
    assert differences([red], [green])[0, 0] < 30
    assert differences(np.zeros((0, 3)), [black]).shape == (0, 1)


def test_touching_objects_of_one_class_differ():
    colors = instance_colors(None, row(20), plain(100))
    apart = differences(colors, colors)
    assert all(apart[i, i + 1] >= FROM_NEIGHBOURS for i in range(19))
    assert np.array_equal(colors[:2], BASE[:2])


@pytest.mark.parametrize("number", range(7))
def test_no_object_has_the_colour_of_the_picture_beneath(number):
    image = plain(BASE[number])
    colors = instance_colors("instance", row(20), image)
    assert differences(colors, [BASE[number]]).min() >= FROM_PICTURE


def test_colours_by_class_are_the_same_in_each_picture():
    found = many(30)
    for level in (0, 255):
        assert np.array_equal(instance_colors("class", found, plain(level, found.size)), BASE[found.class_ids - 1])


def test_colours_are_the_same_each_time_and_enough_for_hundreds():
    found = many(300, side=30)
    image = np.random.default_rng(0).integers(0, 256, (*found.size, 3), dtype=np.uint8)
    colors = instance_colors(None, found, image)
    assert np.array_equal(colors, instance_colors(None, found, image))
    assert len(np.unique(colors, axis=0)) == DISTINCT
    assert len(np.unique(palette(DISTINCT), axis=0)) == DISTINCT


def test_given_colours():
    found = row(2)
    given = [(1.0, 0, 0, 0.8), (0, 0.5, 0, 1)]  # with opacity, as display_differences of Matterport's package
    assert instance_colors(given, found, plain(0)).tolist() == [[255, 0, 0], [0, 128, 0]]
    assert instance_colors([(9, 8, 7)] * 2, found, plain(0)).tolist() == [[9, 8, 7]] * 2
    assert instance_colors([], found[[]], plain(0)).shape == (0, 3)
    with pytest.raises(UserError, match="colors='rainbow' is unknown"):
        instance_colors("rainbow", found, plain(0))
