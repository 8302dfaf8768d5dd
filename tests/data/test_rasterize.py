"""Crops must agree pixel for pixel with what pycocotools draws over the whole picture."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from mrcnn_keras.data.rasterize import (
    crop_from_polygons,
    crop_from_rle,
    extent_of_polygons,
    outline_of_box,
    run_lengths,
)
from mrcnn_keras.errors import UserError

SIZE = (6, 8)


def full(crop, size):
    mask = np.zeros(size, bool)
    if crop is not None:
        mask[crop.window] = crop.bits
    return mask


@st.composite
def sizes_and_polygons(draw):
    """Polygons with points up to a picture side outside; some coordinates are whole, as if clicked."""
    height, width = draw(st.integers(1, 50)), draw(st.integers(1, 50))

    def points(side):
        return st.one_of(st.integers(-side, 2 * side), st.floats(-side, 2 * side, width=32))

    polygon = st.lists(st.tuples(points(height), points(width)), min_size=3, max_size=8)
    return (height, width), draw(st.lists(polygon, min_size=1, max_size=3))


@given(sizes_and_polygons())
def test_polygons_are_drawn_as_pycocotools_draws_them(drawn):
    size, polygons = drawn
    polygons = [np.array(polygon, float) for polygon in polygons]
    flat = [polygon[:, ::-1].ravel().tolist() for polygon in polygons]
    expected = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(flat, *size))).astype(bool)
    crop = crop_from_polygons(polygons, size)
    assert (full(crop, size) == expected).all()
    if crop is not None:  # and the crop is tight
        assert crop.bits[0].any()
        assert crop.bits[-1].any()
        assert crop.bits[:, 0].any()
        assert crop.bits[:, -1].any()


@given(st.integers(1, 40), st.integers(1, 40), st.randoms(use_true_random=False), st.sampled_from([0, 0.02, 0.5, 1]))
def test_run_lengths_are_read_as_pycocotools_reads_them(height, width, random, share):
    mask = np.array([[random.random() < share for _ in range(width)] for _ in range(height)])
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert (full(crop_from_rle(rle["counts"], (height, width)), (height, width)) == mask).all()
    counts = run_lengths(rle["counts"].decode())
    assert (full(crop_from_rle(counts.tolist(), (height, width)), (height, width)) == mask).all()


def test_a_square_covers_its_pixels():
    crop = crop_from_polygons([np.array([(2, 1), (2, 4), (5, 4), (5, 1)], float)], SIZE)
    assert crop.box == (2, 1, 5, 4)
    assert crop.bits.all()
    crop = crop_from_polygons([outline_of_box((2, 1, 5, 4))], SIZE)
    assert crop.box == (2, 1, 5, 4)
    assert crop.bits.all()


def test_boxes_are_cropped_at_the_picture():
    for box, extent in {(-3, 6, 2, 20): (0, 6, 2, 8), (-3, -5, -1, -1): None, (2, 1, 2, 4): None}.items():
        crop = crop_from_polygons([outline_of_box(box)], SIZE)
        assert (crop and crop.box) == extent_of_polygons([outline_of_box(box)], SIZE) == extent


def test_run_lengths_go_down_the_columns():
    """6 x 8 pixels: 8 off, 2 on is column 1, rows 2 and 3."""
    crop = crop_from_rle([8, 2, 38], SIZE)
    assert (crop.top, crop.left, crop.bits.tolist()) == (2, 1, [[True], [True]])
    assert crop_from_rle([48], SIZE) is None
    assert crop_from_rle([0, 48], SIZE).box == (0, 0, 6, 8)


def test_compressed_counts_by_hand():
    """'0' is 0. 38 = 6 + 32 is 'V1': 6 + 32 for "more follows", then 1. -36 = 28 + 32 * 30 - 1024 is 'lN'."""
    assert run_lengths("82V1").tolist() == [8, 2, 38]
    assert run_lengths("8V12lN").tolist() == [8, 38, 2, 38 - 36]  # the fourth is a difference to the second
    assert run_lengths("").tolist() == []


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([8, 2, 37], "add up to 47 pixels but the picture has 6 x 8 = 48"),
        ([8, -2, 42], "-2, which is below 0"),
        ([8.5, 39.5], "not a list of whole numbers"),
        (["8"], "not a list of whole numbers"),
        (None, "not a list of whole numbers"),
        ([[48]], "not a list of whole numbers"),
        ([40, [8]], "not a list of whole numbers"),
        ([2**70], "not a list of whole numbers"),
        ([2**63 - 1, 2**63 - 1, 50], "add up to"),
        ("82V", "is damaged"),
        ("8 2", "is damaged"),
        ("8é", "is damaged"),
        ("ooooooooo0", "is damaged"),
        ("", "add up to 0 pixels"),
        ("N", "below 0"),
    ],
    ids=str,
)
def test_damaged_run_lengths_are_refused(counts, words):
    with pytest.raises(UserError, match=words):
        crop_from_rle(counts, SIZE)


@given(st.text(max_size=30))
def test_any_text_as_run_lengths_is_read_or_refused(text):
    try:
        crop = crop_from_rle(text, SIZE)
    except UserError:
        return
    assert crop is None or full(crop, SIZE).any()


def test_polygon_point_far_outside_is_refused():
    polygon = np.array([(0, 0), (0, 1e9), (5, 5)], float)
    with pytest.raises(UserError, match=r"the point \(x 1e\+09, y 0\), far outside the 6 x 8 picture"):
        crop_from_polygons([polygon], SIZE)


def test_real_annotations_are_drawn_as_pycocotools_draws_them(shared):
    """Every annotation of a COCO file, against pycocotools on the whole picture."""
    content = json.loads((shared / "data/coco/annotations/instances_val.json").read_text())
    sizes = {image["id"]: (image["height"], image["width"]) for image in content["images"]}
    for annotation in content["annotations"]:
        size, segmentation = sizes[annotation["image_id"]], annotation["segmentation"]
        if isinstance(segmentation, dict):
            crop = crop_from_rle(segmentation["counts"], size)
            expected = coco_mask.decode(coco_mask.frPyObjects(segmentation, *size))
        else:
            crop = crop_from_polygons([np.reshape(part, (-1, 2))[:, ::-1] for part in segmentation], size)
            expected = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(segmentation, *size)))
        assert (full(crop, size) == expected).all(), annotation["id"]
