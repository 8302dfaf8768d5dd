"""Which classes are taken for which."""

import numpy as np

from mrcnn_keras.detections import Detections
from mrcnn_keras.evaluation import confusion_matrix
from mrcnn_keras.evaluation.confusion import pair_by_overlap
from tests.evaluation.pictures import SIZE, instances, predicted, random_predictions, rows_of


def test_right_confused_missed_and_false():
    boxes = rows_of(5)
    truth = instances(boxes[:4], [1, 1, 2, 2])
    found = instances([boxes[0], boxes[1], boxes[2], boxes[4]], [1, 2, 2, 1], [0.9, 0.8, 0.7, 0.6])
    predictions = predicted([truth], [found])
    assert confusion_matrix(predictions).tolist() == [[0, 1, 0], [0, 1, 1], [1, 0, 1]]
    assert confusion_matrix(predictions, min_score=0.75).tolist() == [[0, 0, 0], [0, 1, 1], [2, 0, 0]]
    assert confusion_matrix(predictions, min_score=(0.5, 0.75)).tolist() == [[0, 1, 0], [0, 1, 1], [2, 0, 0]]


def test_the_larger_overlap_is_paired_first():
    truth = instances([(0, 0, 10, 10)], [1])
    found = instances([(0, 0, 10, 8), (0, 0, 10, 9)], [1, 2], [0.9, 0.6])
    assert confusion_matrix(predicted([truth], [found])).tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_of_equal_overlaps_the_higher_score_is_paired():
    [box] = rows_of(1)
    found = instances([box, box], [1, 2], [0.6, 0.9])
    assert confusion_matrix(predicted([instances([box], [1])], [found]))[1].tolist() == [0, 0, 1]


def test_overlaps_of_masks_or_boxes():
    truth = Detections.from_masks(np.tril(np.ones((20, 20, 1), bool)[..., 0])[..., None], [1])
    found = Detections.from_masks(np.triu(np.ones((20, 20), bool))[..., None], [1], [0.9])
    predictions = predicted([truth], [found])
    assert confusion_matrix(predictions, kind="segm")[1, 1] == 0
    assert confusion_matrix(predictions, kind="bbox")[1, 1] == 1


def test_crowds_and_nothing():
    crowd, inside = (100, 100, 200, 200), (110, 110, 120, 120)
    truth = instances([crowd], [-1])
    found = instances([inside, inside], [1, 2], [0.9, 0.9])
    assert confusion_matrix(predicted([truth], [found])).tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    nothing = Detections.empty(SIZE)
    assert not confusion_matrix(predicted([nothing], [nothing])).any()
    assert not confusion_matrix(predicted([], [])).any()


def test_every_instance_is_counted_once():
    predictions = random_predictions(5, pictures=30, classes=3, crowds=False)
    matrix = confusion_matrix(predictions, min_score=0)
    truths, founds = (
        np.bincount(np.concatenate([one.class_ids for one in side]), minlength=4)
        for side in (predictions.truths, predictions.founds)
    )
    assert matrix[1:].sum(axis=1).tolist() == truths[1:].tolist()
    assert matrix[:, 1:].sum(axis=0).tolist() == founds[1:].tolist()
    assert matrix.trace() > 10
    assert matrix[1:, 1:].sum() - matrix.trace() > 5


def test_pairs_by_overlap():
    rows, columns = pair_by_overlap(np.array([[0.9, 0.8], [0.85, 0.1], [0, 0.7]]), 0.5)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (2, 1)]
    assert [part.tolist() for part in pair_by_overlap(np.zeros((2, 2)), 0)] == [[], []]
