"""The sample of one picture, in numbers that can be checked."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.data import Dataset, make_pipeline
from mrcnn_keras.data.sample import load_sample, mini_mask
from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.errors import UserError
from tests.data.small_config import TURNED, small_config


def rng(seed=0):
    return np.random.default_rng(seed)


def test_min_scale_and_rounding_reach_the_plan(squares):
    plan = {"IMAGE_RESIZE_MODE": "fit", "IMAGE_MIN_DIM": 45, "IMAGE_MAX_DIM": 1000}
    sizes = [
        load_sample(squares([]), small_config(**plan, **more), 0)["image_size"].tolist()
        for more in ({}, {"IMAGE_ROUNDING": "floor"}, {"IMAGE_ROUNDING": "even"}, {"IMAGE_MIN_SCALE": 3})
    ]
    # 60 * 45 / 40 = 67.5
    assert sizes == [[45, 68], [45, 67], [45, 68], [120, 180]]


def test_sample_in_mode_square(squares):
    """40 x 60 doubled would pass 64 at the long side: the factor is 64 / 60."""
    sample = load_sample(squares([(1, 0, 0, 15, 30), (-2, 30, 45, 40, 60)]), small_config(), 0)
    assert sample["image"].shape == (64, 64, 3)
    assert sample["image_size"].tolist() == [43, 64]
    assert sample["image"][42, 63].tolist() == [10, 10, 10]
    assert not sample["image"][43:].any()
    scale = np.array([43 / 40, 64 / 60] * 2)
    expected = np.array([[0, 0, 15, 30], [30, 45, 40, 60]]) * scale
    np.testing.assert_allclose(sample["gt_boxes"], expected, rtol=1e-6)
    assert sample["gt_class_ids"].tolist() == [1, -2]
    assert sample["gt_masks"].shape == (2, 4, 4)
    assert (sample["gt_masks"] == 255).all()
    types = {name: str(value.dtype) for name, value in sample.items()}
    assert types == {
        "image": "uint8",
        "image_size": "int32",
        "gt_boxes": "float32",
        "gt_class_ids": "int32",
        "gt_masks": "uint8",
    }


def test_sample_in_mode_fit(squares):
    sample = load_sample(squares([]), small_config(IMAGE_RESIZE_MODE="fit", IMAGE_MIN_DIM=50, IMAGE_MAX_DIM=100), 0)
    assert sample["image_size"].tolist() == [50, 75]
    assert sample["image"].shape == (64, 96, 3)
    assert sample["gt_boxes"].shape == (0, 4)
    assert sample["gt_class_ids"].shape == (0,)
    assert sample["gt_masks"].shape == (0, 4, 4)


def test_crop_without_rng_shows_the_middle(squares):
    """A window of 32 pixels of a picture doubled is 16 of its own: rows 12 to 28, columns 22 to 38."""
    dataset = squares([(1, 10, 20, 20, 30), (2, 0, 0, 10, 10)])
    sample = load_sample(
        dataset, small_config(IMAGE_RESIZE_MODE="crop", IMAGE_MIN_DIM=32, IMAGE_MAX_DIM=32, IMAGE_SCALE=2.0), 0
    )
    assert sample["image_size"].tolist() == [32, 32]
    assert sample["gt_boxes"].tolist() == [[0, 0, 16, 16]]
    assert sample["gt_class_ids"].tolist() == [1]
    sample = load_sample(dataset, small_config(IMAGE_RESIZE_MODE="crop", IMAGE_MAX_DIM=128), 0)
    assert sample["image_size"].tolist() == [40, 60]
    assert sample["image"].shape == (128, 128, 3)
    assert len(sample["gt_boxes"]) == 2


def test_sample_without_masks(squares):
    sample = load_sample(squares([(1, 0, 0, 15, 30)]), small_config(MASKS=False), 0)
    assert "gt_masks" not in sample
    assert len(sample["gt_boxes"]) == 1


class BoxesOnly(Dataset):
    def __init__(self):
        super().__init__()
        self.add_class("x", 1, "x")
        self.add_image("x", 0, "photos/a.jpg")

    def load_image(self, image_id):
        return np.zeros((64, 64, 3), np.uint8)

    def load_annotations(self, image_id):
        return Detections((64, 64), [[1.5, 2, 30, 40]], [1])


class Mixed(BoxesOnly):
    """An object with a mask beside one with a box only."""

    def load_annotations(self, image_id):
        crop = MaskCrop(0, 0, np.ones((8, 8), bool))
        return Detections((64, 64), [[1.5, 2, 30, 40], [0, 0, 8, 8]], [1, 1], mask_crops=[None, crop])


def test_objects_with_a_box_only_have_masks_of_zeros():
    for options in (), (rng(),):
        sample = load_sample(Mixed(), small_config(), 0, *options)
        assert sample["gt_boxes"].tolist() == [[1.5, 2, 30, 40], [0, 0, 8, 8]]
        assert sample["gt_masks"].max(axis=(1, 2)).tolist() == [0, 255]
    assert "gt_masks" not in load_sample(Mixed(), small_config(MASKS=False), 0)
    batch = next(iter(make_pipeline(Mixed(), small_config(BATCH_SIZE=1))))
    assert batch["gt_masks"].numpy().max(axis=(2, 3)).tolist() == [[0, 255]]


def test_load_sample_refuses_boxes_where_masks_are_needed():
    with pytest.raises(UserError, match="x image 'a.jpg' has boxes but no masks; .* --set MASKS=False"):
        load_sample(BoxesOnly(), small_config(), 0)
    assert load_sample(BoxesOnly(), small_config(MASKS=False), 0)["gt_boxes"].tolist() == [[1.5, 2, 30, 40]]
    turned = load_sample(BoxesOnly(), small_config(MASKS=False, AUGMENT_FLIP_LR=1.0), 0, rng())
    assert turned["gt_boxes"].tolist() == [[1.5, 24, 30, 62]]


def test_same_rng_gives_the_same_sample(squares):
    dataset = squares([(1, 0, 0, 15, 30), (2, 20, 20, 40, 60)])
    wild = small_config(AUGMENT_SCALE=(0.5, 2), AUGMENT_BRIGHTNESS=0.5, **TURNED)
    for seed in range(5):
        first, second = (load_sample(dataset, wild, 0, rng(seed)) for _ in range(2))
        assert all((first[name] == second[name]).all() for name in first)
    assert len({load_sample(dataset, wild, 0, rng(seed))["gt_boxes"].tobytes() for seed in range(5)}) > 1


def test_rng_without_augmentation_changes_nothing(squares):
    dataset = squares([(1, 0, 0, 15, 30), (2, 20, 20, 40, 60)])
    for mode in ("square", "fit"):
        config = small_config(IMAGE_RESIZE_MODE=mode)
        plain, drawn = (load_sample(dataset, config, 0, chance) for chance in (None, rng()))
        assert all((plain[name] == drawn[name]).all() for name in plain)


@pytest.mark.parametrize("mode", ["square", "fit", "crop"])
@given(seed=st.integers(0, 10**6), scale=st.floats(0.1, 8))
def test_objects_stay_inside_the_augmented_picture(squares, mode, seed, scale):
    dataset = squares([(1, 0, 0, 15, 30), (2, 25, 31, 39, 59), (-1, 10, 10, 12, 12)])
    dataset.load_image = lambda image_id: np.full((40, 60, 3), 200, np.uint8)
    wild = small_config(IMAGE_RESIZE_MODE=mode, AUGMENT_SCALE=(scale, scale * 1.5), **TURNED)
    sample = load_sample(dataset, wild, 0, rng(seed))
    height, width = sample["image_size"]
    assert max(height, width) <= 64
    assert (sample["image"][:height, :width] >= 190).all()
    assert not sample["image"][height:].any()
    assert not sample["image"][:, width:].any()
    y1, x1, y2, x2 = sample["gt_boxes"].T
    assert ((y1 >= 0) & (x1 >= 0) & (y2 <= height + 1e-3) & (x2 <= width + 1e-3)).all()
    assert ((y1 < y2) & (x1 < x2)).all()
    if mode != "fit":
        assert sample["image"].shape == (64, 64, 3)


def test_training_windows_have_their_own_scale(squares):
    dataset = squares([(1, 10, 20, 24, 40)])
    config = small_config(IMAGE_RESIZE_MODE="crop", IMAGE_SCALE=1.0, IMAGE_SCALE_TRAINING=0.5)
    learnt, measured = (load_sample(dataset, config, 0, chance)["gt_boxes"][0] for chance in (rng(), None))
    assert (learnt[2:] - learnt[:2]).tolist() == [7, 10]
    assert (measured[2:] - measured[:2]).tolist() == [14, 20]


def test_boxes_agree_with_a_scaled_picture(squares):
    """A white square on black: the box of what is white in the network's picture is the annotated one."""
    dataset = squares([(1, 10, 20, 24, 40)])
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[10:24, 20:40] = 255
    dataset.load_image = lambda image_id: picture
    seen = 0
    for mode in ("square", "crop", "fit"):
        for seed in range(20):
            wild = small_config(IMAGE_RESIZE_MODE=mode, AUGMENT_SCALE=(0.6, 3), **TURNED)
            sample = load_sample(dataset, wild, 0, rng(seed))
            rows, columns = np.nonzero(sample["image"][:, :, 0] > 127)
            if len(sample["gt_boxes"]):
                expected = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
                assert np.abs(sample["gt_boxes"][0] - expected).max() <= 1
                seen += 1
    assert seen > 40


