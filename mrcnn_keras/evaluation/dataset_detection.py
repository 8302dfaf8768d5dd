"""Detection in the pictures of a dataset, whose classes may be in another order than the model's."""

import dataclasses

import numpy as np


def detect_in(model, dataset, image_ids, images, *min_score):
    """Detects in loaded pictures of a dataset, with their proposals if the model takes any.

    Args:
        model: `MaskRCNN`, or any object with such a `detect`.
        dataset: `Dataset`, asked for its proposals only.
        image_ids: List of integers.
        images: List of `[H, W, 3]` uint8, the pictures with these ids.
        *min_score: Float, see `MaskRCNN.detect`, or nothing.

    Returns:
        List of `Detections`, with the model's class ids.
    """
    if not getattr(model, "takes_proposals", False):
        return model.detect(images, *min_score)
    return model.detect(images, *min_score, proposals=[dataset.load_proposals(image_id) for image_id in image_ids])


def classes_by_name(model, dataset):
    """Finds the dataset's classes among those of a model that has them in other places.

    Args:
        model: `MaskRCNN`, or any object; its `class_names` count, where it has any.
        dataset: `Dataset`, or any object with `class_names`.

    Returns:
        Dict {model's class id: dataset's}; `None` if the names are the same, or do not determine the classes.
    """
    names = list(dataset.class_names)
    theirs = list(getattr(model, "class_names", None) or names)
    if theirs == names or any(theirs.count(name) != 1 for name in names[1:]):
        return None
    return {theirs.index(name): i for i, name in enumerate(names) if i > 0}


def renamed(found, same):
    """Gives detections the dataset's class ids, and leaves out those of other classes.

    Args:
        found: `Detections` with the model's class ids.
        same: Dict of `classes_by_name`, or `None`.

    Returns:
        `Detections`.
    """
    if same is None:
        return found
    known = found[np.isin(found.class_ids, list(same))]
    return dataclasses.replace(known, class_ids=np.array([same[i] for i in known.class_ids.tolist()], int))
