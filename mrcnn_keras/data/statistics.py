"""Figures on a dataset, from its annotations alone."""

import numpy as np


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
