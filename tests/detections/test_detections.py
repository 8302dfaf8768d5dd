import dataclasses
import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from mrcnn_keras.detections import Detections
from mrcnn_keras.detections.detections import MaskCrop, crop_mask
from mrcnn_keras.errors import UserError

some_masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def two_masks():
    """A 4 x 6 photograph: a 2 x 3 block of class 1 and, overlapping its right column, a column of class 2."""
    masks = np.zeros((4, 6, 2), bool)
    masks[1:3, 1:4, 0] = True
    masks[0:4, 3, 1] = True
    return masks


def two_instances():
    return Detections.from_masks(two_masks(), [1, 2], scores=[0.9, 0.4])


def test_boxes_are_drawn_tight_around_masks():
    found = two_instances()
    assert found.boxes.tolist() == [[1, 1, 3, 4], [0, 3, 4, 4]]
    assert found.boxes.dtype == np.float32
    assert found.class_ids.dtype == np.int32
    assert found.areas.tolist() == [6, 4]
    assert [(crop.top, crop.left, crop.bits.shape) for crop in found.mask_crops] == [(1, 1, (2, 3)), (0, 3, (4, 1))]


def test_full_masks_come_back_as_they_went_in():
    found = two_instances()
    assert np.array_equal(found.masks, two_masks())
    assert np.array_equal(found.mask(1), two_masks()[:, :, 1])


def test_some_instances_may_have_a_box_only():
    crop = MaskCrop(1, 1, np.ones((2, 3), bool))
    found = Detections((4, 6), [[0, 0, 1.5, 2], [1, 1, 3, 4]], [1, 2], [0.9, 0.8], [None, crop])
    assert found.has_mask.tolist() == [False, True]
    assert found.areas.tolist() == [3, 6]
    assert found.masks.sum(axis=(0, 1)).tolist() == [0, 6]
    assert [rle and rle["size"] for rle in found.rle()] == [None, [4, 6]]
    assert [len(outlines) for outlines in found.polygons()] == [0, 1]
    assert ["segmentation" in result for result in found.coco_results(1)] == [False, True]
    assert found[[1, 0]].has_mask.tolist() == [True, False]
    with pytest.raises(UserError, match="instance 0 has a box only"):
        found.mask(0)
    boxes_only = Detections((4, 6), found.boxes, [1, 2])
    assert boxes_only.has_mask.tolist() == [False, False]
    assert (boxes_only.masks, boxes_only.areas.tolist()) == (None, [3, 6])


def test_given_boxes_stay():
    found = Detections.from_masks(two_masks(), [1, 2], boxes=[[0.5, 1, 3, 4], [0, 3, 4, 4.25]])
    assert found.boxes.tolist() == [[0.5, 1, 3, 4], [0, 3, 4, 4.25]]


def test_indexing_by_number_slice_list_and_boolean():
    found = two_instances()
    assert found[1].class_ids.tolist() == [2]
    assert found[-1].areas.tolist() == [4]
    assert found[:1].scores.tolist() == pytest.approx([0.9])
    assert found[[1, 0]].class_ids.tolist() == [2, 1]
    assert found[np.array([False, True])].mask_crops[0].left == 3
    assert len(found[[]]) == 0
    assert len(found[np.zeros(2, bool)]) == 0
    with pytest.raises(IndexError):
        found[2]


def test_above_keeps_scores_of_at_least_that_and_all_ground_truth():
    found = two_instances()
    assert len(found.above(0.4)) == 2
    assert found.above(0.5).class_ids.tolist() == [1]
    assert len(Detections.from_masks(two_masks(), [1, 2]).above(0.99)) == 2


def test_unpacks_in_the_order_that_display_instances_takes():
    boxes, masks, class_ids, scores = two_instances()
    assert boxes.shape == (2, 4)
    assert masks.shape == (4, 6, 2)
    assert class_ids.tolist() == [1, 2]
    assert scores.shape == (2,)


def test_as_dict_has_matterports_names():
    assert sorted(two_instances().as_dict()) == ["class_ids", "masks", "rois", "scores"]


def test_nothing_is_a_normal_case():
    nothing = Detections.empty((4, 6))
    assert len(nothing) == 0
    assert nothing.masks.shape == (4, 6, 0)
    assert nothing.rle() == nothing.polygons() == nothing.coco_results(1) == []
    assert nothing.areas.shape == (0,)
    assert len(nothing.above(0.5)) == len(nothing[:5]) == 0
    assert len(Detections.from_masks(np.zeros((4, 6, 0), bool), [])) == 0


