"""Blur and noise of a camera: lenses out of focus, and sensors in the dark."""

import cv2
import numpy as np


def blur_image(image, deviation):
    """Blurs [H, W, 3] uint8 by a Gaussian of this deviation, in pixels; 0 changes nothing."""
    if deviation <= 0:
        return image
    return cv2.GaussianBlur(np.ascontiguousarray(image), (0, 0), deviation, borderType=cv2.BORDER_REFLECT)


def add_noise(image, deviation, rng):
    """Adds Gaussian noise of this deviation, in grey levels, to each value of [H, W, 3] uint8; rng: a Generator."""
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(deviation)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)
