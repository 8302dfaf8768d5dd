"""Colours, by hand."""

import numpy as np

from mrcnn_keras.data import augment


def test_adjust_colours_by_hand():
    """Mean 100: contrast 2 makes 50, 150 of 75, 125; then brightness 1.5 makes 75, 225."""
    image = np.repeat(np.array([[75, 125]], np.uint8)[:, :, None], 3, axis=2)
    assert augment.adjust_colours(image, 1.5, 2)[0, :, 0].tolist() == [75, 225]
    assert augment.adjust_colours(image, 9, 1)[0, :, 0].tolist() == [255, 255]
    noise = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    assert (augment.adjust_colours(noise, 1, 1) == noise).all()


def test_hue_and_saturation_leave_grey_alone():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    for hue in (0, 0.1, 0.5):
        for saturation in (0, 0.5, 2):
            assert np.abs(augment.shift_colours(grey, hue, saturation).astype(int) - grey).max() <= 1


def test_saturation_0_is_the_luminance():
    """0.213 * 200 + 0.715 * 100 + 0.072 * 50 = 117.7"""
    image = np.array([[[200, 100, 50]]], np.uint8)
    assert augment.shift_colours(image, 0, 0).tolist() == [[[118, 118, 118]]]
    assert augment.shift_colours(image, 0, 1).tolist() == [[[200, 100, 50]]]


def test_hue_turns_red_towards_green():
    """A third of a circle from red, in a picture that keeps the luminance: hueRotate(120) of the W3C's matrices."""
    red = augment.shift_colours(np.array([[[120, 0, 0]]], np.uint8), 1 / 3)[0, 0].tolist()
    assert red[1] > 40 > red[0] == red[2] == 0
    full = augment.shift_colours(np.array([[[90, 120, 40]]], np.uint8), 1.0)[0, 0]
    assert np.abs(full.astype(int) - [90, 120, 40]).max() <= 1
