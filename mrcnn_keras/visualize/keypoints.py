"""The keypoints of one object, and the lines between them, drawn into a picture."""

import cv2
import numpy as np

KEYPOINT_SCORE = 0.05  # keypoints below it are not drawn, as in Detectron2's demo; annotated ones have 1 or 2, or 0
HIDDEN = 1  # the visibility of an annotated keypoint that cannot be seen
DARK = (20, 20, 20)
BITS = 4  # places are drawn to a sixteenth of a pixel


def draw_keypoints(canvas, keypoints, color, line, zoom, skeleton=(), annotated=False):
    """Changes `canvas`: lines of the skeleton whose two ends are there, then points; hidden annotated ones are rings.

    canvas     [H, W, 3] uint8 RGB, `zoom` times as large as the picture
    keypoints  [K, (y, x, score or visibility)] pixels of the picture
    color      (red, green, blue) of the object; line: width in pixels of the canvas
    skeleton   pairs of places among the keypoints
    annotated  whether the third number is a visibility
    """
    drawn = keypoints[:, 2] >= KEYPOINT_SCORE
    # A place far outside would pass OpenCV's numbers.
    limit = 4 * max(canvas.shape)
    scaled = (
        np.rint(np.clip(keypoints[:, 1::-1] * zoom, -limit, limit) * 2**BITS - 2 ** (BITS - 1)).astype(int).tolist()
    )
    color = tuple(int(part) for part in color)
    for width, paint in ((line + 3, DARK), (line + 1, color)):
        for first, second in skeleton:
            if drawn[first] and drawn[second]:
                cv2.line(canvas, scaled[first], scaled[second], paint, width, cv2.LINE_AA, BITS)
    radius = (line + 1) * 2**BITS
    for place, third in zip(
        (p for p, seen in zip(scaled, drawn, strict=True) if seen), keypoints[drawn, 2], strict=True
    ):
        inner = DARK if annotated and third == HIDDEN else color
        cv2.circle(canvas, place, radius + 2**BITS, DARK, -1, cv2.LINE_AA, BITS)
        cv2.circle(canvas, place, radius, color, -1, cv2.LINE_AA, BITS)
        cv2.circle(canvas, place, radius // 2, inner, -1, cv2.LINE_AA, BITS)
