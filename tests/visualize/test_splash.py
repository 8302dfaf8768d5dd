"""Colour splash: by masks, by boxes where there are none, grey elsewhere."""

import numpy as np
import pytest

from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize import color_splash, draw_tracks

IMAGE = np.full((6, 8, 3), (200, 50, 10), np.uint8)
GREY = round(0.299 * 200 + 0.587 * 50 + 0.114 * 10)


def coloured(found):
    splash = color_splash(IMAGE, found)
    kept = (splash == IMAGE).all(axis=2)
    assert (splash[~kept] == GREY).all()
    return kept


def test_objects_keep_their_colours():
    crop = MaskCrop(1, 2, np.array([[True, False], [True, True]]))
    found = Detections((6, 8), [(1, 2, 3, 4), (4, 0, 6, 2)], [1, 1], [0.9, 0.8], [crop, None])
    kept = np.zeros((6, 8), bool)
    kept[1:3, 2], kept[2, 3], kept[4:6, 0:2] = True, True, True
    assert np.array_equal(coloured(found), kept)
    assert not coloured(Detections.empty((6, 8))).any()
    assert not coloured(Detections((6, 8), [(1, 2, 3, 4)], [-1])).any()  # a crowd region
    with pytest.raises(UserError, match="picture of 6 x 8 pixels with instances of a 9 x 9 photograph"):
        color_splash(IMAGE, Detections.empty((9, 9)))


def test_the_colour_of_a_track_belongs_to_its_number():
    image = np.zeros((60, 60, 3), np.uint8)
    box = [(10, 10, 50, 50)]
    drawn = [
        draw_tracks(image, Detections((60, 60), box, [1], [score]), [number], labels=False)
        for number, score in ((1, 0.9), (2, 0.9), (1, 0.6))
    ]
    assert np.array_equal(drawn[0], drawn[2])
    assert not np.array_equal(drawn[0], drawn[1])
    with_number, without = (draw_tracks(image, Detections((60, 60), box, [1], [0.9]), [n]) for n in (1, 0))
    assert not np.array_equal(with_number, without)
