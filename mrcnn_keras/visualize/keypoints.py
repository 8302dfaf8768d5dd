"""Draws the keypoints of one object, and the lines between them, into a picture."""

import cv2
import numpy as np

KEYPOINT_SCORE = 0.05  # lower ones are not drawn, as in Detectron2's demo; annotated ones have 0, 1 or 2
HIDDEN = 1  # visibility of an annotated keypoint that is not visible
DARK = (20, 20, 20)
BITS = 4  # coordinates are in sixteenths of a pixel


def draw_keypoints(canvas, keypoints, color, line, zoom, skeleton=(), annotated=False):
    """Draws into `canvas` the lines of the skeleton with two drawn ends, then the points; hidden ones are rings.

    canvas: [H, W, 3] uint8 RGB, `zoom` times as large as the picture. keypoints: [K, (y, x, score or visibility)],
    pixels of the picture. color: (red, green, blue) of the object. line: width in pixels of the canvas. skeleton: pairs
    of keypoint indices. annotated: whether the third number is a visibility.
    """
    drawn = keypoints[:, 2] >= KEYPOINT_SCORE
    # Coordinates far outside exceed OpenCV's range of integers.
    limit = 4 * max(canvas.shape)
    scaled = np.clip(keypoints[:, 1::-1] * zoom, -limit, limit) * 2**BITS - 2 ** (BITS - 1)
    scaled = np.rint(scaled).astype(int)
    color = tuple(int(part) for part in color)
    for width, paint in ((line + 3, DARK), (line + 1, color)):
        for first, second in skeleton:
            if drawn[first] and drawn[second]:
                cv2.line(canvas, scaled[first].tolist(), scaled[second].tolist(), paint, width, cv2.LINE_AA, BITS)
    radius = (line + 1) * 2**BITS
    for place, third in zip(scaled[drawn].tolist(), keypoints[drawn, 2], strict=True):
        inner = DARK if annotated and third == HIDDEN else color
        cv2.circle(canvas, place, radius + 2**BITS, DARK, -1, cv2.LINE_AA, BITS)
        cv2.circle(canvas, place, radius, color, -1, cv2.LINE_AA, BITS)
        cv2.circle(canvas, place, radius // 2, inner, -1, cv2.LINE_AA, BITS)
