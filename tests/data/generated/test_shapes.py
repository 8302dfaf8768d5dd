"""Generated shapes."""

import numpy as np
import pytest

from mrcnn_keras.data.generated import ShapesDataset
from mrcnn_keras.data.generated.generated_dataset import MIN_PIXELS
from mrcnn_keras.data.generated.shapes import DIAMETER, SHAPES, outline_area, outline_distance


def test_shapes_have_three_classes_and_the_usual_types():
    data = ShapesDataset(count=3, image_size=(64, 96))
    assert data.class_names == ["BG", "circle", "square", "triangle"]
    assert list(data.image_ids) == [0, 1, 2]
    image = data.load_image(2)
    assert (image.shape, image.dtype) == ((64, 96, 3), np.uint8)
    masks, class_ids = data.load_mask(2)
    assert (masks.shape, masks.dtype) == ((64, 96, len(class_ids)), bool)
    assert class_ids.dtype == np.int32
    assert set(class_ids) <= {1, 2, 3}


def test_number_of_shapes_is_as_asked():
    data = ShapesDataset(count=400, image_size=(128, 160), min_shapes=2, max_shapes=4)
    counts = np.bincount([len(data.load_mask(i)[1]) for i in data.image_ids])
    assert len(counts) == 5
    assert counts[1] == 0
    assert 4 <= counts[0] <= 24  # about 3 %
    assert counts[2:].min() > 90


def test_pictures_without_shapes():
    data = ShapesDataset(count=2, min_shapes=0, max_shapes=0)
    masks, class_ids = data.load_mask(1)
    assert masks.shape == (128, 128, 0)
    assert class_ids.shape == (0,)
    assert len(data.load_annotations(1)) == 0


def test_masks_of_shapes_are_disjoint_and_large_enough():
    data = ShapesDataset(count=60, max_shapes=12)
    for i in data.image_ids:
        masks, class_ids = data.load_mask(i)
        assert masks.sum(axis=-1).max(initial=0) <= 1
        smallest = [outline_area(DIAMETER[0] * 64, corners) for corners in SHAPES.values()]
        for mask, class_id in zip(np.moveaxis(masks, -1, 0), class_ids, strict=True):
            assert mask.sum() >= max(MIN_PIXELS, data.MIN_VISIBLE * smallest[class_id - 1])


def test_masks_of_shapes_are_where_the_picture_is_painted():
    """A picture with and without its shapes differs on the masks and, soft edges aside, nowhere else."""
    data, agree = ShapesDataset(max_shapes=6), []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        shapes = data.place(rng)
        state = rng.bit_generator.state
        bare = data.paint(rng, []).astype(int)
        rng.bit_generator.state = state
        painted = data.paint(rng, shapes).astype(int)
        masks = np.zeros((128, 128), bool)
        near = np.zeros((128, 128), bool)
        for shape in shapes:
            masks[shape.visible.window] |= shape.visible.bits
            near[shape.visible.window] |= np.abs(shape.distance) < 1
        changed = np.abs(painted - bare).max(axis=-1) > 40  # more than the noise, which is not the same
        agree.append((changed == masks)[~near].mean())
    assert np.mean(agree) > 0.97


def test_outline_distances_by_hand():
    """Points on the x axis: a shape of radius 10 that points to the right, seen from its centre."""
    y, x = np.zeros(4, np.float32), np.array([0, 4, 10, 13], np.float32)
    np.testing.assert_allclose(outline_distance(y, x, 10, 0, None), [-10, -6, 0, 3], atol=1e-5)
    # A triangle's sides are 5 from its centre, a square's sqrt(50); towards a corner the nearest side counts.
    triangle, square = SHAPES["triangle"], SHAPES["square"]
    np.testing.assert_allclose(outline_distance(y, x, 10, 0, triangle), [-5, -3, 0, 1.5], atol=1e-5)
    np.testing.assert_allclose(outline_distance(y, -x, 10, 0, triangle), [-5, -1, 5, 8], atol=1e-5)
    np.testing.assert_allclose(outline_distance(y, x, 10, np.pi / 4, square), x - np.sqrt(50), atol=1e-5)
    assert outline_area(10, square) == pytest.approx(200)  # two diagonals of 20: 20 * 20 / 2
    assert outline_area(10, triangle) == pytest.approx(np.sqrt(3) / 4 * 300)  # side sqrt(3) * 10
