"""Free rotation, shear, scaling and shifts: one matrix for the picture, its masks, boxes and keypoints.

A matrix is [2, 3] and takes (x, y, 1) of the old picture to (x, y) of the new one, in pixels from the outer corner:
pixel i spans [i, i + 1), as everywhere here. OpenCV counts from the middle of the first pixel instead.
"""

import cv2
import numpy as np

from mrcnn_keras.data.augment.keypoints import keypoints_inside
from mrcnn_keras.data.augment.moves import crops_moved, moved, points_moved, seen_enough
from mrcnn_keras.detections import MaskCrop


def turning_matrix(size, angle, shear=(0.0, 0.0)):
    """The matrix that shears a picture of (height, width) `size` and turns it counter-clockwise about its middle.

    angle, shear: degrees; the second shear leans columns (x grows with y), the first leans rows, as (y, x) elsewhere.
    """
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    lean_y, lean_x = np.tan(np.deg2rad(shear))
    linear = np.array([[cos, sin], [-sin, cos]]) @ np.array([[1, lean_x], [lean_y, 1]])
    middle = np.array([size[1], size[0]]) / 2
    return np.column_stack([linear, middle - linear @ middle])


def warp(image, found, matrix, size=None, fill=(0, 0, 0)):
    """The picture and its instances after an affine map, in a picture of (height, width) `size`; None: as large.

    Each mask is interpolated as the picture is and belongs to the pixels of which it covers half, and boxes are tight
    around masks. An object with a box only gets the tight box of its turned corners, which is larger than the object
    unless its sides stay upright. Objects of which almost nothing is left inside are dropped (`seen_enough`), and
    keypoints outside are no longer annotated. fill: (R, G, B), 0 to 255, where nothing of the picture is.
    """
    size = found.size if size is None else size
    matrix = np.asarray(matrix, np.float64)
    image = _warped(image, matrix, size, [float(value) for value in fill])
    whole = _boxes_after(found.boxes, matrix)
    boxes = np.clip(whole, 0, np.float32(size * 2))
    crops = crops_moved(found, lambda c: _warped_crop(c, matrix, size))
    points = points_moved(found, lambda p: keypoints_inside(_points_after(p, matrix), size))
    shrinking = abs(np.linalg.det(matrix[:, :2]))
    areas = np.where(found.has_mask, found.areas * shrinking, np.prod(whole[:, 2:] - whole[:, :2], axis=1))
    return image, seen_enough(moved(found, boxes, crops, points, size), areas)


def _warped(pixels, matrix, size, fill=0):
    """An array [h, w] or [h, w, 3] after the map; what shrinks is averaged first, so that no pixel is skipped."""
    shrinking = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if shrinking < 1:
        sides = [max(1, round(side * shrinking)) for side in pixels.shape[:2]]
        factors = np.array([pixels.shape[1] / sides[1], pixels.shape[0] / sides[0]])
        pixels = cv2.resize(np.ascontiguousarray(pixels), sides[::-1], interpolation=cv2.INTER_AREA)
        matrix = matrix * [*factors, 1]
    linear = matrix[:, :2]
    of_middles = np.column_stack([linear, matrix[:, 2] + linear @ (0.5, 0.5) - 0.5])
    how = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_CONSTANT, "borderValue": fill}
    return cv2.warpAffine(np.ascontiguousarray(pixels), of_middles, (size[1], size[0]), **how)


def _warped_crop(c, matrix, size):
    """A MaskCrop after the map: only the part of the new picture where it can be is computed."""
    y1, x1, y2, x2 = _boxes_after(np.array([c.box]), matrix)[0]
    top, left = (int(np.clip(np.floor(low), 0, side)) for low, side in zip((y1, x1), size, strict=True))
    bottom, right = (int(np.clip(np.ceil(high), 0, side)) for high, side in zip((y2, x2), size, strict=True))
    if bottom <= top or right <= left or not c.bits.size:
        return MaskCrop(top, left, np.zeros((0, 0), bool))
    own = matrix.copy()  # from the pixels of the crop to those of the window
    own[:, 2] += matrix[:, :2] @ (c.left, c.top) - (left, top)
    covered = _warped(np.where(c.bits, np.uint8(255), np.uint8(0)), own, (bottom - top, right - left))
    return MaskCrop(top, left, covered >= 128)


def _boxes_after(boxes, matrix):
    """[N, 4] -> the tight boxes of the mapped corners, [N, 4] float32."""
    y1, x1, y2, x2 = np.asarray(boxes, np.float64).T
    corners = np.moveaxis(np.array([[x1, x2, x2, x1], [y1, y1, y2, y2]]), 0, -1)  # [4, N, (x, y)]
    corners = corners @ matrix[:, :2].T + matrix[:, 2]
    low, high = corners.min(axis=0), corners.max(axis=0)
    return np.column_stack([low[:, ::-1], high[:, ::-1]]).astype(np.float32)


def _points_after(points, matrix):
    """Keypoints after the map; those not annotated stay zeros."""
    xy = points[..., 1::-1].astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    mapped = np.concatenate([xy[..., ::-1], points[..., 2:]], axis=-1).astype(np.float32)
    return np.where(points[..., 2:] > 0, mapped, np.float32(0))
