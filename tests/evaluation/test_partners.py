"""Which annotated instance each found one has to do with, by TIDE's errors and in the confusion matrix."""

import numpy as np

from mrcnn_keras.evaluation import confused_with, confusion_matrix, error_types
from tests.evaluation.pictures import instances, predicted, random_predictions

# Of the truth: a circle, a square, a crowd of circles, and a square that nobody finds.
TRUTH = instances([(0, 0, 40, 40), (0, 100, 40, 140), (100, 0, 200, 200), (300, 300, 340, 340)], [1, 2, -1, 2])
FOUND = instances(
    [
        (0, 0, 40, 40),  # right
        (0, 0, 40, 30),  # a duplicate
        (0, 100, 40, 140),  # a circle: the wrong class
        (0, 115, 40, 155),  # a square: the wrong place
        (220, 0, 240, 20),  # nothing is there
        (110, 10, 130, 30),  # in the crowd
        (300, 320, 340, 360),  # a circle: both wrong
    ],
    [1, 1, 1, 2, 1, 1, 1],
    [0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.4],
)


def test_partners_of_errors():
    errors = error_types(predicted([TRUTH], [FOUND]))
    names = ["right", "duplicate", "class", "location", "background", "ignored", "both"]
    assert errors.founds == [names]
    assert errors.partners == [[0, 0, 1, 1, -1, -1, -1]]
    assert errors.truths == [["found", "confused", "ignored", "missed"]]


def test_partners_are_indices_of_the_given_order():
    order = [4, 6, 2, 0, 5, 3, 1]
    errors = error_types(predicted([TRUTH[[3, 2, 1, 0]]], [FOUND[order]]))
    assert errors.founds == [["background", "both", "class", "right", "ignored", "location", "duplicate"]]
    assert errors.partners == [[-1, -1, 2, 3, -1, 2, 3]]


def test_what_the_confusion_matrix_takes_instances_for():
    ((of_truth, of_found),) = confused_with(predicted([TRUTH], [FOUND]))
    assert of_truth.tolist() == [1, 1, -1, 0]
    assert of_found.tolist() == [1, 0, 2, 0, 0, -1, -1]  # the last scores less than 0.5


def test_the_confusion_matrix_counts_them():
    for seed in range(5):
        predictions = random_predictions(seed)
        matrix = confusion_matrix(predictions, min_score=0.3)
        confused = confused_with(predictions, min_score=0.3)
        for i, j in np.ndindex(*matrix.shape):
            pairs = [
                (of_found == i) & (found.class_ids == j) if j else (of_truth == 0) & (truth.class_ids == i)
                for truth, found, (of_truth, of_found) in zip(
                    predictions.truths, predictions.founds, confused, strict=True
                )
            ]
            assert matrix[i, j] == sum(int(pair.sum()) for pair in pairs)
