"""Weights of the same classes in another order: each class of a model gets those that have its name."""

import numpy as np

# Layers with outputs per class, and how many each class has there, the class before them.
PER_CLASS = {"box_head/class_logits": 1, "box_head/deltas": 4, "mask_head/logits": 1, "mask_head/maps": 1}


def find_places(ours, theirs):
    """The place among the classes `theirs` of each class of `ours`, both with the background first, or None.

    None where the places are the same, the numbers differ, or names are ambiguous. A class that they do not
    know gets a place that is left over.
    """
    if not ours or len(ours) != len(theirs) or min(len({*ours}), len({*theirs})) < len(ours):
        return None
    left = iter([place for place, name in enumerate(theirs) if place and name not in ours[1:]])
    places = [0, *(theirs.index(name) if name in theirs[1:] else next(left) for name in ours[1:])]
    return None if places == [*range(len(ours))] else places


def unknown_classes(ours, theirs, places):
    """["owl from cat", ...]: the classes that get the weights of one of another name."""
    places = range(len(ours)) if places is None else places
    pairs = list(zip(ours, (theirs[place] for place in places), strict=True))[1:] if len(ours) == len(theirs) else []
    return [f"{name} from {other}" for name, other in pairs if name != other]


def rearranged(path, value, places):
    """The value of the variable `path`, with the classes in the order of `places`; as it is if it has none."""
    per_class = PER_CLASS.get(path.rpartition("/")[0])
    if per_class is None or value.shape[-1] % (len(places) * per_class):
        return value
    by_class = value.reshape(*value.shape[:-1], -1, len(places), per_class)
    return np.take(by_class, places, axis=-2).reshape(value.shape)