def test_boxes_without_masks():
    found = Detections((10, 10), [[0, 0, 2, 3]], [1], [0.5])
    assert found.masks is None
    assert found.areas.tolist() == [6]
    assert found.coco_results(7)[0] == {"image_id": 7, "category_id": 1, "bbox": [0, 0, 3, 2], "score": 0.5}
    assert Detections.empty((10, 10), masks=False).masks is None
    for ask in (found.rle, found.polygons, lambda: found.mask(0)):
        with pytest.raises(UserError, match="boxes only"):
            ask()


def test_keypoints_go_along():
    points = np.array([[[1.5, 2.5, 0.25]], [[3.5, 4.5, 0.75]]])
    found = Detections((10, 10), [[0, 0, 5, 5]] * 2, [1, 1], [0.5, 0.25], keypoints=points)
    assert found[1].keypoints.tolist() == [[[3.5, 4.5, 0.75]]]
    # The keypoint in the middle of the pixel in row 1, column 2: COCO writes x = 2, y = 1.
    assert found.coco_results(1)[0]["keypoints"] == [2, 1, 0.25]


def test_coco_results_write_the_datasets_own_categories():
    results = two_instances().coco_results(42, category_ids={1: 17, 2: 90})
    assert [r["category_id"] for r in results] == [17, 90]
    assert results[0]["bbox"] == [1, 1, 3, 2]
    assert np.array_equal(coco_mask.decode(results[0]["segmentation"]), two_masks()[:, :, 0])
    with pytest.raises(UserError, match="no scores"):
        Detections.from_masks(two_masks(), [1, 2]).coco_results(42)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (7, 7),
        (np.int64(7), 7),
        (np.uint16([7])[0], 7),
        (np.array(7), 7),
        (np.float64(7.5), 7.5),
        ("photo.jpg", "photo.jpg"),
        (np.array(["photo.jpg"])[0], "photo.jpg"),
        (np.array([7, "a"], object)[0], 7),
    ],
)
def test_coco_results_can_be_written_as_json_whatever_type_the_ids_have(given, written):
    results = two_instances().coco_results(given, category_ids=np.array([0, 17, 90]))
    read = json.loads(json.dumps(results))
    assert [(r["image_id"], r["category_id"]) for r in read] == [(written, 17), (written, 90)]
    named = two_instances().coco_results(given, category_ids=np.array(["BG", "cat", "dog"]))
    assert [r["category_id"] for r in json.loads(json.dumps(named))] == ["cat", "dog"]


def test_arrays_are_read_only_and_fields_fixed():
    found = two_instances()
    for array in (found.boxes, found.class_ids, found.scores, found.mask_crops[0].bits):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.boxes = None
    boxes = np.zeros((1, 4), np.float32)
    Detections((1, 1), boxes, [1])
    boxes[0, 0] = 1  # the caller's own array stays writable


def test_repr_of_detections():
    assert repr(two_instances()) == "Detections(2 in 4 x 6, scores, mask_crops)"


@given(some_masks, st.integers(0, 3), st.integers(0, 3), st.integers(0, 2), st.integers(0, 2))
def test_run_lengths_equal_those_of_the_full_mask(bits, top, left, below, right):
    full = np.pad(bits, [(top, below), (left, right)])
    encoded = MaskCrop(top, left, bits).rle(*full.shape)
    expected = coco_mask.encode(np.asfortranarray(full.astype(np.uint8)))
    assert encoded == {"size": list(full.shape), "counts": expected["counts"].decode()}


def test_run_lengths_of_full_and_empty_masks():
    assert coco_mask.decode(MaskCrop(0, 0, np.ones((3, 2), bool)).rle(3, 2)).sum() == 6
    assert coco_mask.decode(MaskCrop(2, 1, np.zeros((0, 0), bool)).rle(3, 2)).sum() == 0


def test_the_outline_of_an_l_runs_along_pixel_edges():
    bits = np.array([[1, 0], [1, 1]], bool)
    (outline,) = MaskCrop(10, 20, bits).outlines()
    corners = {(10, 20), (12, 20), (12, 22), (11, 22), (11, 21), (10, 21)}
    assert {tuple(corner) for corner in outline.tolist()} == corners
    assert len(outline) == 6


def test_outlines_fill_holes_and_keep_pieces_apart():
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    pieces = np.pad(ring, [(0, 0), (0, 4)])
    pieces[0, 6] = True
    areas = sorted(_area(outline) for outline in crop_mask(pieces).outlines())
    assert areas == [1, 9]
    assert MaskCrop(0, 0, np.zeros((2, 2), bool)).outlines() == []


