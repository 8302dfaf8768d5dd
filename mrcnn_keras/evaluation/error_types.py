"""Why average precision is not 1: the six types of errors of TIDE (Bolya et al. 2020), and what each costs.

"TIDE: A General Toolbox for Identifying Object Detection Errors", section 3. Numbers are those of its package tidecv,
as shares instead of per cent.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from mrcnn_keras.evaluation.overlaps import overlaps_of

MAIN_TYPES = ("class", "location", "both", "duplicate", "background", "missed")
SPECIAL_TYPES = ("false positive", "false negative")
RECALLS = np.arange(101) / 100


@dataclass(frozen=True)
class ErrorTypes:
    """TIDE's errors.

    Args:
        ap: Float, average precision at the threshold, the mean over classes with an object or a detection (COCO's is
            over classes with an object); NaN without any.
        costs: Dict {type: by how much `ap` would be higher without these errors}, of `MAIN_TYPES` and `SPECIAL_TYPES`.
        counts: Dict {type of `MAIN_TYPES`: number of errors}.
        founds: List, one per picture, of lists with a string per found instance: a type of `MAIN_TYPES`, "right",
            "ignored" (in a crowd region) or "left out" (beyond `max_detections`).
        truths: List, one per picture, of lists with a string per annotated instance: "found", "missed", "confused" (not
            found, but it would be if some error of a found instance were mended) or "ignored" (not counted).
    """

    ap: float
    costs: dict
    counts: dict
    founds: list
    truths: list


@dataclass
class _Errors:
    """Of all pictures; a point is (class, score, whether it is right), in tidecv's order.

    objects: {class: number}; right: {class: points}; errors: [(type, point as it is or None, point as mended or None,
    class of an object that goes or None)].
    """

    objects: dict = field(default_factory=dict)
    right: list = field(default_factory=list)
    all: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    unfound: dict = field(default_factory=dict)
    founds: list = field(default_factory=list)
    truths: list = field(default_factory=list)


def error_types(predictions, *, kind=None, iou=0.5, background_iou=0.1, max_detections=None):
    """Sorts the errors of a model by their types, and computes what each type costs.

    Found instances without a match are of the first type that fits: location (it overlaps an object of its class by
    `background_iou` to `iou`), class (an object of another class by `iou`), duplicate (an object of its class that has
    a match already), background (no object by more than `background_iou`), both (the rest: wrong class and place).
    Missed are the objects that no mended error would find. Mending gives an error's instance the right class or place,
    if its object has no match, and removes it otherwise; mending a missed object removes the object.

    Args:
        predictions: `Predictions`.
        kind: "bbox" or "segm", the overlaps; `None`: masks where there are any.
        iou: Float, the smallest overlap of a match.
        background_iou: Float, the largest overlap of background.
        max_detections: Integer, the best found instances of a picture, of all classes, that count; `None`: as the
            predictions say.

    Returns:
        `ErrorTypes`.
    """
    errors, most = _Errors(), max_detections or predictions.max_detections
    for picture, truth in zip(overlaps_of(predictions, predictions.kind(kind)), predictions.truths, strict=True):
        _sort_picture(errors, picture, len(truth), iou, background_iou, most)
    ap = _mean_ap(errors.objects, errors.all)
    costs = {name: max(_mended(errors, name) - ap, 0) for name in MAIN_TYPES}
    no_false = [(c, 1.0 if right else 0.0, right) for c, _, right in _in_order(errors)]
    unfound = {c: count - errors.unfound.get(c, 0) for c, count in errors.objects.items()}
    costs["false positive"] = _mean_ap(errors.objects, no_false) - ap
    costs["false negative"] = _mean_ap(unfound, _in_order(errors)) - ap
    counts = {name: sum(error[0] == name for error in errors.errors) for name in MAIN_TYPES}
    return ErrorTypes(ap, costs, counts, errors.founds, errors.truths)


def _sort_picture(errors, picture, num_truths, iou, background_iou, most):
    order = picture.best_first[:most]
    classes, scores, ious = picture.found_classes[order], picture.scores[order], picture.ious[order]
    same = picture.same_class[order]
    match = _matches(np.where(same, ious, 0), iou)
    used = np.isin(np.arange(ious.shape[1]), match)
    ignored = (match < 0) & picture.in_a_region(math.nextafter(iou, 2))[order]  # tidecv: more than the threshold
    verdicts, mendings = [], []  # of this picture: (index of the verdict, object that it would find or None)
    for i in range(len(order)):
        verdict, target = "right", None
        if match[i] < 0:
            verdict, target = _verdict(
                np.where(same[i], ious[i], 0), np.where(same[i], 0, ious[i]), used, iou, background_iou
            )
        verdicts.append(verdict)
        mendings.append(None if target is None or used[target] else target)
    finder = {}  # {object without a match: the best instance that would find it}
    for i, target in enumerate(mendings):
        if target is not None and (target not in finder or scores[i] > scores[finder[target]]):
            finder[target] = i
    _add(errors, picture, (classes, scores, verdicts, mendings, ignored, used, finder))
    found = np.full(len(picture.scores), "left out", object)
    found[order] = np.where(ignored, "ignored", np.array(verdicts, object)) if verdicts else []
    truth = np.full(num_truths, "ignored", object)
    names = ["found" if used[j] else "confused" if j in finder else "missed" for j in range(len(used))]
    truth[picture.truth_ids] = names
    errors.founds.append(found.tolist())
    errors.truths.append(truth.tolist())


def _matches(ious, threshold):
    """[F] the object of each instance, best first, or -1; each object has one at most."""
    left, match = ious.copy(), np.full(len(ious), -1)
    for i in range(len(ious) if ious.shape[1] else 0):
        j = int(left[i].argmax())
        if left[i, j] >= threshold:
            match[i] = j
            left[:, j] = 0
    return match


def _verdict(own, other, used, iou, background_iou):
    """-> type of an instance without a match, and the object that it stands for, or None

    own, other: [A] its overlaps with objects of its class, and of others, 0 elsewhere.
    """
    if not len(own):
        return "background", None
    if background_iou <= own.max() <= iou:
        return "location", int(own.argmax())
    if other.max() >= iou:
        return "class", int(other.argmax())
    if (own * used).max() >= iou:
        return "duplicate", None
    return "background" if max(own.max(), other.max()) <= background_iou else "both", None


def _add(errors, picture, sorted_picture):
    classes, scores, verdicts, mendings, ignored, used, finder = sorted_picture
    for c in picture.truth_classes.tolist():
        errors.objects[c] = errors.objects.get(c, 0) + 1
    for i, verdict in enumerate(verdicts):
        c, score = int(classes[i]), float(scores[i])
        if verdict == "right":
            errors.right.append((c, score, True))
            errors.all.append((c, score, True))
            continue
        before = None if ignored[i] else (c, score, False)
        target, after = mendings[i], None
        if target is not None and finder[target] == i:
            after = (int(picture.truth_classes[target]), score, True)
        errors.errors.append((verdict, before, after, None))
        if before:
            errors.all.append(before)
    for j in np.flatnonzero(~used).tolist():
        c = int(picture.truth_classes[j])
        errors.unfound[c] = errors.unfound.get(c, 0) + 1
        if j not in finder:
            errors.errors.append(("missed", None, None, c))


def _in_order(errors, mended=None):
    """All points: errors first, those of type `mended` as mended, then the right ones."""
    points = (after if name == mended else before for name, before, after, _ in errors.errors)
    return [point for point in points if point] + errors.right


def _mended(errors, name):
    """The average precision without the errors of one type."""
    objects = dict(errors.objects)
    if name == "missed":
        for *_, gone in errors.errors:
            if gone is not None:
                objects[gone] -= 1
    return _mean_ap(objects, _in_order(errors, name))


def _mean_ap(objects, points):
    by_class = {c: [] for c in objects}
    for c, score, right in points:
        by_class.setdefault(c, []).append((score, right))
    found = [_ap(objects.get(c, 0), rows) for c, rows in by_class.items() if rows or objects.get(c, 0)]
    return sum(found) / len(found) if found else math.nan


def _ap(objects, rows):
    """Average precision at 101 recalls of (score, right) of one class."""
    if not objects or not rows:
        return 0.0
    right = np.array([right for _, right in rows], bool)
    right = np.cumsum(right[np.argsort([-score for score, _ in rows], kind="stable")])
    precision = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    places = np.searchsorted(right / objects, RECALLS, side="left")
    return float(precision[places[places < len(right)]].sum()) / len(RECALLS)
