"""Shapes of masks, against what a ruler says."""

import numpy as np
import pytest

from mrcnn_keras.detections import Detections, crop_mask


def lying_bar_turned(degrees, length=80, width=20, side=120):
    """[side, side] bool: a bar that lies in the middle, turned counter-clockwise."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    angle = np.radians(degrees)
    along, across = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    return (abs(along) <= length / 2) & (abs(across) <= width / 2)


@pytest.mark.parametrize("degrees", [0, 30, 60, -30])
def test_axes_of_a_bar(degrees):
    found = Detections.from_masks(lying_bar_turned(degrees)[..., None], [1])
    measured = {name: values.item() for name, values in found.region_properties().items()}
    # The ellipse with the second moment a**2 / 12 of a side a has the axis 4 * a / 12**0.5.
    assert measured["major_axis"] == pytest.approx(4 * 80 / 12**0.5, rel=0.02)
    assert measured["minor_axis"] == pytest.approx(4 * 20 / 12**0.5, rel=0.04)
    from_vertical = (degrees + 90 + 90) % 180 - 90
    assert abs((measured["orientation"] - from_vertical + 90) % 180 - 90) < 1
    assert measured["perimeter"] == pytest.approx(2 * (80 + 20), rel=0.06)


def test_orientation_is_counter_clockwise_from_the_vertical():
    rows, columns = np.mgrid[:50, :50]
    rising = abs(rows + columns - 49) < 4  # from lower left to upper right
    found = Detections.from_masks(np.stack([rising, rising[:, ::-1]], axis=-1), [1, 1])
    np.testing.assert_allclose(np.abs(found.region_properties()["orientation"]), 45, atol=1)
    assert np.diff(np.sign(found.region_properties()["orientation"])) != 0


def test_pieces_count_together_and_a_box_alone_has_no_shape():
    mask = np.zeros((40, 60), bool)
    mask[10:20, 5:15] = mask[10:20, 45:55] = True
    found = Detections((40, 60), np.array([[10, 5, 20, 55]] * 2, np.float32), [1, 1], None, [crop_mask(mask), None])
    measured = found.region_properties()
    # Two squares of 10, their middles 40 apart: 20**2 between them, and 10**2 / 12 in each.
    assert measured["major_axis"][0] == pytest.approx(4 * (20**2 + 10**2 / 12) ** 0.5, rel=0.01)
    assert all(np.isnan(values[1]) for values in measured.values())
    assert Detections.empty((40, 60)).region_properties()["perimeter"].shape == (0,)
