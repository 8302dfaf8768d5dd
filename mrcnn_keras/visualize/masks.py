"""Paints masks into a picture: a see-through colour, and outlines."""

import cv2
import numpy as np

from mrcnn_keras.errors import UserError


def apply_mask(image, mask, color, alpha=0.5):
    """Mixes a colour into a picture where a mask is true, in place: the function of Matterport's package.

    Args:
        image: `[H, W, 3]` array of any type with values from 0 to 255; it is changed.
        mask: `[H, W]` bool, or 0 and 1.
        color: (red, green, blue) floats, 0 to 1, as from `random_colors`.
        alpha: Float, 0 to 1, share of the colour.

    Returns:
        `image`.

    Raises:
        UserError: If mask and picture have different sizes.
    """
    mask = np.asarray(mask) == 1
    if mask.shape != image.shape[:2]:
        raise UserError(f"mask of shape {mask.shape} for a picture of shape {image.shape}; give [height, width]")
    image[mask] = image[mask] * (1 - alpha) + np.multiply(color[:3], 255 * alpha)
    return image


def paint_mask(canvas, crop, color, *, alpha, line, zoom=1):
    """Fills a mask, then draws its outline, holes included, into `canvas`.

    canvas: [H, W, 3] uint8, `zoom` times as large as the photograph of `crop`. color: [3] uint8. alpha: 0 to 1. line:
    width of the outline, pixels of the canvas; 0: none. Enlarged edges are smoothed.
    """
    if not crop.bits.any():
        return
    mask = crop.bits.view(np.uint8)
    if zoom > 1:
        framed = np.pad(mask * np.uint8(255), 1)
        enlarged = cv2.resize(framed, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
        mask = (enlarged[zoom:-zoom, zoom:-zoom] > 127).view(np.uint8)
    mask = np.ascontiguousarray(mask)
    top, left = crop.top * zoom, crop.left * zoom
    if alpha:
        region = canvas[top : top + mask.shape[0], left : left + mask.shape[1]]
        levels = np.arange(256)[:, None] * (1 - alpha) + np.asarray(color, float) * alpha
        mixed = cv2.LUT(np.ascontiguousarray(region), np.rint(levels).astype(np.uint8)[None])
        cv2.copyTo(mixed, mask, region)
    if line:
        contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(canvas, contours, -1, np.asarray(color).tolist(), line, offset=(left, top))
