"""Why average precision is not 1: the six types of errors of TIDE (Bolya et al. 2020), and what each costs.

"TIDE: A General Toolbox for Identifying Object Detection Errors", section 3. Numbers are those of its package tidecv,
as shares instead of per cent.
"""

import math
from collections import Counter
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
        partners: List, one per picture, of lists with an integer per found instance: the annotated instance that it is
            right about, or stands for with another class or place, or is a duplicate of; -1: none.
    """

    ap: float
    costs: dict
    counts: dict
    founds: list
    truths: list
    partners: list


@dataclass
class _Errors:
    """All pictures together; a point is (class, score, whether it is right).

    objects, unfound: {class: number of objects, of those without a match}; points: as found; right: those of them that
    are; errors: [(type, point as found or None, point as mended or None, class of an object that goes or None)];
    founds, truths, partners: as in ErrorTypes.
    """

    objects: Counter = field(default_factory=Counter)
    unfound: Counter = field(default_factory=Counter)
    points: list = field(default_factory=list)
    right: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    founds: list = field(default_factory=list)
    truths: list = field(default_factory=list)
    partners: list = field(default_factory=list)


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
    for picture, truth in zip(overlaps_of(predictions, kind), predictions.truths, strict=True):
        _sort_picture(errors, picture, len(truth), (iou, background_iou), most)
    ap = _mean_ap(errors.objects, errors.points)
    costs = {name: max(_mended(errors, name) - ap, 0) for name in MAIN_TYPES}
    no_false = [(c, float(right), right) for c, _, right in _in_order(errors)]
    costs["false positive"] = _mean_ap(errors.objects, no_false) - ap
    costs["false negative"] = _mean_ap(_less(errors.objects, errors.unfound), _in_order(errors), nothing=1.0) - ap
    if math.isnan(ap):
        costs = dict.fromkeys(costs, math.nan)
    counts = {name: sum(error[0] == name for error in errors.errors) for name in MAIN_TYPES}
    return ErrorTypes(ap, costs, counts, errors.founds, errors.truths, errors.partners)


def _sort_picture(errors, picture, num_truths, limits, most):
    """Adds the found and annotated instances of a picture to `errors`; limits: (iou, background_iou)."""
    order = picture.best_first[:most]
    classes, scores = picture.found_classes[order].tolist(), picture.scores[order].tolist()
    own = np.where(picture.same_class, picture.ious, 0)[order]
    other = picture.ious[order] - own
    match = _matches(own, limits[0])
    used = np.isin(np.arange(own.shape[1]), match)
    ignored = (match < 0) & picture.in_a_region(math.nextafter(limits[0], 2))[order]  # tidecv: more than the threshold
    verdicts = [
        ("right", None) if match[i] >= 0 else _verdict(own[i], other[i], used, *limits) for i in range(len(order))
    ]
    finders = {}  # {object without a match: the best instance that would find it}
    for i, (_, target) in enumerate(verdicts):
        if target is not None and not used[target] and (target not in finders or scores[i] > scores[finders[target]]):
            finders[target] = i
    truth_classes = picture.truth_classes.tolist()
    for i, (verdict, target) in enumerate(verdicts):
        if verdict == "right":
            errors.right.append((classes[i], scores[i], True))
            errors.points.append(errors.right[-1])
            continue
        point = (classes[i], scores[i], False)
        mended = (truth_classes[target], scores[i], True) if finders.get(target) == i else None
        errors.errors.append((verdict, None if ignored[i] else point, mended, None))
        errors.points += [] if ignored[i] else [point]
    missed = [j for j in np.flatnonzero(~used).tolist() if j not in finders]
    errors.errors += [("missed", None, None, truth_classes[j]) for j in missed]
    errors.objects.update(truth_classes)
    errors.unfound.update(picture.truth_classes[~used].tolist())
    found = np.full(len(picture.scores), "left out", object)
    found[order] = ["ignored" if skip else verdict for skip, (verdict, _) in zip(ignored, verdicts, strict=True)]
    truth = np.full(num_truths, "ignored", object)
    truth[picture.truth_ids] = np.where(used, "found", "confused")
    truth[picture.truth_ids[missed]] = "missed"
    partners = np.full(len(picture.scores), -1)
    for i, (verdict, target) in enumerate(verdicts):
        if verdict == "duplicate":
            target = int((own[i] * used).argmax())
        target = int(match[i]) if verdict == "right" else target
        if target is not None and not ignored[i]:
            partners[order[i]] = picture.truth_ids[target]
    errors.partners.append(partners.tolist())
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


def _in_order(errors, mended=None):
    """All points: errors first, those of type `mended` as mended, then the right ones."""
    points = (after if name == mended else before for name, before, after, _ in errors.errors)
    return [point for point in points if point] + errors.right


def _mended(errors, name):
    """The average precision without the errors of one type."""
    gone = Counter(error[3] for error in errors.errors if error[0] == name == "missed")
    return _mean_ap(_less(errors.objects, gone), _in_order(errors, name), nothing=1.0)


def _less(objects, gone):
    return {c: count - gone[c] for c, count in objects.items()}


def _mean_ap(objects, points, nothing=math.nan):
    """nothing: what it is if there is no class to measure, as when all objects were missed, and are gone."""
    by_class = {c: [] for c in objects}
    for c, score, right in points:
        by_class.setdefault(c, []).append((score, right))
    found = [_ap(objects.get(c, 0), rows) for c, rows in by_class.items() if rows or objects.get(c, 0)]
    return sum(found) / len(found) if found else nothing


def _ap(objects, rows):
    """Average precision at 101 recalls of (score, right) of one class."""
    if not objects or not rows:
        return 0.0
    right = np.array([right for _, right in rows], bool)
    right = np.cumsum(right[np.argsort([-score for score, _ in rows], kind="stable")])
    precision = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    places = np.searchsorted(right / objects, RECALLS, side="left")
    return float(precision[places[places < len(right)]].sum()) / len(RECALLS)
