"""Which classes a model takes for which others."""

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
    limits = class_limits(predictions, min_score, kind)
    matrix = np.zeros((len(limits), len(limits)), np.int64)
    for picture in overlaps_of(predictions, kind):
        shown = picture.best_first[(picture.scores >= limits[picture.found_classes])[picture.best_first]]
        found, truth = picture.found_classes[shown], picture.truth_classes
        f, t = pair_by_overlap(picture.ious[shown], iou)
        np.add.at(matrix, (truth[t], found[f]), 1)
        np.add.at(matrix, (np.delete(truth, t), 0), 1)
        false = np.setdiff1d(np.flatnonzero(~picture.in_a_region(iou)[shown]), f)
        np.add.at(matrix, (0, found[false]), 1)
    return matrix


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
