"""What holds for all generated datasets."""

import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mrcnn_keras.data.generated import ShapesDataset, StickFiguresDataset
from mrcnn_keras.data.generated.painting import PHOTOGRAPHS, photographs
from mrcnn_keras.errors import UserError

KINDS = pytest.mark.parametrize("kind", [ShapesDataset, StickFiguresDataset])


@KINDS
def test_generated_picture_is_a_function_of_seed_and_index(kind):
    few, many = kind(count=3, seed=7), kind(count=30, seed=7)
    many.load_example(29)  # what was made before does not matter
    np.testing.assert_array_equal(few.load_image(2), many.load_image(2))
    for one, other in zip(few.load_mask(2), many.load_mask(2), strict=True):
        np.testing.assert_array_equal(one, other)
    assert str(few.load_keypoints(2)) == str(many.load_keypoints(2))


@KINDS
def test_generated_pictures_differ_across_indices_and_seeds(kind):
    sets = [kind(count=40, seed=seed) for seed in (0, 1, 40)]
    pictures = {data.load_image(i).tobytes() for data in sets for i in data.image_ids}
    assert len(pictures) == 3 * 40


@KINDS
def test_threads_generate_the_same_pictures(kind):
    data = kind(count=24)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(data.load_image, data.image_ids))
    for i, image in enumerate(together):
        np.testing.assert_array_equal(image, data.load_image(i))


def test_photographs_need_no_download(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    photographs.cache_clear()
    assert [image.shape[2] for image in photographs()] == [3] * len(PHOTOGRAPHS)


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (ShapesDataset, {"count": 0}, r"ShapesDataset\(count=0"),
        (ShapesDataset, {"seed": -3}, "seed=-3"),
        (ShapesDataset, {"image_size": (128,)}, r"image_size=\(128,\)"),
        (ShapesDataset, {"image_size": (128, 8)}, "each 32 or more"),
        (StickFiguresDataset, {"image_size": (32, 64)}, "each 64 or more"),
        (ShapesDataset, {"min_shapes": 5, "max_shapes": 2}, "min_shapes <= max_shapes"),
        (StickFiguresDataset, {"min_figures": 3, "max_figures": 2}, r"StickFiguresDataset.*min_figures <= max_figures"),
    ],
)
def test_generated_datasets_refuse_numbers_out_of_range(kind, wrong, message):
    with pytest.raises(UserError, match=message):
        kind(**wrong)
