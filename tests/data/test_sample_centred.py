"""Samples of pictures that lie in the middle of their padding."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.data.sample import SampleSettings, load_sample

CENTRED = {
    "min_dim": 64,
    "mask_shape": (4, 4),
    "mode": "square",
    "max_dim": 128,
    "min_scale": 1.0,
    "rounding": "even",
    "place": "centre",
}


def settings(**changed):
    return SampleSettings(**CENTRED, **changed)


def test_a_picture_in_the_middle(squares):
    """40 x 60 becomes 64 x 96 of 128 x 128: 32 rows free above, 16 columns free at the left."""
    sample = load_sample(squares([(1, 0, 0, 15, 30), (-2, 30, 45, 40, 60)]), settings(), 0)
    assert sample["image"].shape == (128, 128, 3)
    assert sample["image_size"].tolist() == [64, 96]
    rows, columns = np.nonzero(sample["image"][..., 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (32, 95, 16, 111)
    expected = np.array([[0, 0, 15, 30], [30, 45, 40, 60]]) * 1.6 + [32, 16, 32, 16]
    np.testing.assert_allclose(sample["gt_boxes"], expected, rtol=1e-6)


@given(seed=st.integers(0, 10**6), scale=st.floats(0.2, 4))
def test_a_scaled_picture_in_the_middle_shows_its_objects_where_the_boxes_say(squares, seed, scale):
    dataset = squares([(1, 10, 20, 24, 40)])
    picture = np.full((40, 60, 3), 40, np.uint8)
    picture[10:24, 20:40] = 255
    dataset.load_image = lambda image_id: picture
    wild = settings(scale_range=(scale, scale * 1.2), rot90=True, flip_lr=0.5, flip_ud=0.5)
    sample = load_sample(dataset, wild, 0, np.random.default_rng(seed))
    height, width = sample["image_size"]
    top, left = (128 - height) // 2, (128 - width) // 2
    real = np.zeros((128, 128), bool)
    real[top : top + height, left : left + width] = True
    np.testing.assert_array_equal(sample["image"][..., 0] > 30, real)
    rows, columns = np.nonzero(sample["image"][..., 0] > 147)
    if len(sample["gt_boxes"]):
        expected = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        assert np.abs(sample["gt_boxes"][0] - expected).max() <= 1


def test_brightness_leaves_the_padding_around_a_picture_in_the_middle_black(squares):
    image = load_sample(squares([]), settings(brightness=0.9), 0, np.random.default_rng(1))["image"]
    assert image[32:96, 16:112].min() > 0
    assert image.sum() == image[32:96, 16:112].sum()
