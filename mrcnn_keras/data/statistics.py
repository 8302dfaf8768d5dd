"""Figures on a dataset, from its annotations alone."""

import numpy as np

from mrcnn_keras.resize import plan_resize


def statistics_of(dataset):
    """As Dataset.statistics, which says what each key means."""
    pictures = [dataset.load_boxes(image_id) for image_id in dataset.image_ids]
    sizes = np.array([found.size for found in pictures]).reshape(-1, 2)
    objects = [found[found.class_ids > 0] for found in pictures]
    classes = np.concatenate([np.zeros(0, int), *(found.class_ids for found in objects)])
    counts = np.bincount(classes, minlength=dataset.num_classes)
    areas = np.concatenate([np.zeros(0), *(_box_areas(found) for found in objects)])
    shares = np.concatenate([np.zeros(0), *(_box_areas(found) / np.prod(found.size) for found in objects)])
    return {
        "images": len(pictures),
        "images_without_objects": sum(not len(found) for found in objects),
        "instances": int(counts.sum()),
        "crowds": sum(int(np.sum(found.class_ids < 0)) for found in pictures),
        "per_class": {name: int(counts[i]) for i, name in enumerate(dataset.class_names) if i},
        "width": _percentiles(sizes[:, 1], (0, 50, 100)),
        "height": _percentiles(sizes[:, 0], (0, 50, 100)),
        "object_side": _percentiles(np.sqrt(areas), (5, 50, 95)),
        "relative_side": _percentiles(np.sqrt(shares), (5, 50, 95)),
        "max_instances": max((len(found) for found in pictures), default=0),
    } | _of_keypoints(dataset.keypoint_layout, objects)


def _of_keypoints(layout, objects):
    if layout is None:
        return {}
    points = [found.keypoints[..., 2] > 0 for found in objects if found.keypoints is not None]
    annotated = np.concatenate([np.zeros((0, len(layout)), bool), *points])
    return {
        "keypoints": dict(zip(layout.names, annotated.sum(axis=0).tolist(), strict=True)),
        "instances_with_keypoints": int(annotated.any(axis=1).sum()),
    }


def _box_areas(found):
    return np.prod(found.boxes[:, 2:].astype(float) - found.boxes[:, :2], axis=1)


def _percentiles(values, at):
    return [float(value) for value in np.percentile(values, at)] if len(values) else []


def class_table(dataset):
    """Counts and measures the classes of a dataset.

    Args:
        dataset: `Dataset`.

    Returns:
        List of dicts, one per class, of plain values: `name`, `objects`, `pictures` that have some, `crowds` and
        `median_side`, sqrt(box area) in pixels, 0 without an object.
    """
    pictures = [dataset.load_boxes(image_id) for image_id in dataset.image_ids]
    ids = np.concatenate([np.zeros(0, int), *(found.class_ids for found in pictures)])
    sides = np.sqrt(np.concatenate([np.zeros(0), *(_box_areas(found) for found in pictures)]))
    having = np.concatenate([np.zeros(0, int), *(np.unique(found.class_ids) for found in pictures)])
    rows = []
    for class_id, name in list(enumerate(dataset.class_names))[1:]:
        own = sides[ids == class_id]
        rows.append(
            {
                "name": name,
                "objects": len(own),
                "pictures": int(np.sum(having == class_id)),
                "crowds": int(np.sum(ids == -class_id)),
                "median_side": float(np.median(own)) if len(own) else 0.0,
            }
        )
    return rows


def object_sizes(dataset, plan):
    """Lists what histograms are made of.

    Args:
        dataset: `Dataset`.
        plan: Dict, the keyword arguments of `resize.plan_resize`.

    Returns:
        Dict of lists: `object_side` in pixels and `object_side_in_network` in network pixels, both sqrt(box area) of
        the objects; `objects_per_picture`, and `picture_side`, the longer one of each picture in pixels.
    """
    pictures = [dataset.load_boxes(image_id) for image_id in dataset.image_ids]
    objects = [found[found.class_ids > 0] for found in pictures]
    sides = [np.sqrt(_box_areas(found)) for found in objects]
    scales = [np.sqrt(np.prod(plan_resize(*found.size, **plan).scale)) for found in pictures]
    return {
        "object_side": np.concatenate([np.zeros(0), *sides]).tolist(),
        "object_side_in_network": np.concatenate(
            [np.zeros(0), *(side * scale for side, scale in zip(sides, scales, strict=True))]
        ).tolist(),
        "objects_per_picture": [len(found) for found in objects],
        "picture_side": [max(found.size) for found in pictures],
    }