def test_brightness_leaves_the_padding_black(squares):
    bright = small_config(AUGMENT_BRIGHTNESS=0.9)
    values = {load_sample(squares([]), bright, 0, rng(seed))["image"].max() for seed in range(9)}
    assert len(values) > 3
    assert not load_sample(squares([]), bright, 0, rng(1))["image"][43:].any()


def test_max_instances_limits_the_objects(squares):
    dataset = squares([(1, i, 0, i + 1, 10) for i in range(40)])
    few = small_config(MAX_GT_INSTANCES=5)
    first = load_sample(dataset, few, 0)["gt_boxes"][:, 0]
    np.testing.assert_allclose(first, np.arange(5) * 43 / 40, rtol=1e-6)
    drawn = [load_sample(dataset, few, 0, rng(seed))["gt_boxes"][:, 0] for seed in range(30)]
    assert all(len(rows) == 5 and (np.diff(rows) > 0).all() for rows in drawn)
    assert len({row for rows in drawn for row in rows.tolist()}) > 30  # every object is drawn sometimes


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 60), st.integers(1, 60))
def test_a_full_mask_stays_full(height, width, rows, columns):
    assert (mini_mask(np.ones((height, width), bool), (rows, columns)) == 255).all()
    assert mini_mask(np.zeros((height, width), bool), (rows, columns)).tolist() == [[0] * columns] * rows


