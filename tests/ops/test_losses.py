import math

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.ops import losses

LOG_2 = math.log(2)


def tensor(values):
    return tf.constant(values, tf.float32)


def test_smooth_l1_is_a_parabola_then_a_line():
    values = losses.smooth_l1(tensor([-2, -1, -0.5, 0, 0.5, 1, 2]), 1.0).numpy()
    assert values.tolist() == [1.5, 0.5, 0.125, 0, 0.125, 0.5, 1.5]
    np.testing.assert_allclose(losses.smooth_l1(tensor([0.05, 1]), 0.1), [0.0125, 0.95], rtol=1e-6)


def test_smooth_l1_without_a_parabola_is_the_distance():
    assert losses.smooth_l1(tensor([-2, 0, 0.5]), 0).numpy().tolist() == [2, 0, 0.5]


def test_objectness_is_the_mean_over_what_is_counted():
    # Logit 0 costs log 2 either way, logit log 3 is 3/4 sure: log 4/3 where right, log 4 where wrong.
    logits = tensor([[0, math.log(3), math.log(3), 50]])
    loss = losses.objectness_loss(logits, tf.constant([[1, 1, 0, -1]]))
    assert float(loss) == pytest.approx((LOG_2 + math.log(4 / 3) + math.log(4)) / 3)


def test_box_loss_is_of_positives_over_all_counted():
    deltas = tensor([[1, 2, 0, 0], [9, 9, 9, 9], [9, 9, 9, 9]])
    targets = tensor([[0, 0, 0, 0.5], [0, 0, 0, 0], [0, 0, 0, 0]])
    # The positive: 0.5 + 1.5 + 0 + 0.125; counted are it and the background, but not the third.
    loss = losses.box_loss(deltas, targets, tf.constant([7, 0, -1]), 1.0)
    assert float(loss) == pytest.approx(2.125 / 2)


def test_class_loss_is_the_mean_over_what_is_counted():
    logits = tensor([[0, 0, 0, 0], [0, math.log(7), 0, 0], [9, 9, 9, -9]])
    loss = losses.class_loss(logits, tf.constant([2, 1, -1]))
    assert float(loss) == pytest.approx((math.log(4) + math.log(10 / 7)) / 2)


def test_the_part_of_the_true_class():
    values = tensor([[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]])
    assert losses.of_class(values, tf.constant([2, 0])).numpy().tolist() == [[5, 6], [7, 8]]
    assert losses.of_class(values[None], tf.constant([[1, -1]])).numpy().tolist() == [[[3, 4], [7, 8]]]
    assert losses.of_class(tf.zeros([0, 5, 4]), tf.zeros([0], tf.int32)).shape == (0, 4)


def test_the_map_of_the_true_class():
    maps = tensor(np.arange(24).reshape(2, 2, 2, 3))
    assert losses.mask_of_class(maps, tf.constant([0, 2])).numpy().tolist() == [
        [[0, 3], [6, 9]],
        [[14, 17], [20, 23]],
    ]


def test_mask_loss_is_the_mean_over_cells():
    logits = tensor([[[0, 0], [math.log(3), math.log(3)]]])
    loss = losses.mask_loss(logits, tensor([[[0, 1], [1, 0]]]))
    assert float(loss) == pytest.approx((2 * LOG_2 + math.log(4 / 3) + math.log(4)) / 4)


def test_only_the_map_of_the_true_class_learns():
    logits, class_ids = tf.zeros([2, 3, 3, 4]), tf.constant([1, 3])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = losses.mask_loss(losses.mask_of_class(logits, class_ids), tf.ones([2, 3, 3]))
    gradient = tape.gradient(loss, logits).numpy()
    np.testing.assert_allclose(gradient[0, :, :, 1], -0.5 / 18, rtol=1e-6)
    np.testing.assert_allclose(gradient[1, :, :, 3], -0.5 / 18, rtol=1e-6)
    assert np.count_nonzero(gradient) == 18


def value_and_gradient(loss, values):
    values = tensor(values)
    with tf.GradientTape() as tape:
        tape.watch(values)
        total = loss(values)
    return float(total), tape.gradient(total, values).numpy()


@pytest.mark.parametrize("labels", [[-1, -1, -1], []], ids=["nothing sampled", "nothing there"])
def test_nothing_costs_nothing_and_teaches_nothing(labels):
    count, labels = len(labels), tf.constant(labels, tf.int32)
    for loss, shape in (
        (lambda x: losses.objectness_loss(x, labels), (count,)),
        (lambda x: losses.class_loss(x, labels), (count, 5)),
        (lambda x: losses.box_loss(x, tf.zeros_like(x), labels, 1 / 9), (count, 4)),
    ):
        total, gradient = value_and_gradient(loss, np.full(shape, 3.0))
        assert total == 0
        assert not gradient.any()


def test_boxes_of_background_cost_nothing():
    total, gradient = value_and_gradient(
        lambda x: losses.box_loss(x, tf.zeros_like(x), tf.constant([0, 0]), 1.0), np.full((2, 4), 3.0)
    )
    assert total == 0
    assert not gradient.any()


def test_no_masks_cost_nothing():
    total, gradient = value_and_gradient(lambda x: losses.mask_loss(x, x), np.zeros((0, 28, 28)))
    assert total == 0
    assert gradient.shape == (0, 28, 28)


def test_extreme_logits_stay_finite():
    logits = tensor([1000, -1000])
    assert float(losses.objectness_loss(logits, tf.constant([0, 1]))) == pytest.approx(1000)
    assert float(losses.class_loss(tensor([[1000, 0]]), tf.constant([1]))) == pytest.approx(1000)
