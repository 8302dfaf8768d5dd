"""Which classes a model confuses with which others."""

import numpy as np

from mrcnn_keras.evaluation.overlaps import overlaps_of
from mrcnn_keras.evaluation.thresholds import class_limits


def confusion_matrix(predictions, *, kind=None, iou=0.5, min_score=0.5):
    """Counts which classes instances were found as.

    Found and annotated instances are paired whatever their classes, those that overlap most first, each once at most;
    of equal overlaps the higher score first. Found instances without a pair in a crowd region of their class are not
    counted.

    Args:
        predictions: `Predictions`.
        kind: "bbox" or "segm", the overlaps; `None`: masks where there are any.
        iou: Float, the smallest overlap of a pair.
        min_score: Float, the lowest score of a found instance that counts; a sequence of floats, one per class without
            background; or "best", see `best_thresholds`.

    Returns:
        `[C, C]` int64: the row is the annotated class, the column the found one. Row 0, the background, counts what was
        found where nothing is, column 0 what was not found.
    """
    classes = len(predictions.class_names)
    matrix = np.zeros((classes, classes), np.int64)
    confused = confused_with(predictions, kind=kind, iou=iou, min_score=min_score)
    for truth, found, (of_truth, of_found) in zip(predictions.truths, predictions.founds, confused, strict=True):
        np.add.at(matrix, (of_found[of_found >= 0], found.class_ids[of_found >= 0]), 1)
        np.add.at(matrix, (np.abs(truth.class_ids[of_truth == 0]), 0), 1)
    return matrix


def confused_with(predictions, *, kind=None, iou=0.5, min_score=0.5):
    """Returns what the confusion matrix takes each instance for.

    Args:
        predictions: `Predictions`.
        kind: As in `confusion_matrix`.
        iou: As in `confusion_matrix`.
        min_score: As in `confusion_matrix`.

    Returns:
        List, one per picture, of tuples of two integer arrays: for each annotated instance the class that it was found
        as, 0 if it was not found; for each found instance the class of the annotated one, 0 if nothing is there; -1 for
        those that are not counted.
    """
    limits = class_limits(predictions, min_score, kind)
    confused = []
    for picture, annotated in zip(overlaps_of(predictions, kind), predictions.truths, strict=True):
        shown = picture.best_first[(picture.scores >= limits[picture.found_classes])[picture.best_first]]
        f, t = pair_by_overlap(picture.ious[shown], iou)
        of_truth, of_found = np.full(len(annotated), -1), np.full(len(picture.scores), -1)
        of_truth[picture.truth_ids] = 0
        of_truth[picture.truth_ids[t]] = picture.found_classes[shown[f]]
        of_found[shown] = np.where(picture.in_a_region(iou)[shown], -1, 0)
        of_found[shown[f]] = picture.truth_classes[t]
        confused.append((of_truth, of_found))
    return confused


def pair_by_overlap(ious, threshold):
    """Pairs rows with columns, largest overlaps first, each once at most.

    Args:
        ious: `[F, A]` floats.
        threshold: Float, the smallest overlap of a pair.

    Returns:
        Tuple of the rows and the columns of the pairs, two integer arrays of one length.
    """
    rows, columns = np.nonzero(ious >= max(threshold, 1e-9))
    pairs, used = [], (set(), set())
    for i in np.argsort(-ious[rows, columns], kind="stable"):
        row, column = int(rows[i]), int(columns[i])
        if row not in used[0] and column not in used[1]:
            used[0].add(row)
            used[1].add(column)
            pairs.append((row, column))
    return tuple(np.array(pairs, int).reshape(-1, 2).T)
