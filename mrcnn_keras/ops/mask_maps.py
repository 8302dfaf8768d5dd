"""What the maps of the mask head mean: the probability of a mask that is read from them, and what a wrong cell costs.

He et al. 2017, section 3 and table 2b. "sigmoid": each class has its map, or all have one, and each cell says on its
own whether it is in the mask, so that classes do not compete. "softmax": the classes share out each cell, and class 0
is what lies outside the mask.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


def mask_of_class(masks, class_ids):
    """The map of each mask's class: masks [M, h, w, C], class_ids [M] -> [M, h, w]; C = 1: one map for all."""
    if masks.shape[-1] == 1:
        return tf.squeeze(masks, axis=-1)
    return tf.gather(tf.transpose(masks, [0, 3, 1, 2]), class_ids, batch_dims=1)


def sigmoid_probabilities(logits, class_ids):
    """Probabilities of each mask's own class: logits [M, h, w, C] or [M, h, w, 1], class_ids [M] -> [M, h, w] 0..1."""
    return tf.sigmoid(mask_of_class(logits, class_ids))


def sigmoid_costs(logits, targets, class_ids):
    """Binary cross-entropy of each cell of the true class's map: targets [M, h, w] 0 or 1 -> [M, h, w]."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=mask_of_class(logits, class_ids))


def softmax_probabilities(logits, class_ids):
    """The share of each mask's own class in its cells: logits [M, h, w, C], class_ids [M] -> [M, h, w] 0..1."""
    return mask_of_class(tf.nn.softmax(logits), class_ids)


def softmax_costs(logits, targets, class_ids):
    """Cross-entropy of each cell, which is of the true class inside the mask and of class 0 outside -> [M, h, w]."""
    labels = tf.where(targets > 0, class_ids[:, None, None], 0)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


class MapKind(NamedTuple):
    """The two functions that belong together."""

    probabilities: Callable  # (logits, class_ids) -> [M, h, w]
    costs: Callable  # (logits, targets, class_ids) -> [M, h, w]


MAP_KINDS = {
    "sigmoid": MapKind(sigmoid_probabilities, sigmoid_costs),
    "softmax": MapKind(softmax_probabilities, softmax_costs),
}
