"""The measures that Matterport's notebooks call, by hand."""

import numpy as np
import pytest

from mrcnn_keras.evaluation import (
    compute_ap,
    compute_ap_range,
    compute_iou,
    compute_matches,
    compute_overlaps,
    compute_overlaps_masks,
    compute_recall,
)

BOXES = np.array([[0, 0, 10, 10], [0, 20, 10, 30], [0, 40, 10, 50]])


def masks_of(boxes):
    masks = np.zeros((20, 60, len(boxes)), bool)
    for i, (y1, x1, y2, x2) in enumerate(boxes):
        masks[y1:y2, x1:x2, i] = True
    return masks


def picture(found, class_ids, scores, padding=0):
    """The arguments of a notebook: three objects of classes 1, 1 and 2, padded with rows of zeros."""
    padded = np.concatenate([BOXES, np.zeros((padding, 4), int)])
    truth = padded, np.array([1, 1, 2] + [0] * padding), masks_of(padded)
    return *truth, np.array(found), np.array(class_ids), np.array(scores), masks_of(found)


def test_overlaps_of_boxes():
    boxes = np.array([[0, 5, 10, 15], [0, 0, 10, 10], [5, 5, 5, 5]])
    areas = np.array([100, 100, 0])
    assert compute_iou(BOXES[0], boxes, 100, areas).tolist() == pytest.approx([1 / 3, 1, 0])
    assert compute_overlaps(boxes, BOXES[:2]) == pytest.approx(np.array([[1 / 3, 0], [1, 0], [0, 0]]))
    assert compute_overlaps(boxes[:0], BOXES).shape == (0, 3)
    assert compute_overlaps(BOXES, boxes[:0]).shape == (3, 0)


def test_overlaps_of_masks():
    some = masks_of([(0, 0, 10, 10), (0, 5, 10, 15), (0, 0, 0, 0)])
    assert compute_overlaps_masks(some, masks_of(BOXES[:1])) == pytest.approx(np.array([[1], [1 / 3], [0]]))
    assert compute_overlaps_masks(some.astype(float) * 0.6, some)[0, 0] == 1
    assert compute_overlaps_masks(some, np.zeros((0, 0, 0))).shape == (3, 0)
    assert compute_overlaps_masks(np.zeros((20, 60, 0)), some).shape == (0, 3)


def test_matches_are_of_the_same_class_best_score_first():
    found = [(0, 0, 10, 8), (0, 0, 10, 10), (0, 40, 10, 50), (0, 20, 10, 30)]
    gt_match, pred_match, overlaps = compute_matches(*picture(found, [1, 1, 1, 1], [0.7, 0.9, 0.6, 0.8], padding=2))
    assert pred_match.tolist() == [0, 1, -1, -1]  # by score: the second, the fourth, a duplicate, a wrong class
    assert gt_match.tolist() == [0, 1, -1]
    assert overlaps.shape == (4, 3)
    assert overlaps[2].tolist() == pytest.approx([0.8, 0, 0])


def test_average_precision_of_a_picture():
    found = [(0, 0, 10, 10), (10, 0, 20, 10), (0, 20, 10, 30)]
    arguments = picture(found, [1, 1, 1], [0.9, 0.8, 0.7])
    average, precisions, recalls, overlaps = compute_ap(*arguments)
    assert average == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    assert precisions.tolist() == pytest.approx([1, 1, 2 / 3, 2 / 3, 0])
    assert recalls.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3, 1])
    assert overlaps.shape == (3, 3)


def test_average_precision_over_thresholds(capsys):
    found = [(0, 0, 10, 8), (0, 20, 10, 30), (0, 40, 10, 50)]  # the first overlaps by 0.8, a little less in float32
    arguments = picture(found, [1, 1, 2], [0.9, 0.8, 0.7])
    worse = 2 / 3 * 2 / 3  # of the later two of three
    assert compute_ap_range(*arguments, iou_thresholds=[0.5, 0.9]) == pytest.approx((1 + worse) / 2)
    assert capsys.readouterr().out.splitlines() == ["AP @0.50:\t 1.000", "AP @0.90:\t 0.444", "AP @0.50-0.90:\t 0.722"]
    assert 0.7 < compute_ap_range(*arguments, verbose=0) < 1
    assert capsys.readouterr().out == ""


def test_average_precision_of_nothing_is_0():
    nothing = np.zeros((0, 4), int), np.zeros(0, int), masks_of([])
    found = BOXES, np.array([1, 1, 2]), np.array([0.9, 0.8, 0.7]), masks_of(BOXES)
    assert compute_ap(*nothing, *found)[0] == 0
    assert compute_ap(*found[:2], found[3], *nothing[:2], np.zeros(0), nothing[2])[0] == 0
    assert compute_ap(*nothing, *nothing[:2], np.zeros(0), nothing[2])[0] == 0


def test_recall_of_proposals():
    proposals = np.array([[0, 0, 10, 9], [0, 0, 10, 10], [0, 21, 10, 31], [10, 0, 20, 10]])
    recall, positive = compute_recall(proposals, BOXES, 0.7)
    assert (recall, positive.tolist()) == (pytest.approx(2 / 3), [0, 1, 2])
    assert compute_recall(proposals, BOXES[:0], 0.5)[0] == 0
    assert compute_recall(proposals[:0], BOXES, 0.5)[0] == 0
