"""Two sides of a data set: drawn at random, with each class on both of them as often as its share says."""

import numpy as np

from mrcnn_keras.errors import UserError


def split_groups(groups, fraction, seed, classes_of=None):
    """Draws the pictures of the second side.

    With classes, those with the fewest groups are dealt out first, each to the side that lacks most of it, and one
    group at least to each side (iterative stratification, Sechidis, Tsoumakas and Vlahavas, 2011).

    Args:
        groups: List of lists of picture ids; the pictures of a group stay together.
        fraction: Float between 0 and 1, the share of groups on the second side.
        seed: Integer.
        classes_of: Function of a picture id -> the ids of the classes on it; `None`: classes do not matter.

    Returns:
        Sorted lists of picture ids, of the first side and of the second.
    """
    if not 0 < fraction < 1:
        raise UserError(f"a validation share of {fraction} leaves no picture to train or to validate; try 0.2")
    if len(groups) < 2:
        raise UserError(
            f"{len(groups)} picture cannot be split (copies of a file are one); add pictures, or do not split"
        )
    order = np.random.default_rng(seed).permutation(len(groups)).tolist()
    count = min(max(1, round(fraction * len(groups))), len(groups) - 1)
    if classes_of is None:
        second = order[:count]
    else:
        classes = [{int(c) for i in group for c in classes_of(i)} or {None} for group in groups]
        second = _dealt(order, classes, len(groups) - count, count)
    first = set(order) - set(second)
    return tuple(sorted(i for place in side for i in groups[place]) for side in (first, second))


def _dealt(order, classes, *room):
    """The places in `classes` (a set per group) of the second side; room: how many groups each side takes."""
    room, sides = list(room), ([], [])
    left = dict.fromkeys(order)
    groups = {}
    for place in order:
        for name in classes[place]:
            groups.setdefault(name, []).append(place)
    share = room[1] / len(order)
    second = {name: max(share * len(of_class), min(1, len(of_class) - 1)) for name, of_class in groups.items()}
    lacking = [{name: len(groups[name]) - second[name] for name in groups}, second]
    while left:
        counts = {name: sum(place in left for place in of_class) for name, of_class in groups.items()}
        rarest = min((name for name in groups if counts[name]), key=counts.get)
        for place in [place for place in groups[rarest] if place in left]:
            side = max((0, 1), key=lambda side: (room[side] > 0, lacking[side][rarest], room[side]))
            sides[side].append(place)
            room[side] -= 1
            del left[place]
            for name in classes[place]:
                lacking[side][name] -= 1
    return sides[1]
