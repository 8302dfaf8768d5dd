"""From masks to polygons: what pycocotools draws of them is the mask again."""

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mrcnn_keras.data.rasterize import covers
from mrcnn_keras.detections import MaskCrop, crop_mask
from mrcnn_keras.detections.outlines import LEAST_OVERLAP, as_one_polygon, parts_of, rings_of


def drawn(polygons, size):
    flat = [np.asarray(polygon)[:, ::-1].ravel().tolist() for polygon in polygons]
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(flat, *size))).astype(bool)


def ring():
    """A square of 6 x 6 pixels with a hole of 2 x 2, and one of 1 x 2 beside it."""
    mask = np.zeros((8, 12), bool)
    mask[1:7, 1:7] = mask[3, 9:11] = True
    mask[3:5, 3:5] = False
    return mask


def test_holes_and_pieces_are_one_polygon():
    crop = crop_mask(ring())
    (outer, holes), (small, none) = sorted(parts_of(crop), key=lambda part: part[0][0, 1])
    corners = [{tuple(point) for point in points.tolist()} for points in (outer, *holes, small)]
    assert corners == [
        {(1, 1), (1, 7), (7, 7), (7, 1)},
        {(3, 3), (3, 5), (5, 5), (5, 3)},
        {(3, 9), (3, 11), (4, 11), (4, 9)},
    ]
    assert none == []
    whole = as_one_polygon([outer, *holes, small])
    assert len(whole) == 12 + 2 * 2  # both ends of the two lines between them are there twice
    assert np.array_equal(drawn([whole], (8, 12)), ring())
    assert covers([whole], crop, (8, 12))
    assert not covers([outer], crop, (8, 12))
    assert not covers([outer - 2], crop, (8, 12))


@pytest.mark.parametrize("smooth", [False, True])
def test_any_mask_is_drawn_again_from_its_outlines(smooth):
    random = np.random.default_rng(0)
    for _ in range(60):
        size = tuple(random.integers(3, 40, 2).tolist())
        mask = (random.random(size) < random.choice([0.2, 0.5, 0.9])).astype(np.float32)
        mask = cv2.GaussianBlur(mask, (0, 0), 1.5) > 0.5 if smooth else mask > 0
        if not mask.any():
            continue
        crop = crop_mask(mask)
        assert np.array_equal(drawn([as_one_polygon(rings_of(parts_of(crop)))], size), mask)
        pieces = [as_one_polygon([outer, *holes]) for outer, holes in parts_of(crop)]
        assert np.array_equal(drawn(pieces, size), mask)
        simple = drawn([as_one_polygon(rings_of(parts_of(crop, 1.0)))], size)
        assert (simple & mask).sum() / (simple | mask).sum() >= LEAST_OVERLAP


def test_a_circle_needs_few_points_within_the_tolerance():
    y, x = np.mgrid[:200, :200] + 0.5
    crop = crop_mask((y - 100) ** 2 + (x - 100) ** 2 < 80**2)
    exact, half, whole = (len(parts_of(crop, tolerance)[0][0]) for tolerance in (0, 0.5, 1))
    assert exact > 300
    assert 20 < whole < half < 100
    away = np.abs(np.hypot(*(parts_of(crop, 1)[0][0] - 100).T) - 80)
    assert away.max() < 1  # each point lies on the edge
    assert parts_of(MaskCrop(4, 5, np.ones((1, 1), bool)), 1)[0][0].tolist() == [[4, 5], [5, 5], [5, 6], [4, 6]]
