"""Instances as `supervision.Detections`: for its annotators, trackers and counters."""

import numpy as np

from mrcnn_keras.errors import UserError


def as_supervision(found, class_names):
    """`Detections` -> `supervision.Detections`, see `Detections.to_supervision`."""
    try:
        import supervision
    except ImportError as error:
        raise UserError("to_supervision needs the package supervision; install it: pip install supervision") from error
    ids = np.abs(found.class_ids).astype(int)
    data = {"iscrowd": found.class_ids < 0}
    if class_names is not None:
        if len(class_names) <= ids.max(initial=0):
            raise UserError(f"class id {ids.max()} has no name among the {len(class_names)} class_names; give them all")
        data["class_name"] = np.array([str(class_names[i]) for i in ids], dtype=str)
    return supervision.Detections(
        xyxy=found.boxes[:, [1, 0, 3, 2]].astype(np.float32),
        mask=None if found.mask_crops is None else np.moveaxis(found.masks, -1, 0),
        confidence=None if found.scores is None else found.scores.astype(np.float32),
        class_id=ids,
        data=data,
    )
