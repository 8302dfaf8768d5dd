"""Which rows of proposals and detections stay where they are when the stages get the noise of float32 arithmetic."""

import numpy as np

NOISE = 1e-5  # of a stage's deviation: what two float32 implementations of the published models differ by
RUNS = 3
PIXELS = 0.02


def same_rows(array, others, tolerance):
    """[N] bool: row i is within `tolerance` of row i of each other array."""
    same = np.ones(len(array), bool)
    for other in others:
        count = min(len(array), len(other))
        same[count:] = False
        same[:count] &= np.all(np.abs(array[:count] - other[:count]) <= tolerance, axis=1)
    return same


def _torch_columns(stages, i):
    labels, boxes = stages[f"final_labels_{i}"][:, None], stages[f"final_boxes_{i}"]
    return np.concatenate([boxes, labels * 1000.0], axis=1)


def mark_torch(stages, noisy, count):
    """Add proposals_steady_i and detections_steady_i for `count` pictures; the share of steady rows of each."""
    for i in range(count):
        others = [one[f"proposals_{i}"] for one in noisy]
        stages[f"proposals_steady_{i}"] = same_rows(stages[f"proposals_{i}"], others, PIXELS)
        others = [_torch_columns(one, i) for one in noisy]
        stages[f"detections_steady_{i}"] = same_rows(_torch_columns(stages, i), others, PIXELS)
    names = [f"{name}_steady_{i}" for i in range(count) for name in ("proposals", "detections")]
    return [float(stages[name].mean()) for name in names]


def mark_matterport(stages, noisy, side):
    """Add rpn_rois_steady and mrcnn_detection_steady (the detections alone, not the zeros after them)."""
    tolerance = PIXELS / side
    others = [one["rpn_rois"] for one in noisy]
    stages["rpn_rois_steady"] = same_rows(stages["rpn_rois"], others, tolerance)
    count = np.count_nonzero(stages["mrcnn_detection"][:, 4])
    others = [one["mrcnn_detection"][:, :5] for one in noisy]
    stages["mrcnn_detection_steady"] = same_rows(stages["mrcnn_detection"][:count, :5], others, tolerance)
    return [float(stages["rpn_rois_steady"].mean()), float(stages["mrcnn_detection_steady"].mean())]