@given(some_masks)
@settings(max_examples=200)
def test_outlines_cover_exactly_the_mask_with_its_holes_filled(bits):
    outlines = MaskCrop(0, 0, bits).outlines()
    assert sum(_area(outline) for outline in outlines) == _without_holes(bits).sum()
    for outline in outlines:
        assert not np.any(np.all(outline == np.roll(outline, 1, axis=0), axis=1))


@given(some_masks)
def test_pycocotools_draws_the_outlines_as_the_mask(bits):
    height, width = bits.shape
    outlines = MaskCrop(0, 0, bits).outlines()
    drawn = np.zeros_like(bits)
    for outline in outlines:
        rle = coco_mask.frPyObjects([outline[:, ::-1].reshape(-1).tolist()], height, width)
        drawn |= coco_mask.decode(rle)[:, :, 0].astype(bool)
    assert np.array_equal(drawn, _without_holes(bits))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": (0, 6)}, "size 0 x 6"),
        ({"size": 6}, "size 6 is not"),
        ({"boxes": [[0, 0, 1]]}, r"boxes have shape \(1, 3\); give \[any, 4\]"),
        ({"boxes": [[0, 0, np.nan, 1]]}, "box 0 is"),
        ({"boxes": [[0, 0, np.inf, 1]]}, "box 0 is"),
        ({"boxes": [[2, 0, 1, 1]]}, "y1 <= y2"),
        ({"boxes": "none"}, "boxes cannot be read"),
        ({"class_ids": [1, 2]}, r"class_ids have shape \(2,\); give \[1\]"),
        ({"class_ids": [0]}, "background"),
        ({"class_ids": [1.0]}, "whole numbers"),
        ({"scores": [0.5, 0.5]}, r"scores have shape \(2,\); give \[1\]"),
        ({"scores": [np.nan]}, "score 0 is nan"),
        ({"scores": [80]}, "from 0 to 1"),
        ({"mask_crops": ()}, "0 masks beside 1 boxes"),
        ({"mask_crops": [MaskCrop(0, 0, np.ones((1, 1)))]}, "threshold"),
        ({"mask_crops": [MaskCrop(3, 0, np.ones((2, 1), bool))]}, "rows 3 to 5"),
        ({"mask_crops": [MaskCrop(0, -1, np.ones((1, 1), bool))]}, "columns -1 to 0"),
        ({"keypoints": np.zeros((1, 17, 2))}, "keypoints have shape"),
        ({"keypoints": np.full((1, 17, 3), np.nan)}, "not a finite number"),
    ],
)
def test_detections_refuse_arrays_that_do_not_fit(changes, message):
    right = {"size": (4, 6), "boxes": [[0, 0, 1, 1]], "class_ids": [1]}
    with pytest.raises(UserError, match=message) as refused:
        Detections(**(right | changes))
    assert "\n" not in str(refused.value)


def test_from_masks_refuses_masks_without_a_place():
    with pytest.raises(UserError, match="mask 1 of 2 has no pixel"):
        Detections.from_masks(np.stack([np.ones((2, 2), bool), np.zeros((2, 2), bool)], axis=-1), [1, 1])
    with pytest.raises(UserError, match=r"\[height, width, N\]"):
        Detections.from_masks(np.ones((2, 2), bool), [1])


def _area(outline):
    """The shoelace formula."""
    y, x = outline.T.astype(float)
    return abs(np.dot(y, np.roll(x, 1)) - np.dot(x, np.roll(y, 1))) / 2


def _without_holes(bits):
    """True where the background cannot be reached from outside in steps to the four neighbours."""
    framed = np.pad(bits, 1).astype(np.uint8)
    cv2.floodFill(framed, None, (0, 0), 2)
    return (framed != 2)[1:-1, 1:-1]


def test_annotated_keypoints_are_written_as_coco_does():
    masks = np.zeros((10, 10, 2), bool)
    masks[2:4, 2:4, 0] = masks[5:8, 5:9, 1] = True
    points = [[(2.5, 3.5, 2), (0, 0, 0)], [(5.5, 6.5, 1), (7.5, 8.5, 2)]]
    truth = Detections.from_masks(masks, [1, 2], keypoints=points)
    assert truth[1].keypoints.tolist() == [[[5.5, 6.5, 1], [7.5, 8.5, 2]]]
    assert truth.as_dict()["keypoints"].shape == (2, 2, 3)
    assert truth.coco_keypoints() == [[3, 2, 2, 0, 0, 0], [6, 5, 1, 8, 7, 2]]
    found = Detections.from_masks(masks, [1, 2], [0.9, 0.8], keypoints=[[(2.5, 3.5, 0.25), (1, 2, 0)], points[1]])
    assert found.coco_results(7)[0]["keypoints"] == [3, 2, 0.25, 1.5, 0.5, 0]
