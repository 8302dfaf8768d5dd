"""Objects by size, and by how close they are to others."""

import math

import pytest

from mrcnn_keras.evaluation import coco_scores, crowding_table, size_table
from mrcnn_keras.evaluation.breakdown import object_crowding
from tests.evaluation.pictures import instances, predicted, random_predictions, rows_of


def test_sizes_have_the_figures_of_coco():
    predictions = random_predictions(3, pictures=20, classes=2, side=300)
    scores, rows = coco_scores(predictions), size_table(predictions)
    assert [row["size"] for row in rows] == ["small", "medium", "large"]
    for row, name in zip(rows, ("APs", "APm", "APl"), strict=True):
        assert row["AP"] == pytest.approx(scores[f"segm/{name}"], nan_ok=True)
    areas = [area for truth in predictions.truths for area in truth[truth.class_ids > 0].areas]
    assert rows[0]["objects"] == sum(area < 32**2 for area in areas) > 5
    assert rows[1]["objects"] == sum(32**2 <= area < 96**2 for area in areas) > 5
    assert all(row["AP"] <= row["AP50"] <= 1 for row in rows[:2])


def crowded():
    """Two circles of 10 x 10 that overlap by a third, a square that overlaps one of them by a ninth, one circle apart,
    and a crowd region around it."""
    boxes = [(0, 0, 10, 10), (0, 5, 10, 15), (0, 13, 10, 23), (100, 100, 110, 110), (90, 90, 120, 120)]
    return instances(boxes, [1, 1, 2, 1, -1])


def test_crowding_is_the_largest_overlap_of_a_box_with_another_object():
    truth = crowded()
    assert object_crowding(predicted([truth, truth[[3]]], [truth[[]], truth[[]]])) == pytest.approx(
        [1 / 3, 1 / 3, 1 / 9, 0, 100 / 900, 0]
    )


def test_recall_by_crowding():
    truth = crowded()
    found = instances([(0, 0, 10, 10), (0, 13, 10, 21)], [1, 2], [0.9, 0.8])  # the second overlaps by 0.8
    apart, touching, overlapping = crowding_table(predicted([truth], [found]))
    assert (apart["crowding"], apart["objects"], apart["recall50"], apart["AR"]) == ("apart", 1, 0, 0)
    assert (touching["crowding"], touching["objects"], touching["recall50"]) == ("touching", 1, 1)
    assert touching["AR"] == pytest.approx(0.7)
    assert (overlapping["crowding"], overlapping["objects"]) == ("overlapping", 2)
    assert overlapping["recall50"] == overlapping["AR"] == 0.5


def test_nothing_has_no_recall():
    predictions = predicted([instances(rows_of(1), [-1])], [instances([], [], [])])
    for row in (*crowding_table(predictions), *crowding_table(predicted([], []))):
        assert row["objects"] == 0
        assert math.isnan(row["recall50"])
        assert math.isnan(row["AR"])
    assert [row["objects"] for row in size_table(predictions)] == [0, 0, 0]
