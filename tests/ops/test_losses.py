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


def test_objectness_is_the_mean_over_counted_ones():
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


def test_class_loss_is_the_mean_over_counted_ones():
    logits = tensor([[0, 0, 0, 0], [0, math.log(7), 0, 0], [9, 9, 9, -9]])
    loss = losses.class_loss(logits, tf.constant([2, 1, -1]))
    assert float(loss) == pytest.approx((math.log(4) + math.log(10 / 7)) / 2)


def test_the_part_of_the_true_class():
    values = tensor([[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]])
    assert losses.of_class(values, tf.constant([2, 0])).numpy().tolist() == [[5, 6], [7, 8]]
    assert losses.of_class(values[None], tf.constant([[1, -1]])).numpy().tolist() == [[[3, 4], [7, 8]]]
    assert losses.of_class(tf.zeros([0, 5, 4]), tf.zeros([0], tf.int32)).shape == (0, 4)


# Two RoIs of classes 2 and 1 with one row of two cells each, and three maps.
TRUE_CLASSES = tf.constant([2, 1])
TARGETS = tensor([[[0, 1]], [[1, 0]]])
LOG_3 = math.log(3)
MAPS = tensor([[[[9, 9, 0], [-9, 9, LOG_3]]], [[[5, LOG_3, 5], [5, LOG_3, -5]]]])


def test_mask_loss_is_the_mean_over_the_cells_of_the_true_classes_maps():
    # Class 2's map: even odds, then 3/4 sure of the mask and right. Class 1's: 3/4 sure of it, right and then wrong.
    loss = losses.mask_loss(MAPS, TARGETS, TRUE_CLASSES)
    assert float(loss) == pytest.approx((LOG_2 + math.log(4 / 3) + math.log(4 / 3) + math.log(4)) / 4)


def test_softmax_mask_loss_is_the_mean_over_cells_of_the_class_inside_and_the_background_outside():
    # Of 1, 1, 2 parts the background has 1/4 and class 2 has 1/2; of 6, 3, 1 parts class 1 has 0.3, the background 0.6.
    first, second = np.log([1, 1, 2]), np.log([6, 3, 1])
    loss = losses.mask_loss(tensor([[[first, first]], [[second, second]]]), TARGETS, TRUE_CLASSES, "softmax")
    assert float(loss) == pytest.approx(-(math.log(1 / 4) + math.log(1 / 2) + math.log(0.3) + math.log(0.6)) / 4)


def test_class_agnostic_mask_loss_is_the_mean_over_the_cells_of_the_only_map():
    maps = tensor([[[[0], [LOG_3]]], [[[LOG_3], [LOG_3]]]])
    loss = losses.mask_loss(maps, TARGETS, TRUE_CLASSES)
    assert float(loss) == pytest.approx((LOG_2 + math.log(4 / 3) + math.log(4 / 3) + math.log(4)) / 4)


def mask_gradient(maps, class_ids, targets, kind="sigmoid"):
    _, gradient = value_and_gradient(
        lambda x: losses.mask_loss(x, tensor(targets), tf.constant(class_ids, tf.int32), kind), maps
    )
    return gradient


def test_only_the_map_of_the_true_class_learns():
    gradient = mask_gradient(np.zeros((2, 3, 3, 4)), [1, 3], np.ones((2, 3, 3)))
    np.testing.assert_allclose(gradient[0, :, :, 1], -0.5 / 18, rtol=1e-6)
    np.testing.assert_allclose(gradient[1, :, :, 3], -0.5 / 18, rtol=1e-6)
    assert np.count_nonzero(gradient) == 18


def test_with_softmax_all_maps_learn():
    # The share of each class, less 1 for the true one, over two cells: class 2 inside the mask, the background outside.
    gradient = mask_gradient(np.zeros((1, 1, 2, 4)), [2], [[[1, 0]]], "softmax")
    expected = np.array([[1, 1, -3, 1], [-3, 1, 1, 1]]) / 4 / 2
    np.testing.assert_allclose(gradient[0, 0], expected, rtol=1e-6)


def test_the_only_map_learns_whatever_the_class():
    gradient = mask_gradient(np.zeros((2, 1, 2, 1)), [1, 70], [[[1, 0]], [[1, 1]]])
    np.testing.assert_allclose(gradient[..., 0], np.array([[[-1, 1]], [[-1, -1]]]) / 2 / 4, rtol=1e-6)


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


@pytest.mark.parametrize(("kind", "maps"), [("sigmoid", 5), ("softmax", 5), ("sigmoid", 1)])
def test_no_masks_cost_nothing(kind, maps):
    targets, class_ids = tf.zeros([0, 28, 28]), tf.zeros([0], tf.int32)
    total, gradient = value_and_gradient(
        lambda x: losses.mask_loss(x, targets, class_ids, kind), np.zeros((0, 28, 28, maps))
    )
    assert total == 0
    assert gradient.shape == (0, 28, 28, maps)


def test_keypoint_loss_is_the_mean_over_the_keypoints_that_count():
    # Maps of 2 x 2 cells: even odds cost log 4; with log 3 in one cell it has a half, and each of the others a sixth.
    maps = np.zeros((2, 2, 2, 2))
    maps[0, 1, 0, 1] = maps[1, 0, 1, 0] = LOG_3
    maps[1, :, :, 1] = 99
    loss = losses.keypoint_loss(tensor(maps), tf.constant([[3, 2], [0, -1]]))
    assert float(loss) == pytest.approx((math.log(4) + LOG_2 + math.log(6)) / 3)


@pytest.mark.parametrize("count", [0, 2])
def test_no_keypoints_cost_nothing_and_teach_nothing(count):
    cells = tf.fill([count, 17], -1)
    total, gradient = value_and_gradient(lambda x: losses.keypoint_loss(x, cells), np.ones((count, 8, 8, 17)))
    assert total == 0
    assert gradient.shape == (count, 8, 8, 17)
    assert not gradient.any()


def test_extreme_logits_stay_finite():
    logits = tensor([1000, -1000])
    assert float(losses.objectness_loss(logits, tf.constant([0, 1]))) == pytest.approx(1000)
    assert float(losses.class_loss(tensor([[1000, 0]]), tf.constant([1]))) == pytest.approx(1000)
    inside, class_ids = tensor([[[1]]]), tf.constant([1])
    for kind in ("sigmoid", "softmax"):
        loss = losses.mask_loss(tensor([[[[0, -1000]]]]), inside, class_ids, kind)
        assert float(loss) == pytest.approx(1000)


@pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
def test_masks_of_class_0_do_not_count(kind):
    maps, targets = tf.concat([MAPS, MAPS + 5.0], axis=0), tf.concat([TARGETS, 1.0 - TARGETS], axis=0)
    padded = losses.mask_loss(maps, targets, tf.concat([TRUE_CLASSES, [0, 0]], axis=0), kind)
    assert float(padded) == pytest.approx(float(losses.mask_loss(MAPS, TARGETS, TRUE_CLASSES, kind)), rel=1e-6)
    assert float(losses.mask_loss(MAPS, TARGETS, 0 * TRUE_CLASSES, kind)) == 0
