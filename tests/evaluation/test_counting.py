"""Right, false and missed instances: StarDist's and the Data Science Bowl's measure, and the worst pictures."""

import math

import numpy as np
import pytest

from mrcnn_keras.detections import Detections, crop_mask
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import Counts, counting_scores, picture_counts, worst_pictures
from tests.evaluation.pictures import SIZE, instances, predicted, random_predictions, rows_of

NOTHING = Detections.empty(SIZE)


def counted(truth, found, **options):
    [[counts]] = picture_counts(predicted([truth], [found]), ious=(0.5,), **options)
    return counts.right, counts.false, counts.missed


def test_measures_of_counts():
    counts = Counts(right=3, false=1, missed=2, overlap=2.4)
    assert (counts.accuracy, counts.precision, counts.recall) == (3 / 6, 3 / 4, 3 / 5)
    assert (counts.f1, counts.panoptic_quality) == (6 / 9, pytest.approx(2.4 / 4.5))
    assert counts + counts == Counts(6, 2, 4, 4.8)
    all_missed = Counts(0, 0, 2)
    assert (all_missed.accuracy, all_missed.precision, all_missed.recall, all_missed.f1) == (0, 0, 0, 0)
    assert Counts(0, 0, 0).accuracy == Counts(0, 0, 0).f1 == 1


def test_as_many_as_possible_are_matched():
    """The best score fits both objects, and the first one better; but then the other would have none."""
    truth = instances([(0, 0, 10, 10), (0, 0, 10, 16)], [1, 1])
    found = instances([(0, 0, 10, 12), (0, 0, 10, 8)], [1, 1], [0.9, 0.8])
    assert counted(truth, found) == (2, 0, 0)


def test_scores_classes_and_crowds_count():
    boxes = rows_of(3)
    truth, found = instances(boxes, [1, 2, -1]), instances(boxes, [1, 1, 1], [0.9, 0.6, 0.55])
    assert counted(truth, found) == (1, 1, 1)  # what was found in the crowd is neither right nor false
    assert counted(truth, found, by_class=False) == (2, 0, 0)
    assert counted(truth, found, min_score=0.7) == (1, 0, 1)
    assert counted(truth, found, min_score=(0.95, 0.1)) == (0, 0, 2)
    assert counted(truth, found, min_score="best") == (1, 0, 1)
    assert counted(instances(boxes, [1, 2, -2]), found) == (1, 2, 1)  # a crowd of another class
    with pytest.raises(UserError, match="there are 3 lowest scores for 2 classes"):
        counted(truth, found, min_score=(0.1, 0.2, 0.3))
    with pytest.raises(UserError, match="50 is not a lowest score"):
        counted(truth, found, min_score=50)


def test_scores_of_pictures_together_and_by_picture():
    truth, half = instances(rows_of(2), [1, 1]), instances(rows_of(1), [1], [0.9])
    eight = instances([(0, 0, 8, 10)], [1], [0.9])  # an overlap of 0.8: found up to 0.8
    scores = counting_scores(predicted([truth, truth[[0]], NOTHING], [half, eight, NOTHING]))
    assert scores["ious"] == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    assert (scores["right"], scores["false"]) == ([2] * 7 + [1] * 3, [0] * 7 + [1] * 3)
    assert scores["accuracy"] == [2 / 3] * 7 + [1 / 4] * 3
    assert scores["mean_accuracy"] == pytest.approx((7 * 2 / 3 + 3 / 4) / 10)
    assert scores["mean_accuracy_by_picture"] == pytest.approx((1 / 2 + 0.7 + 1) / 3)
    assert scores["panoptic_quality"][0] == pytest.approx((1 + 0.8) / 2.5)
    empty = counting_scores(predicted([], []))
    assert (empty["mean_accuracy"], empty["right"]) == (1, [0] * 10)
    assert math.isnan(empty["mean_accuracy_by_picture"])


def test_worst_pictures_come_first():
    truth, found = instances(rows_of(2), [1, 1]), instances(rows_of(2), [1, 1], [0.9, 0.8])
    predictions = predicted(
        [truth, truth, truth[[0]], NOTHING, NOTHING], [found, NOTHING, NOTHING, NOTHING, found[[0]]]
    )
    rows = worst_pictures(predictions)
    assert [row["name"] for row in rows] == ["1.png", "2.png", "4.png", "0.png", "3.png"]
    assert rows[0] == {"image_id": 1, "name": "1.png", "index": 1, "score": 0, "right": 0, "false": 0, "missed": 2}
    assert [row["score"] for row in rows] == [0, 0, 0, 1, 1]
    assert worst_pictures(predicted([], [])) == []


def labels(found):
    """The masks as an image of labels, the last on top."""
    picture = np.zeros(found.size, int)
    for i, crop in enumerate(found.mask_crops, start=1):
        picture[crop.window][crop.bits] = i
    return picture


def of_labels(picture, scores):
    crops = [crop_mask(picture == i) for i in np.unique(picture) if i]
    boxes = np.array([crop.box for crop in crops], float).reshape(-1, 4)
    return Detections(picture.shape, boxes, [1] * len(crops), np.full(len(crops), 0.9) if scores else None, crops)


def of_nuclei(seed, pictures):
    """Pictures of labels, annotated and found, and the same as Predictions."""
    drawn = random_predictions(seed, pictures=pictures, classes=1, crowds=False)
    truths, founds = ([labels(one) for one in side] for side in (drawn.truths, drawn.founds))
    sides = [of_labels(one, False) for one in truths], [of_labels(one, True) for one in founds]
    return truths, founds, predicted(*sides, ("BG", "nucleus"))


def test_numbers_are_those_that_stardist_gave():
    """What `stardist.matching.matching_dataset` of StarDist 0.9.2 gave for these pictures."""
    scores = counting_scores(of_nuclei(0, pictures=40)[2])
    assert scores["right"] == [93, 86, 73, 64, 47, 31, 22, 11, 3, 1]
    assert scores["false"] == [81, 88, 101, 110, 127, 143, 152, 163, 171, 173]
    assert scores["missed"] == [37, 44, 57, 66, 83, 99, 108, 119, 127, 129]
    accuracy = [0.440758, 0.394495, 0.316017, 0.266667, 0.182879, 0.113553, 0.078014, 0.037543, 0.009967, 0.0033]
    quality = [0.434627, 0.410045, 0.360151, 0.322985, 0.247302, 0.170157, 0.12433, 0.064776, 0.01878, 0.006579]
    assert scores["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert scores["panoptic_quality"] == pytest.approx(quality, abs=1e-6)


def test_numbers_are_those_of_stardist():
    stardist = pytest.importorskip("stardist.matching", reason="pip install stardist")
    names = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "f1"}
    names |= {"right": "tp", "false": "fp", "missed": "fn", "panoptic_quality": "panoptic_quality"}
    for seed in range(10):
        truths, founds, predictions = of_nuclei(seed, pictures=4)
        ours = counting_scores(predictions)
        theirs = stardist.matching_dataset(truths, founds, thresh=ours["ious"], show_progress=False)
        for name, their_name in names.items():
            assert ours[name] == pytest.approx([getattr(one, their_name) for one in theirs], abs=1e-6)
