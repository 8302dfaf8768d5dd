"""Curves become polygons of the same area, and what is cut out or painted becomes run lengths."""

import numpy as np
import pytest

from mrcnn_keras.data.formats import shapes
from mrcnn_keras.data.rasterize import crop_from_rle
from mrcnn_keras.detections import MaskCrop
from mrcnn_keras.errors import UserError

SQUARE = np.array([(2, 2), (2, 8), (8, 8), (8, 2)], float)
SMALL = np.array([(4, 4), (4, 6), (6, 6), (6, 4)], float)


def area(polygon):
    y, x = polygon.T
    return abs(y @ np.roll(x, 1) - x @ np.roll(y, 1)) / 2


@pytest.mark.parametrize(("radius", "points"), [(1, 12), (10, 19), (100, 58), (1000, 182), (15_000, 703)])
def test_a_circle_has_its_area_and_strays_at_most_a_tenth_of_a_pixel(radius, points):
    polygon = shapes.ellipse((50, 70), (radius, radius))
    assert len(polygon) == points
    assert area(polygon) == pytest.approx(np.pi * radius**2, rel=1e-9)
    middles = (polygon + np.roll(polygon, 1, axis=0)) / 2
    distances = np.hypot(*(np.concatenate([polygon, middles]) - (50, 70)).T) - radius
    assert -0.1 <= distances.min() < 0 < distances.max() <= 0.1


def test_an_ellipse_is_turned_from_the_x_axis_towards_the_y_axis():
    flat, turned = shapes.ellipse((5, 6), (1, 4)), shapes.ellipse((5, 6), (1, 4), np.pi / 2)
    assert np.allclose(shapes.box_around(flat), (4, 2, 6, 10), atol=0.1)
    assert np.allclose(shapes.box_around(turned), (1, 5, 9, 7), atol=0.1)
    slanted = shapes.ellipse((0, 0), (1, 4), np.pi / 4)
    assert (slanted[0] > 2).all()
    assert area(slanted) == pytest.approx(4 * np.pi)


@pytest.mark.parametrize(
    "radii", [(0, 1), (-1, 1), (float("nan"), 1), (1e308, 1e308), (None, 1), ("x", 1), (10**400, 1)]
)
def test_a_circle_needs_a_radius(radii):
    with pytest.raises(UserError, match="radii above 0"):
        shapes.ellipse((1, 2), radii)


@pytest.mark.parametrize("pairs", [None, [], [1, 2], [[1, 2, 3]], [[1], [2, 3]], [["a", 1]], [[1, float("inf")]]])
def test_points_are_pairs_of_numbers(pairs):
    with pytest.raises(UserError, match="write .*x, y"):
        shapes.points_of(pairs)
    assert shapes.points_of([[1, 2], ["3", 4.5]]).tolist() == [[2, 1], [4.5, 3]]


def test_a_size_is_two_whole_numbers():
    assert shapes.size_of("20", 30.0) == (20, 30)
    assert shapes.size_of(0, 3) is shapes.size_of(None, 3) is shapes.size_of(2.5, 3) is None
    with pytest.raises(UserError, match="cut it into smaller ones"):
        shapes.size_of(10**6, 10**6)


def drawn(steps):
    return crop_from_rle(shapes.outline(steps, (10, 10))["counts"], (10, 10)).bits


def test_shapes_alone_stay_polygons():
    assert shapes.outline([(SQUARE, False), (SMALL, False)], None) == {"polygons": (SQUARE, SMALL)}


def test_a_hole_is_cut_out_of_what_was_drawn_before():
    assert drawn([(SQUARE, False), (SMALL, True)]).sum() == 36 - 4
    assert drawn([(SQUARE, False), (SMALL, True), (SMALL, False)]).sum() == 36
    assert drawn([(SMALL, False), (SMALL + 1, True)]).tolist() == [[True, True], [True, False]]


def test_masks_and_polygons_are_joined():
    bits = np.array([[True, False, True]])
    mask = drawn([(SQUARE, False), (MaskCrop(0, 7, bits), False)])
    assert mask.sum() == 36 + 2
    assert mask.shape == (8, 8)
    assert drawn([(SQUARE, False), (MaskCrop(7, 5, bits), True)])[5].tolist() == [True, True, True, False, True, False]


def test_masks_outside_the_picture_and_of_unknown_pictures_are_refused():
    crop = MaskCrop(8, 8, np.ones((3, 1), bool))
    with pytest.raises(UserError, match="covers the rows 8 to 11"):
        shapes.outline([(crop, False)], (10, 10))
    with pytest.raises(UserError, match="the size of the picture is not known"):
        shapes.outline([(crop, False)], None)
    with pytest.raises(UserError, match="far outside"):
        shapes.outline([(SQUARE * 100, False), (SMALL, True)], (10, 10))
