"""The comparison of detections, with numbers to follow by hand."""

import numpy as np
import pytest

from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.errors import UserError
from mrcnn_keras.export import check, compare, summarize
from mrcnn_keras.export.checking import AGREEMENTS, INT8
from tests.graphs import op_by_op

BOXES = [[0, 0, 10, 10], [20, 20, 30, 40]]


def found(boxes=BOXES, class_ids=(1, 2), scores=(0.9, 0.8), crops=None, keypoints=None):
    return Detections((50, 50), np.array(boxes), np.array(class_ids), np.array(scores), crops, keypoints)


def test_the_same_is_equal():
    row = compare(found(), found())
    assert row == {
        "expected": 2,
        "found": 2,
        "counted": 2,
        "matched": 2,
        "box_difference": 0,
        "score_difference": 0,
        "mask_iou": 1,
        "keypoint_difference": 0,
        "equal": True,
    }


def test_masks_that_are_missing_do_not_agree():
    crops = [MaskCrop(0, 0, np.ones((10, 10), bool)), MaskCrop(20, 20, np.ones((10, 20), bool))]
    row = compare(found(), found(crops=crops))
    assert (row["counted"], row["matched"], row["mask_iou"], row["equal"]) == (2, 0, 0, False)


def test_order_does_not_count():
    assert compare(found()[[1, 0]], found())["equal"]


def test_differences_are_the_largest():
    row = compare(found(boxes=[[0, 0, 10, 10.5], [20, 22, 30, 40]], scores=(0.9, 0.75)), found())
    assert (row["counted"], row["matched"], row["box_difference"], row["equal"]) == (2, 0, 2, False)
    assert row["score_difference"] == pytest.approx(0.05)


def test_another_class_and_another_place_do_not_match():
    for other in (found(class_ids=(1, 1)), found(boxes=[[0, 0, 10, 10], [0, 20, 10, 40]])):
        row = compare(other, found())
        assert (row["matched"], row["counted"]) == (1, 3)  # what is left over counts on both sides


def test_each_instance_has_one_partner():
    row = compare(found(boxes=[BOXES[0], BOXES[0]], class_ids=(1, 1)), found(class_ids=(1, 2)))
    assert (row["matched"], row["equal"]) == (1, False)


def test_nothing_is_equal_to_nothing_only():
    nothing = Detections.empty((50, 50))
    assert compare(nothing, nothing)["equal"]
    row = compare(nothing, found())
    assert (row["expected"], row["found"], row["matched"], row["counted"], row["equal"]) == (2, 0, 0, 2, False)


def test_keypoints_are_compared_by_their_places():
    points = np.array([[[5, 5, 0.5]], [[25, 30, 0.5]]])
    row = compare(found(keypoints=points + [0, 0, 0.25]), found(keypoints=points))
    assert (row["keypoint_difference"], row["equal"]) == (0, True)
    row = compare(found(keypoints=points + [0, 3, 0]), found(keypoints=points))
    assert (row["keypoint_difference"], row["equal"]) == (3, False)


def test_masks_are_compared_where_they_lie():
    def crops(top, left, height, width):
        return [MaskCrop(top, left, np.ones((height, width), bool)), MaskCrop(0, 0, np.zeros((0, 0), bool))]

    whole = found(crops=crops(0, 0, 10, 10))
    assert compare(whole, whole)["mask_iou"] == 1
    # 5 x 10 pixels of 10 x 10, in a crop that begins elsewhere
    assert compare(found(crops=crops(5, 0, 5, 10)), whole)["mask_iou"] == 0.5
    # 10 x 10 and 10 x 10, shifted by (2, 5): 8 x 5 shared of 160
    assert compare(found(crops=crops(2, 5, 10, 10)), whole)["mask_iou"] == 0.25
    assert compare(found(crops=crops(30, 30, 5, 5)), whole)["mask_iou"] == 0
    assert not compare(found(crops=crops(5, 0, 5, 10)), whole)["equal"]


@pytest.mark.parametrize(
    ("other", "matched"),
    [
        (found(boxes=[[0, 0, 10, 10.05], BOXES[1]]), 2),
        (found(boxes=[[0, 0, 10, 10.2], BOXES[1]]), 1),
        (found(scores=(0.9005, 0.8)), 2),
        (found(scores=(0.902, 0.8)), 1),
    ],
)
def test_tolerances_of_boxes_and_scores(other, matched):
    assert compare(other, found())["matched"] == matched


def test_int8_ignores_detections_of_low_score():
    # One pixel of 10 and a score of 0.06 less are near enough; the other is sure on neither side.
    row = compare(found(boxes=[[0, 1, 10, 10], [40, 40, 50, 50]], scores=(0.84, 0.45)), found(scores=(0.9, 0.4)), INT8)
    assert (row["counted"], row["matched"], row["equal"]) == (1, 1, True)
    assert compare(found(scores=(0.9, 0.4)), found(scores=(0.9, 0.55)), INT8)["matched"] == 1
    assert not compare(found()[[0]], found(scores=(0.9, 0.55)), INT8)["equal"]


def test_a_share_has_to_agree():
    rows = [compare(found(), found())] * 99 + [compare(found(scores=(0.9, 0.7)), found())]
    summary = summarize(rows, AGREEMENTS["savedmodel", "none"])
    assert (summary["share"], summary["equal"], summary["agrees"]) == (0.995, False, True)
    assert not summarize([*rows, rows[-1]], AGREEMENTS["savedmodel", "none"])["agrees"]


def test_summary_of_no_pictures():
    assert summarize([]) == {
        "pictures": 0,
        "expected": 0,
        "found": 0,
        "counted": 0,
        "matched": 0,
        "share": 1,
        "box_difference": 0,
        "score_difference": 0,
        "mask_iou": 1,
        "keypoint_difference": 0,
        "equal": True,
        "agrees": True,
    }


def test_a_written_model_is_equal_and_another_model_is_not(model, saved, build_model, picture):
    images = [picture(70, 50), picture(20, 64)]
    rows = check(model, saved, images)
    assert [(row["picture"], row["height"], row["width"]) for row in rows] == [(0, 70, 50), (1, 20, 64)]
    summary = summarize(rows)
    assert summary["equal"]
    assert summary["expected"] == summary["matched"] > 20
    with op_by_op():
        assert not summarize(check(build_model(seed=2), saved, images[:1]))["equal"]


def test_check_names_a_folder_without_a_saved_model(model, tmp_path):
    with pytest.raises(UserError, match=r"nothing-here holds no SavedModel"):
        check(model, tmp_path / "nothing-here", [])
