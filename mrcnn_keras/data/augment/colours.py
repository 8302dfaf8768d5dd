"""Brightness, contrast, hue and saturation."""

import cv2
import numpy as np

# Weights of R, G and B in what the eye takes for brightness, as the matrices below have them.
LUMINANCE = (0.213, 0.715, 0.072)


def adjust_colours(image, brightness, contrast):
    """Spreads the values about their mean by `contrast`, then multiplies them by `brightness`; 1 changes nothing."""
    image = np.ascontiguousarray(image)
    mean = sum(cv2.sumElems(image)) / image.size
    values = ((np.arange(256) - mean) * contrast + mean) * brightness
    return cv2.LUT(image, np.clip(np.rint(values), 0, 255).astype(np.uint8))


def shift_colours(image, hue=0.0, saturation=1.0):
    """Turns the colours of [H, W, 3] uint8 by `hue` of a full circle, and multiplies their distance from grey.

    Both are matrices of R, G, B that leave grey and luminance alone: hueRotate and saturate of the W3C's Filter Effects
    Module Level 1 (feColorMatrix). hue: from red by 1/3 towards green. saturation: 0 is grey, 1 changes nothing.
    """
    grey = np.tile(LUMINANCE, (3, 1))
    cos, sin = np.cos(2 * np.pi * hue), np.sin(2 * np.pi * hue)
    turned = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])
    turning = grey + cos * (np.eye(3) - grey) + sin * turned
    return cv2.transform(np.ascontiguousarray(image), (grey + saturation * (np.eye(3) - grey)) @ turning)
