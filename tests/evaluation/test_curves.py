"""Precision, recall and F1 by score, calibration, best thresholds, and the table of classes."""

import math

import numpy as np
import pytest

from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import (
    best_thresholds,
    calibration,
    class_table,
    coco_scores,
    precision_recall,
    score_curves,
)
from tests.evaluation.pictures import SIZE, instances, predicted, random_predictions, rows_of


def four_circles():
    """Four circles, of which three are found beside two false ones; one false square."""
    boxes = rows_of(8)
    truth = instances(boxes[:4], [1, 1, 1, 1])
    places = [boxes[i] for i in (0, 1, 5, 2, 6, 7)]
    return predicted([truth], [instances(places, [1, 1, 1, 1, 1, 2], [0.875, 0.75, 0.75, 0.5, 0.25, 0.625])])


def test_a_score_curve_by_hand():
    curve = score_curves(four_circles())["circle"]
    assert curve.scores.tolist() == [0.875, 0.75, 0.5, 0.25]  # two of 0.75 stay or go together
    assert curve.precision.tolist() == [1, 2 / 3, 3 / 4, 3 / 5]
    assert curve.recall.tolist() == [1 / 4, 2 / 4, 3 / 4, 3 / 4]
    assert curve.f1.tolist() == [2 / 5, 4 / 7, 6 / 8, 6 / 9]
    assert (curve.best(), curve.objects) == (2, 4)


def test_curves_of_a_class_without_objects_and_of_all():
    curves = score_curves(four_circles())
    assert curves["square"].precision.tolist() == [0]
    assert np.isnan(curves["square"].recall).all()
    assert curves["square"].best() is None
    assert curves["all classes"].scores.tolist() == [0.875, 0.75, 0.625, 0.5, 0.25]
    assert curves["all classes"].precision.tolist() == [1, 2 / 3, 2 / 4, 3 / 5, 3 / 6]
    nothing = score_curves(predicted([], []))
    assert nothing["circle"].scores.tolist() == []
    assert nothing["all classes"].best() is None


def test_a_stricter_overlap_has_fewer_right_ones():
    truth, found = instances([(0, 0, 10, 10)], [1]), instances([(0, 0, 8, 10)], [1], [0.9])
    predictions = predicted([truth], [found])
    assert score_curves(predictions, iou=0.75)["circle"].recall.tolist() == [1]
    assert score_curves(predictions, iou=0.85)["circle"].recall.tolist() == [0]


def test_crowds_are_no_objects_of_a_curve():
    boxes = rows_of(2)
    truth, found = instances(boxes, [1, -1]), instances(boxes, [1, 1], [0.5, 0.9])
    curve = score_curves(predicted([truth], [found]))["circle"]
    assert (curve.scores.tolist(), curve.precision.tolist(), curve.objects) == ([0.5], [1], 1)


def test_the_mean_precision_is_the_average_precision():
    predictions = random_predictions(1, pictures=20, classes=3)
    scores = coco_scores(predictions)
    for kind in ("bbox", "segm"):
        recalls, curves = precision_recall(predictions, kind=kind)
        assert recalls.tolist() == pytest.approx(np.arange(101) / 100)
        assert curves["all classes"].mean() == pytest.approx(scores[f"{kind}/AP50"])
        rows = {row["class"]: row for row in class_table(predictions, kind=kind)}
        for name in ("class 1", "class 2", "class 3"):
            assert curves[name].mean() == pytest.approx(rows[name]["AP50"])
            assert rows[name]["AP"] == scores[f"{kind}/AP/{name}"]
        assert np.mean([row["AR"] for row in rows.values()]) == pytest.approx(scores[f"{kind}/AR"])
    assert np.isnan(precision_recall(predicted([], []))[1]["all classes"]).all()


def test_the_table_of_classes():
    circle, square = class_table(four_circles())
    assert (circle["class"], circle["objects"], circle["AR"]) == ("circle", 4, 0.75)
    assert (circle["threshold"], circle["precision"], circle["recall"], circle["f1"]) == (0.5, 0.75, 0.75, 0.75)
    # Precision 1 up to a recall of 2/4, as of two with equal scores the right one is first, and 3/4 up to 3/4: 51 and
    # 25 of the 101 recalls.
    assert circle["AP"] == circle["AP50"] == circle["AP75"] == pytest.approx((51 + 25 * 3 / 4) / 101)
    assert (square["class"], square["objects"]) == ("square", 0)
    assert all(math.isnan(square[name]) for name in ("AP", "AR", "threshold", "precision", "f1"))
    boxes = rows_of(1)
    _, missed = class_table(predicted([instances(boxes, [2])], [Detections.empty(SIZE)]))
    assert (missed["AP"], missed["precision"], missed["recall"], missed["f1"]) == (0, 0, 0, 0)
    assert math.isnan(missed["threshold"])


def test_calibration_by_hand():
    found = calibration(four_circles(), bins=4)
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found.counts.tolist() == [0, 1, 2, 3]
    assert found.scores[1:].tolist() == [0.25, 0.5625, pytest.approx(2.375 / 3)]
    assert found.precision[1:].tolist() == [0, 1 / 2, pytest.approx(2 / 3)]
    assert np.isnan([found.scores[0], found.precision[0]]).all()
    assert found.error == pytest.approx((1 * 0.25 + 2 * 0.0625 + 3 * 0.125) / 6)


def test_calibration_of_score_1_and_of_nothing():
    boxes = rows_of(1)
    found = calibration(predicted([instances(boxes, [1])], [instances(boxes, [1], [1.0])]))
    assert (found.counts[-1], found.error) == (1, 0)
    nothing = calibration(predicted([], []))
    assert nothing.counts.tolist() == [0] * 10
    assert math.isnan(nothing.error)


def test_best_thresholds():
    best = best_thresholds(four_circles())
    # Of all classes in one ranking, the best F1 is 2 * 3 / (5 + 4), at 0.5; nothing right is a square.
    assert best == {"circle": 0.5, "square": 0.5, "all classes": 0.5}
    predictions = random_predictions(2, pictures=12)
    found = best_thresholds(predictions)
    for name, curve in score_curves(predictions).items():
        assert curve.f1[curve.scores == found[name]] == curve.f1.max()
    with pytest.raises(UserError, match="no annotated object was found"):
        best_thresholds(predicted([instances(rows_of(1), [1])], [Detections.empty(SIZE)]))
