"""Rotation, shear and scaling, against the same map of each pixel in float64."""

import numpy as np
import pytest

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections, MaskCrop
from tests.data.augment.examples import example, without_masks


def sampled(mask, matrix):
    """[H, W] bool -> how much of it each new pixel shows: four neighbours of its middle, in float64."""
    height, width = mask.shape
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    y, x = np.mgrid[:height, :width] + 0.5
    old_x, old_y, _ = np.einsum("ij,jhw->ihw", inverse, np.stack([x, y, np.ones_like(x)]))
    padded = np.pad(mask.astype(float), 2)
    left, top = np.floor(old_x - 0.5), np.floor(old_y - 0.5)
    found = np.zeros(mask.shape)
    for dy in (0, 1):
        for dx in (0, 1):
            weight = (1 - np.abs(old_y - 0.5 - top - dy)) * (1 - np.abs(old_x - 0.5 - left - dx))
            rows, columns = np.clip(top + dy + 2, 0, height + 3), np.clip(left + dx + 2, 0, width + 3)
            found += weight * padded[rows.astype(int), columns.astype(int)]
    return found


@pytest.mark.parametrize(("angle", "shear"), [(20, (0, 0)), (-75, (0, 0)), (0, (0, 25)), (0, (-15, 0)), (40, (5, -9))])
def test_masks_are_warped_as_in_float64(angle, shear):
    """But for pixels that are covered by half, up to the 1/32 pixel that OpenCV counts in."""
    image, found = example(seed=3, size=(40, 50), count=5)
    matrix = augment.turning_matrix((40, 50), angle, shear)
    moved = augment.warp(image, found, matrix)[1]
    expected = [sampled(found.mask(i), matrix) for i in range(len(found))]
    assert len(moved) > 2
    compared = 0
    for i in range(len(moved)):  # objects may have been dropped
        covered = min(expected, key=lambda e, i=i: np.abs(e - moved.mask(i)).sum())
        clear = np.abs(covered - 0.5) > 0.1
        np.testing.assert_array_equal(moved.mask(i)[clear], covered[clear] > 0.5)
        compared += np.count_nonzero(covered[clear] > 0.5)
    assert compared > 50


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_those_of_pixels(turns):
    image, found = example(seed=1, size=(14, 14))
    expected_image, expected = augment.rot90(image, found, turns)
    turned_image, turned = augment.warp(image, found, augment.turning_matrix((14, 14), 90 * turns))
    assert (turned_image == expected_image).all()
    assert (turned.masks == expected.masks).all()
    assert (turned.boxes == expected.boxes).all()
    boxes = augment.warp(image, without_masks(found), augment.turning_matrix((14, 14), 90 * turns))[1]
    np.testing.assert_allclose(boxes.boxes, expected.boxes, atol=1e-5)


def test_the_first_shear_leans_rows_and_the_second_columns():
    """45 degrees: x grows by as much as y does from the middle."""
    assert augment.turning_matrix((10, 10), 0, (0, 45)).round(6).tolist() == [[1, 1, -5], [0, 1, 0]]
    assert augment.turning_matrix((10, 10), 0, (45, 0)).round(6).tolist() == [[1, 0, 0], [1, 1, -5]]


def test_the_box_of_an_object_without_a_mask_is_that_of_its_corners():
    """A square of 20 turned by 45 degrees about its middle is 20 * sqrt(2) wide."""
    found = Detections((60, 60), [[20, 20, 40, 40]], [1])
    turned = augment.warp(np.zeros((60, 60, 3), np.uint8), found, augment.turning_matrix((60, 60), 45))[1]
    half = 10 * np.sqrt(2)
    np.testing.assert_allclose(turned.boxes, [[30 - half, 30 - half, 30 + half, 30 + half]], rtol=1e-5)
    assert turned.mask_crops is None


def test_what_leaves_the_picture_is_dropped_but_a_crowd_only_without_a_pixel():
    bits = np.ones((20, 20), bool)
    found = Detections((40, 40), [[0, 0, 20, 20]] * 2, [1, -1], mask_crops=[MaskCrop(0, 0, bits)] * 2)
    image = np.zeros((40, 40, 3), np.uint8)
    up = augment.warp(image, found, [[1, 0, -5], [0, 1, -19]])[1]  # 15 pixels are left, under 10 % and under 16
    assert up.class_ids.tolist() == [-1]
    assert up.boxes.tolist() == [[0, 0, 1, 15]]
    assert len(augment.warp(image, found, [[1, 0, 0], [0, 1, -20]])[1]) == 0


def test_keypoints_follow_the_matrix():
    points = [[(10, 20, 2), (39, 59, 1), (0, 0, 0)]]
    found = Detections((40, 60), [[5, 5, 30, 40]], [1], keypoints=points)
    moved = augment.warp(np.zeros((40, 60, 3), np.uint8), found, [[0.5, 0, 3], [0, 0.5, 1]])[1]
    assert moved.keypoints.tolist() == [[[6, 13, 2], [20.5, 32.5, 1], [0, 0, 0]]]
    away = augment.warp(np.zeros((40, 60, 3), np.uint8), found, [[1, 0, 5], [0, 1, 5]])[1]
    assert away.keypoints.tolist() == [[[15, 25, 2], [0, 0, 0], [0, 0, 0]]]


def test_a_picture_that_shrinks_is_averaged():
    """Stripes of one pixel, black and white, become grey at a third of the size, and the fill is as it was given."""
    image = np.zeros((90, 90, 3), np.uint8)
    image[::2] = 255
    empty = Detections((90, 90), [], [], mask_crops=())
    small, found = augment.warp(image, empty, [[1 / 3, 0, 30], [0, 1 / 3, 30]], fill=(1, 2, 3))
    assert small[32:58, 32:58].min() > 80
    assert small[32:58, 32:58].max() < 175
    assert small[0, 0].tolist() == [1, 2, 3]
    assert len(found) == 0
