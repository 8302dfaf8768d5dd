"""Which pictures are most worth labelling next: those with doubtful objects that differ from one another."""

import cv2
import numpy as np

DOUBTFUL_FROM = 0.1  # the lowest score of an object that counts
COUNTED = 5  # doubts of a picture
DOUBTFUL = 0.6  # doubt of an object that is called so: a score from 0.3 to 0.7
LEAST = 0.05  # of an uncertainty, so that among pictures without doubts the different ones come first
CELLS = 8  # a picture's colours are compared in so many rows and columns
NAMED = 3  # doubtful objects that a reason names


class LabellingOrder:
    """Takes pictures with what was found on them, one after the other, and ranks them.

    The doubt of an object is 1 - |2 score - 1|: 1 at a score of 0.5, 0 at 0 and 1. The uncertainty of a picture is the
    sum of its five greatest doubts, divided by five. The difference of two pictures, 0 to 1, is the mean of that of
    their colours in 8 x 8 cells and that of the shares of the classes found on them. The first is the most uncertain
    picture; each next one has the greatest product of uncertainty and difference from the nearest that was chosen.

    class_names: background first.
    """

    def __init__(self, class_names):
        self.class_names = class_names
        self.pictures = []

    def add(self, name, image, found):
        """image: [H, W, 3] uint8. found: its Detections, down to a score of DOUBTFUL_FROM."""
        found = found.above(DOUBTFUL_FROM)
        doubts = 1 - np.abs(2 * found.scores.astype(float) - 1)
        order = np.argsort(-doubts, kind="stable")
        shares = np.bincount(found.class_ids, found.scores, minlength=len(self.class_names))
        cells = cv2.resize(image, (CELLS, CELLS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        self.pictures.append(
            {
                "file": str(name),
                "uncertainty": float(doubts[order[:COUNTED]].sum() / COUNTED),
                "what": self._in_words(found, doubts, order),
                "cells": cells,
                "shares": shares / max(shares.sum(), 1e-9),
            }
        )

    def best(self, count):
        """The first `count` as dicts of file, uncertainty, difference (None of the first) and reason."""
        left, chosen = list(self.pictures), []
        nearest = [1.0] * len(left)
        while left and len(chosen) < count:
            worth = [(one["uncertainty"] + LEAST) * near for one, near in zip(left, nearest, strict=True)]
            place = int(np.argmax(worth))
            picture, difference = left.pop(place), nearest.pop(place)
            nearest = [min(near, _difference(one, picture)) for one, near in zip(left, nearest, strict=True)]
            unlike = f"; differs by {difference:.2f} from the most similar one above" if chosen else ""
            chosen.append(
                {
                    "file": picture["file"],
                    "uncertainty": round(picture["uncertainty"], 4),
                    "difference": round(difference, 4) if chosen else None,
                    "reason": f"{picture['what']} (uncertainty {picture['uncertainty']:.2f}){unlike}",
                }
            )
        return chosen

    def _in_words(self, found, doubts, order):
        doubtful = [i for i in order if doubts[i] >= DOUBTFUL]
        if not len(found):
            return "nothing was found"
        if not doubtful:
            return f"{len(found)} object{'s' * (len(found) > 1)} found, none doubtful"
        named = [f"{self.class_names[found.class_ids[i]]} {found.scores[i]:.2f}" for i in doubtful[:NAMED]]
        more = ", ..." if len(doubtful) > NAMED else ""
        return f"{len(doubtful)} of {len(found)} objects are doubtful: {', '.join(named)}{more}"


def _difference(one, other):
    colours = np.abs(one["cells"] - other["cells"]).mean()
    classes = np.abs(one["shares"] - other["shares"]).sum() / max(one["shares"].sum() + other["shares"].sum(), 1e-9)
    return float(colours + classes) / 2
