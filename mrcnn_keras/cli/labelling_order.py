"""Which pictures are most worth labelling next: few that stand for many, preferably doubtful ones."""

import cv2
import numpy as np

DOUBTFUL_FROM = 0.1  # the lowest score of an object that counts
DOUBTFUL = 0.6  # doubt of an object that is called so: a score from 0.3 to 0.7
SURE = 0.5  # weight of a picture without doubts; that of one of nothing but doubtful objects is 1 more
CELLS = 8  # a picture's colours are compared in this many rows and columns
NAMED = 3  # doubtful objects that a reason names
COMPARED = 4000  # pictures that are compared with each other; of more, as many evenly spread ones


class LabellingOrder:
    """Takes pictures with what was found on them, one after the other, and ranks them.

    The doubt of an object is 1 - |2 score - 1|: 1 at a score of 0.5, 0 at 0 and 1. The uncertainty of a picture, 0 to
    1, is the mean doubt of its objects, each counted by its score, so that crowded pictures are not preferred. The
    difference of two pictures, 0 to 1, is the mean of that of their colours in 8 x 8 cells and that of the shares of
    the classes found on them.

    The distance from one picture to another is the share of all pictures that are more similar to the first one: so
    many pictures that differ little count as much as many that differ a lot. A picture is worth the amount by which it
    lowers the sum of all pictures' distances to the nearest chosen one, each weighted by SURE + uncertainty, times its
    own weight. The sum is that of facility location (Wei et al. 2015, "Submodularity in data subset selection and
    active learning"): pictures that stand for many come first.

    class_names: background first.
    """

    def __init__(self, class_names):
        self.class_names = class_names
        self.pictures = []

    def add(self, name, image, found):
        """image: [H, W, 3] uint8. found: its Detections, down to a score of DOUBTFUL_FROM."""
        found = found.above(DOUBTFUL_FROM)
        scores = found.scores.astype(float)
        doubts = 1 - np.abs(2 * scores - 1)
        order = np.argsort(-doubts, kind="stable")
        shares = np.bincount(found.class_ids, scores, minlength=len(self.class_names))
        cells = cv2.resize(image, (CELLS, CELLS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        self.pictures.append(
            {
                "file": str(name),
                "uncertainty": float((scores * doubts).sum() / max(scores.sum(), 1e-9)),
                "what": self._in_words(found, doubts, order),
                "cells": cells.ravel(),
                "shares": shares / max(shares.sum(), 1e-9),
            }
        )

    def best(self, count):
        """The first `count` as dicts of file, uncertainty, difference (None of the first) and reason."""
        from scipy.stats import rankdata  # takes long to import

        compared = self.pictures[:: max(1, -(-len(self.pictures) // COMPARED))]
        if not compared:
            return []
        differences = _differences(compared)
        shares = (rankdata(differences, "min", axis=1) - 1) / len(compared)
        weights = SURE + np.array([one["uncertainty"] for one in compared])
        nearest, chosen, rows = np.ones(len(compared)), [], []
        for _ in range(min(count, len(compared))):
            gains = weights * (weights @ np.maximum(nearest[:, None] - shares, 0))
            gains[chosen] = -1
            place = int(np.argmax(gains))
            picture, difference = compared[place], differences[place, chosen].min(initial=1)
            unlike = f"; differs by {difference:.2f} from the most similar one above" if chosen else ""
            rows.append(
                {
                    "file": picture["file"],
                    "uncertainty": round(picture["uncertainty"], 4),
                    "difference": round(float(difference), 4) if chosen else None,
                    "reason": f"{picture['what']} (uncertainty {picture['uncertainty']:.2f}){unlike}",
                }
            )
            chosen.append(place)
            nearest = np.minimum(nearest, shares[:, place])
        return rows

    def _in_words(self, found, doubts, order):
        doubtful = [i for i in order if doubts[i] >= DOUBTFUL]
        if not len(found):
            return "nothing was found"
        if not doubtful:
            return f"{len(found)} object{'s' * (len(found) > 1)} found, none doubtful"
        named = [f"{self.class_names[found.class_ids[i]]} {found.scores[i]:.2f}" for i in doubtful[:NAMED]]
        more = ", ..." if len(doubtful) > NAMED else ""
        return f"{len(doubtful)} of {len(found)} objects are doubtful: {', '.join(named)}{more}"


def _differences(pictures):
    """[N, N]: of each two pictures, 0 to 1."""
    from scipy.spatial.distance import cdist  # takes long to import

    cells, shares = (np.stack([one[name] for one in pictures]) for name in ("cells", "shares"))
    colours = cdist(cells, cells, "cityblock") / cells.shape[1]
    found = shares.sum(axis=1)
    classes = cdist(shares, shares, "cityblock") / np.maximum(found[:, None] + found, 1e-9)
    return (colours + classes) / 2
