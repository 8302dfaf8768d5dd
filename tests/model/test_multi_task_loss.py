"""L = L_cls + L_box of the RPN + L_cls + L_box + L_mask of the heads, each times its weight, computed by hand."""

import math

import pytest
import tensorflow as tf

from mrcnn_keras.config import Config

LOG_2, LOG_3 = math.log(2), math.log(3)


def tensor(values):
    return tf.constant(values, tf.float32)


# What the training mode's forward pass makes of one picture: three anchors, three RoIs, one of them positive.
OUTPUTS = {
    "rpn_logits": tensor([[0, LOG_3, 50]]),
    "rpn_labels": tf.constant([[1, 0, -1]]),
    "rpn_deltas": tensor([[[2, 0, 0, 0.5], [9, 9, 9, 9], [9, 9, 9, 9]]]),
    "rpn_target_deltas": tf.zeros([1, 3, 4]),
    "class_logits": tensor([[[0, 0, LOG_2], [LOG_2, 0, 0], [50, 0, 0]]]),
    "roi_class_ids": tf.constant([[2, 0, -1]]),
    "box_deltas": tensor([[[[9] * 4, [9] * 4, [1, 4, 0, 0]], [[9] * 4] * 3, [[9] * 4] * 3]]),
    "roi_target_deltas": tensor([[[0, 1, 0, 0], [0] * 4, [0] * 4]]),
    "mask_targets": tensor([[[1, 0]]]),
    "mask_class_ids": tf.constant([2]),
}
EXPECTED = {
    # even odds: log 2; 3/4 sure of an object where none is: log 4; the third does not count
    "rpn_class_loss": (LOG_2 + math.log(4)) / 2,
    # the positive alone, |2| - 0.5 and 0.5 * 0.5^2, over the two that count
    "rpn_bbox_loss": (1.5 + 0.125) / 2,
    # each has half of the probability for what is right
    "mrcnn_class_loss": LOG_2,
    # the positive's deltas for class 2, differences 1 and 3, over the two that count
    "mrcnn_bbox_loss": (0.5 + 2.5) / 2,
}
MASKS = {
    # class 2's map: 3/4 sure of the mask in both cells, which is right and wrong
    "sigmoid": ({}, [[[[9, -9, LOG_3], [-9, 9, LOG_3]]]], (math.log(4 / 3) + math.log(4)) / 2),
    # class 2 has 3 of 5 parts where it should, the background 1 of 4
    "softmax": ({"MASK_LOSS": "softmax"}, [[[[0, 0, LOG_3], [0, LOG_2, 0]]]], (math.log(5 / 3) + math.log(4)) / 2),
    # the only map: even odds, and 3/4 sure where nothing is
    "class-agnostic": ({"MASK_CLASS_AGNOSTIC": True}, [[[[0], [LOG_3]]]], (LOG_2 + math.log(4)) / 2),
}


@pytest.mark.parametrize("variant", MASKS)
def test_parts_and_their_weighted_sum(variant, small_model):
    settings, mask_logits, mask_loss = MASKS[variant]
    weights = dict(zip(Config().loss_names(), (1, 0, 10, 0.5, 3), strict=True))
    model = small_model(**settings, RPN_BBOX_BETA=1, BBOX_BETA=1, LOSS_WEIGHTS=weights)
    outputs = OUTPUTS | {"mask_logits": tensor(mask_logits)}
    parts = {name: float(value) for name, value in model.losses_of(outputs).items()}
    expected = EXPECTED | {"mrcnn_mask_loss": mask_loss}
    assert parts == pytest.approx(expected, rel=1e-6)
    total = 1 * parts["rpn_class_loss"] + 10 * LOG_2 + 0.5 * 1.5 + 3 * mask_loss
    assert float(model.compute_loss(y_pred=outputs)) == pytest.approx(total, rel=1e-6)
