"""Found instances of a class by score, and which of them are right, as COCO's evaluation has matched them."""

from dataclasses import dataclass

import numpy as np

from mrcnn_keras.evaluation.coco_matching import coco_run


@dataclass(frozen=True, eq=False)
class Ranking:
    """scores: [F] floats, highest first; right: [F] bool; objects: how many there are to be found.

    Instances in crowd regions, and those beyond the limit of detections, are left out.
    """

    scores: np.ndarray
    right: np.ndarray
    objects: int

    def counts(self):
        """Counts at each score as threshold, which keeps all instances of one score or none.

        Returns:
            Tuple of `[S]` scores, highest first, and `[S]` numbers of right and of all instances with at least that
            score.
        """
        last = np.flatnonzero(np.diff(self.scores, append=-1.0))
        return self.scores[last], np.cumsum(self.right)[last], last + 1


def rankings(predictions, kind=None, iou=0.5):
    """Ranks what was found of each class.

    Args:
        predictions: `Predictions`.
        kind: "bbox", "segm" or "keypoints"; `None`: masks where there are any.
        iou: Float, the overlap of a match, one of COCO's 0.5, 0.55, ... 0.95.

    Returns:
        List of `Ranking`, one per class without background.
    """
    return predictions.remembered(_rankings, predictions.kind(kind), iou)


def _rankings(predictions, kind, iou):
    run = coco_run(predictions, kind)
    row, ranked = run.at(iou), []
    for one, objects in zip(run.classes, run.objects[:, 0].tolist(), strict=True):
        counted = ~one.ignored[row]
        ranked.append(_ranked([one.scores[counted]], [one.right[row, counted]], objects))
    return ranked


def pooled(several):
    """Ranks what was found of several classes together.

    Args:
        several: List of `Ranking`.

    Returns:
        `Ranking`.
    """
    return _ranked([one.scores for one in several], [one.right for one in several], sum(one.objects for one in several))


def _ranked(scores, right, objects):
    scores, right = np.concatenate([[], *scores]), np.concatenate([np.zeros(0, bool), *right])
    order = np.argsort(-scores, kind="stable")
    return Ranking(scores[order], right[order], objects)
