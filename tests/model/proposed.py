"""Proposals as selective search gives them: rough boxes around the objects, and boxes of anything else."""

import numpy as np


def proposed_boxes(found, rng, around=4, others=20):
    """found: the Detections of a picture -> [N, (y1, x1, y2, x2)] float32 in it, in no order.

    around: boxes about each object, whose edges are off by up to a tenth of its sides; others: boxes anywhere.
    """
    sides = np.float32(found.size * 2)
    boxes = np.repeat(found.boxes, around, axis=0)
    boxes = boxes + rng.uniform(-0.1, 0.1, boxes.shape) * np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    corners = np.sort(rng.uniform(0, 1, (others, 2, 2)), axis=1).reshape(-1, 4) * sides
    boxes = np.clip(np.concatenate([boxes, corners]), 0, sides)
    return rng.permutation(boxes).astype(np.float32)


def give_proposals(dataset, seed=0):
    """Sets proposals of this kind in all pictures of a dataset."""
    rng = np.random.default_rng(seed)
    dataset.set_proposals([proposed_boxes(dataset.load_annotations(i), rng) for i in dataset.image_ids])
    return dataset
