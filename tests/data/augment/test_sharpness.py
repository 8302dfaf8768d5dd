"""Blur and noise."""

import numpy as np

from mrcnn_keras.data import augment


def test_blur_spreads_a_dot_by_its_deviation():
    dot = np.zeros((41, 41, 3), np.uint8)
    dot[20, 20] = 255
    blurred = augment.blur_image(dot, 1.0)[:, :, 0].astype(float)
    assert blurred.sum() > 200
    rows = blurred.sum(axis=1)
    spread = (rows * (np.arange(41) - 20) ** 2).sum() / rows.sum()
    assert 0.8 < spread < 1.2
    assert (augment.blur_image(dot, 0.0) == dot).all()


def test_noise_has_its_deviation():
    grey = np.full((100, 100, 3), 128, np.uint8)
    noise = augment.add_noise(grey, 6.0, np.random.default_rng(0)).astype(float) - 128
    assert abs(noise.mean()) < 0.2
    assert 5.8 < noise.std() < 6.2
    assert (augment.add_noise(grey, 0.0, np.random.default_rng(0)) == grey).all()
