"""What people draw in labelling tools, as records hold it: curves as polygons, holes and masks as run lengths."""

import itertools
import math

import numpy as np
from pycocotools import mask as coco_mask

from mrcnn_keras.data.formats.coco_keypoints import as_whole, finite_numbers
from mrcnn_keras.data.images import MAX_PIXELS
from mrcnn_keras.data.rasterize import rle_of_polygons, run_lengths
from mrcnn_keras.detections import MaskCrop
from mrcnn_keras.errors import UserError

# Pixels between a curve and its polygon: half of the grid of 1/5 pixel to which pycocotools rounds outlines.
MAX_ERROR = 0.1
LARGEST = 1e9  # pixels
MIN_POINTS, MAX_POINTS = 12, 720  # of a curve; 720 keep MAX_ERROR up to a radius of 15,700 pixels


def points_of(pairs):
    """[[x, y], ...] -> [K, (y, x)] float64. Raises UserError for anything else."""
    try:
        points = np.asarray(pairs, np.float64)
    except (TypeError, ValueError, OverflowError):
        points = np.zeros(0)
    if points.ndim != 2 or points.shape[1] != 2 or not (np.abs(points) <= LARGEST).all():
        raise UserError(f"the points are {str(pairs)[:60]}; write [[x, y], ...], finite numbers")
    return points[:, ::-1]


def box_around(points):
    """[K, (y, x)] -> (y1, x1, y2, x2)."""
    return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def ellipse(centre, radii, angle=0.0):
    """An ellipse as a polygon of the same area, nowhere further than MAX_ERROR from it.

    Its n corners lie a little outside: by r pi^2 / 3 n^2 for the radius r, and the middles of its sides half as far
    inside. So n = pi sqrt(r / 3 MAX_ERROR), such as 58 for a radius of 100 pixels.

    centre: (y, x). radii: (ry, rx), positive, of the ellipse before it is turned. angle: by which it is turned from the
    x axis towards the y axis, in radians. Returns [K, (y, x)] float64. Raises UserError for other numbers.
    """
    values = finite_numbers([*centre, *radii, angle])
    if values is None or values[2:4].min() <= 0 or np.abs(values).max() > LARGEST:
        given = f"{str(centre)[:60]} with the radii {str(radii)[:60]}"
        raise UserError(f"the centre (y, x) is {given}; write finite numbers, radii above 0")
    *centre, height, width, angle = values.tolist()
    radii = height, width
    count = math.ceil(min(MAX_POINTS, max(MIN_POINTS, math.pi * math.sqrt(max(radii) / (3 * MAX_ERROR)))))
    turn = 2 * math.pi / count
    scale = math.sqrt(turn / math.sin(turn))
    down = radii[0] * scale * np.sin(turn * np.arange(count))
    right = radii[1] * scale * np.cos(turn * np.arange(count))
    y = centre[0] + down * math.cos(angle) + right * math.sin(angle)
    x = centre[1] + right * math.cos(angle) - down * math.sin(angle)
    return np.stack([y, x], axis=1)


def size_of(height, width):
    """(height, width) in pixels, or None if they are not whole numbers above 0. Raises UserError for a huge picture."""
    height, width = as_whole(height), as_whole(width)
    if height is None or width is None or min(height, width) <= 0:
        return None
    if height * width > MAX_PIXELS:
        raise UserError(f"the picture has {height} x {width} pixels (height x width); cut it into smaller ones")
    return height, width


def outline(steps, size):
    """What is drawn, and cut out of what was drawn before, in this order -> polygons or run lengths of a record.

    steps: pairs of a shape, [K, (y, x)] or MaskCrop, and whether it is cut out. size: (height, width) of the picture;
    may be None where nothing is cut out and there is no MaskCrop. Returns a dict, keys as in records.Annotation.
    Raises UserError for points far outside the picture and masks outside it.
    """
    if not any(cut or isinstance(shape, MaskCrop) for shape, cut in steps):
        return {"polygons": tuple(shape for shape, _ in steps)}
    if size is None:
        raise UserError("the size of the picture is not known; write its height and width")
    whole = _rle([size[0] * size[1]], size)
    for cut, group in itertools.groupby(steps, lambda step: step[1]):
        drawn = coco_mask.merge([_drawn(shape, size) for shape, _ in group])
        whole = coco_mask.merge([whole, _inverted(drawn, size) if cut else drawn], intersect=cut)
    return {"counts": whole["counts"].decode("ascii")}


def _drawn(shape, size):
    if not isinstance(shape, MaskCrop):
        return rle_of_polygons([shape], size)
    top, left, bottom, right = shape.box
    if top < 0 or left < 0 or bottom > size[0] or right > size[1]:
        raise UserError(
            f"a mask covers the rows {top} to {bottom} and the columns {left} to {right}, but the picture is "
            f"{size[0]} x {size[1]} pixels (height x width); export it again"
        )
    return shape.rle(*size)


def _inverted(rle, size):
    runs = run_lengths(rle["counts"]).tolist()
    return _rle(runs[1:] if runs[:1] == [0] else [0, *runs], size)


def _rle(runs, size):
    return coco_mask.frPyObjects({"size": list(size), "counts": runs}, *size)