def test_a_mask_that_shrinks_is_averaged():
    """8 x 4 pixels to 4 x 2 cells of 2 x 2: of 3 in 4 pixels come (255 + 128) / 2, rounded."""
    bits = np.zeros((8, 4), bool)
    bits[:2, :2] = [[1, 1], [1, 0]]
    bits[2:4, 2:] = True
    assert mini_mask(bits, (4, 2)).tolist() == [[192, 0], [0, 255], [0, 0], [0, 0]]


def test_a_mask_that_grows_is_interpolated_between_pixel_centres():
    """Two pixels over four cells: centres at 0.25, 0.75, 1.25, 1.75 pixels."""
    assert mini_mask(np.array([[True, False]]), (1, 4)).tolist() == [[255, 191, 64, 0]]
    assert mini_mask(np.array([[True], [False]]), (4, 1))[:, 0].tolist() == [255, 191, 64, 0]


def test_a_mask_that_shrinks_along_one_axis_and_grows_along_the_other():
    bits = np.zeros((8, 2), bool)
    bits[:4, 0] = True
    assert mini_mask(bits, (2, 4)).tolist() == [[255, 191, 64, 0], [0, 0, 0, 0]]


def test_a_mini_mask_pasted_back_is_the_mask():
    """A disc of 31 pixels as 28 x 28 cells and back differs from itself at its edge only."""
    y, x = np.mgrid[:31, :31] - 15
    disc = np.hypot(y, x) <= 15.5
    back = cv2.resize(mini_mask(disc, (28, 28)), (31, 31), interpolation=cv2.INTER_LINEAR) >= 128
    assert (back & disc).sum() / (back | disc).sum() > 0.97


def centred(**changed):
    return small_config(
        IMAGE_MAX_DIM=128, IMAGE_MIN_SCALE=1.0, IMAGE_ROUNDING="even", IMAGE_PAD_PLACE="centre", **changed
    )


def test_centred_padding(squares):
    """40 x 60 becomes 64 x 96 of 128 x 128: 32 rows free above, 16 columns free at the left."""
    sample = load_sample(squares([(1, 0, 0, 15, 30), (-2, 30, 45, 40, 60)]), centred(), 0)
    assert sample["image"].shape == (128, 128, 3)
    assert sample["image_size"].tolist() == [64, 96]
    rows, columns = np.nonzero(sample["image"][..., 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (32, 95, 16, 111)
    expected = np.array([[0, 0, 15, 30], [30, 45, 40, 60]]) * 1.6 + [32, 16, 32, 16]
    np.testing.assert_allclose(sample["gt_boxes"], expected, rtol=1e-6)


@given(seed=st.integers(0, 10**6), scale=st.floats(0.2, 4))
def test_boxes_agree_with_a_scaled_and_centred_picture(squares, seed, scale):
    dataset = squares([(1, 10, 20, 24, 40)])
    picture = np.full((40, 60, 3), 40, np.uint8)
    picture[10:24, 20:40] = 255
    dataset.load_image = lambda image_id: picture
    wild = centred(AUGMENT_SCALE=(scale, scale * 1.2), **TURNED)
    sample = load_sample(dataset, wild, 0, rng(seed))
    height, width = sample["image_size"]
    top, left = (128 - height) // 2, (128 - width) // 2
    real = np.zeros((128, 128), bool)
    real[top : top + height, left : left + width] = True
    np.testing.assert_array_equal(sample["image"][..., 0] > 30, real)
    rows, columns = np.nonzero(sample["image"][..., 0] > 147)
    if len(sample["gt_boxes"]):
        expected = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        assert np.abs(sample["gt_boxes"][0] - expected).max() <= 1


def test_brightness_leaves_centred_padding_black(squares):
    image = load_sample(squares([]), centred(AUGMENT_BRIGHTNESS=0.9), 0, rng(1))["image"]
    assert image[32:96, 16:112].min() > 0
    assert image.sum() == image[32:96, 16:112].sum()
