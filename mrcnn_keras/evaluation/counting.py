"""Right, false and missed instances without ranking: the Data Science Bowl's and StarDist's measure, and by picture."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mrcnn_keras.evaluation.overlaps import overlaps_of
from mrcnn_keras.evaluation.thresholds import class_limits

IOUS = tuple(np.linspace(0.5, 0.95, 10).round(2).tolist())


@dataclass(frozen=True)
class Counts:
    """Instances that are right (true positives), false (false positives) and missed (false negatives) at an overlap.

    Args:
        right: Integer.
        false: Integer.
        missed: Integer.
        overlap: Float, the sum of the overlaps of the right ones.
    """

    right: int
    false: int
    missed: int
    overlap: float = 0.0

    def __add__(self, other):
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Counts(*(a + b for a, b in pairs))

    @property
    def accuracy(self):
        """right / (right + false + missed); this and the others are 1 where there is nothing and nothing was found."""
        return self._share(self.right, self.right + self.false + self.missed)

    @property
    def precision(self):
        """right / (right + false)."""
        return self._share(self.right, self.right + self.false)

    @property
    def recall(self):
        """right / (right + missed)."""
        return self._share(self.right, self.right + self.missed)

    @property
    def f1(self):
        """2 right / (2 right + false + missed)."""
        return self._share(2 * self.right, 2 * self.right + self.false + self.missed)

    @property
    def panoptic_quality(self):
        """Sum of overlaps / (right + false / 2 + missed / 2) (Kirillov et al. 2019)."""
        return self._share(self.overlap, self.right + self.false / 2 + self.missed / 2)

    def _share(self, part, whole):
        return part / whole if whole else float(not self.false + self.missed)


def picture_counts(predictions, *, kind=None, min_score=0.5, ious=IOUS, by_class=True):
    """Counts right, false and missed instances in each picture.

    Found and annotated instances are matched so that as many as possible overlap enough, and of such ways the one with
    the largest overlaps (as StarDist's `matching` does). Found instances without a match in a crowd region of their
    class are not counted.

    Args:
        predictions: `Predictions`.
        kind: "bbox" or "segm", the overlaps; `None`: masks where there are any.
        min_score: Float, the lowest score of a found instance that counts; a sequence of floats, one per class without
            background; or "best", see `best_thresholds`.
        ious: Sequence of floats, the smallest overlaps of a match.
        by_class: Boolean, whether a match needs the same class.

    Returns:
        List, one per picture, of lists with `Counts` for each of `ious`.
    """
    limits = class_limits(predictions, min_score, kind)
    found = []
    for picture in overlaps_of(predictions, kind):
        shown = picture.scores >= limits[picture.found_classes]
        overlaps = (picture.ious * picture.same_class if by_class else picture.ious)[shown]
        found.append([_counts(overlaps, picture.in_a_region(iou)[shown], iou) for iou in ious])
    return found


def _counts(overlaps, in_a_region, iou):
    num_found, objects = overlaps.shape
    right, overlap, false = 0, 0.0, ~in_a_region
    if num_found and objects:
        enough = overlaps >= iou
        rows, columns = linear_sum_assignment(-(enough + overlaps / (2 * min(overlaps.shape))))
        matched = enough[rows, columns]
        right, overlap = int(matched.sum()), float(overlaps[rows, columns][matched].sum())
        false[rows[matched]] = False
    return Counts(right, int(false.sum()), objects - right, overlap)


def counting_scores(predictions, *, kind=None, min_score=0.5, ious=IOUS, by_class=True):
    """Computes accuracy, right / (right + false + missed), which is StarDist's and the Data Science Bowl's measure.

    The Bowl's (Kaggle 2018) is the mean over overlaps 0.5 to 0.95 and over pictures; StarDist's (`matching_dataset`)
    counts all pictures together. Both know no classes: `by_class=False` for more than one.

    Args:
        predictions: `Predictions`.
        kind: As in `picture_counts`.
        min_score: As in `picture_counts`.
        ious: As in `picture_counts`.
        by_class: As in `picture_counts`.

    Returns:
        Dict of "ious", a list, and of one list each for "accuracy", "precision", "recall", "f1", "panoptic_quality",
        "right", "false" and "missed" of all pictures together at these overlaps; "mean_accuracy", the mean over `ious`;
        and "mean_accuracy_by_picture", the mean over pictures and `ious`, NaN without pictures, where a picture in
        which there is nothing and nothing was found has 1.
    """
    counts = picture_counts(predictions, kind=kind, min_score=min_score, ious=ious, by_class=by_class)
    together = [sum(column, Counts(0, 0, 0)) for column in zip(*counts, strict=True)] or [Counts(0, 0, 0)] * len(ious)
    names = ("accuracy", "precision", "recall", "f1", "panoptic_quality", "right", "false", "missed")
    scores = {name: [getattr(one, name) for one in together] for name in names}
    by_picture = [_mean_accuracy(row) for row in counts]
    return {
        "ious": list(ious),
        **scores,
        "mean_accuracy": float(np.mean(scores["accuracy"])),
        "mean_accuracy_by_picture": float(np.mean(by_picture)) if by_picture else math.nan,
    }


def worst_pictures(predictions, *, kind=None, min_score=0.5, by_class=True):
    """Sorts pictures by how wrong they are.

    A picture's score is the mean of right / (right + false + missed) over overlaps 0.5 to 0.95: 1 if all is found with
    exact outlines and nothing else (or there is nothing), 0 if nothing is right.

    Args:
        predictions: `Predictions`.
        kind: As in `picture_counts`.
        min_score: As in `picture_counts`.
        by_class: As in `picture_counts`.

    Returns:
        List of dicts, worst first, and of equal scores those with more false and missed instances first: "image_id",
        "name", "index" in the predictions, "score", and "right", "false" and "missed" instances at an overlap of 0.5.
    """
    counts = picture_counts(predictions, kind=kind, min_score=min_score, by_class=by_class)
    pictures = zip(predictions.image_ids, predictions.names, counts, strict=True)
    rows = [
        {
            "image_id": image_id,
            "name": name,
            "index": index,
            "score": _mean_accuracy(row),
            "right": row[0].right,
            "false": row[0].false,
            "missed": row[0].missed,
        }
        for index, (image_id, name, row) in enumerate(pictures)
    ]
    return sorted(rows, key=lambda row: (row["score"], -row["false"] - row["missed"]))


def _mean_accuracy(counts):
    return float(np.mean([one.accuracy for one in counts]))
