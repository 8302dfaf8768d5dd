"""From masks to the polygons of labelling tools: along the pixels, or simplified; holes and pieces in one polygon."""

import cv2
import numpy as np
from pycocotools import mask as coco_mask

LEAST_OVERLAP = 0.98  # IoU of a mask and its simplified outlines
CHUNK = 256  # points whose distances to all others are in memory at once


def parts_of(crop, tolerance=0.0):
    """The outlines of a mask.

    Args:
        crop: `MaskCrop` with at least one pixel.
        tolerance: Float, pixels that a simplified outline may lie beside the edge of the mask; 0 follows each pixel.
            Where simplified outlines would cover another shape, as for objects of a few pixels, it is made smaller.

    Returns:
        List of pieces, each a tuple (outer outline, list of outlines of its holes), `[K, (y, x)]` float64, pixels.
    """
    exact = crop.parts()
    for finer in (1, 2, 4) if tolerance else ():
        parts = [
            (_simplified(outer, tolerance / finer), [_simplified(hole, tolerance / finer) for hole in holes])
            for outer, holes in exact
        ]
        if _overlap(parts, crop) >= LEAST_OVERLAP:
            return parts
    return [(outer.astype(float), [hole.astype(float) for hole in holes]) for outer, holes in exact]


def as_one_polygon(rings):
    """Joins outlines, of pieces and of holes alike, by the shortest lines from one to the next.

    The line is there twice, there and back, so that it has no area: whoever fills what is inside an odd number of
    times, as pycocotools, OpenCV and Pillow do, fills the pieces without the holes.

    Args:
        rings: List of `[K, (y, x)]`.

    Returns:
        `[K, (y, x)]` float64.
    """
    path, *others = rings = [np.asarray(ring, float) for ring in rings]
    points = np.concatenate([np.zeros((0, 2)), *others])  # of the rings that are not joined yet
    ring_of = np.repeat(np.arange(1, len(rings)), [len(ring) for ring in others])
    place_in = np.concatenate([np.zeros(0, int), *(np.arange(len(ring)) for ring in others)])
    distance, nearest = np.full(len(points), np.inf), np.zeros_like(points)  # to the path, and the point there
    joined = path
    while len(points):
        for some in np.array_split(joined, len(joined) // CHUNK + 1):
            distances = ((points[:, None] - some) ** 2).sum(axis=2)
            closest = distances.argmin(axis=1)
            found = distances[np.arange(len(points)), closest]
            closer = found < distance
            distance[closer], nearest[closer] = found[closer], some[closest[closer]]
        first = int(distance.argmin())
        joined, there = rings[ring_of[first]], place_in[first]
        here = int(np.all(path == nearest[first], axis=1).argmax())
        path = np.concatenate([path[: here + 1], joined[there:], joined[: there + 1], path[here:]])
        left = ring_of != ring_of[first]
        points, ring_of, place_in, distance, nearest = (a[left] for a in (points, ring_of, place_in, distance, nearest))
    return path


def rings_of(parts):
    """All outlines of `parts_of` in one list."""
    return [ring for outer, holes in parts for ring in (outer, *holes)]


def plain_points(polygon):
    """`[K, (y, x)]` -> [[x, y], ...] for a file."""
    return np.asarray(polygon, float)[:, ::-1].tolist()


def _simplified(ring, tolerance):
    """Fewer points: only those middles of pixel edges that are needed. A few pixels keep their corners."""
    steps = np.roll(ring, -1, axis=0) - ring
    lengths = np.abs(steps).sum(axis=1).astype(int)
    number = np.repeat(np.arange(len(ring)), lengths)
    along = np.arange(len(number)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 0.5
    middles = ring[number] + steps[number] / lengths[number, None] * along[:, None]
    points = cv2.approxPolyDP(middles.astype(np.float32), tolerance, closed=True)[:, 0]
    return (points if len(points) > 2 else ring).astype(float)


def _overlap(parts, crop):
    """IoU of outlines and the mask that they are of."""
    margin = 2
    size = [side + 2 * margin for side in crop.bits.shape]
    rings = [ring - (crop.top - margin, crop.left - margin) for ring in rings_of(parts)]
    drawn = coco_mask.frPyObjects([as_one_polygon(rings)[:, ::-1].ravel().tolist()], *size)
    mask = np.pad(crop.bits, margin).astype(np.uint8, order="F")
    return float(coco_mask.iou(drawn, [coco_mask.encode(mask)], [0])[0, 0])
