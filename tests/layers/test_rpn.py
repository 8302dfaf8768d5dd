import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers.rpn import AnchorLayer, PickAnchors, RPNHead


def test_one_list_of_anchors_a_level():
    layer = AnchorLayer((8, 32), (0.25, 1), (4, 16))
    fine, coarse = layer([tf.zeros([3, 1, 2, 7]), tf.zeros([3, 1, 1, 7])])
    assert fine.numpy().tolist() == [[-2, -8, 2, 8], [-4, -4, 4, 4], [-2, -4, 2, 12], [-4, 0, 4, 8]]
    assert coarse.numpy().tolist() == [[-8, -32, 8, 32], [-16, -16, 16, 16]]


def test_rounded_anchors_are_those_of_torchvision():
    (anchors,) = AnchorLayer((32,), (0.5,), (4,), rounded=True)([tf.zeros([1, 1, 1, 1])])
    assert anchors.numpy().tolist() == [[-11, -23, 11, 23]]


def test_answers_come_in_the_order_of_the_anchors():
    head = RPNHead(1, 2)
    features = [tf.reshape(tf.range(1.0, 5), [1, 2, 2, 1]), tf.fill([1, 1, 1, 1], 9.0)]
    head(features)
    centre = np.zeros((3, 3, 1, 1))
    centre[1, 1] = 1
    # The convolution passes its input on; anchor k answers 10^k times it, and 10^k + coordinate as deltas.
    head.convs[0].set_weights([centre, np.zeros(1)])
    head.logits.set_weights([np.array([1, 10]).reshape(1, 1, 1, 2), np.zeros(2)])
    head.deltas.set_weights([np.zeros((1, 1, 1, 8)), np.array([1, 2, 3, 4, 11, 12, 13, 14])])
    logits, deltas = head(features)
    assert logits[0].numpy().tolist() == [[1, 10, 2, 20, 3, 30, 4, 40]]
    assert logits[1].numpy().tolist() == [[9, 90]]
    assert deltas[0].numpy().tolist() == [[[1, 2, 3, 4], [11, 12, 13, 14]] * 4]
    assert deltas[1].shape == (1, 2, 4)


@pytest.mark.parametrize(("norm_kind", "count"), [("none", 6), ("gn", 8)])
def test_all_levels_share_the_weights(norm_kind, count):
    head = RPNHead(8, 3, norm_kind)
    one, other = head([tf.ones([2, 4, 4, 8]), tf.ones([2, 4, 4, 8])])[0]
    assert len(head.weights) == count
    np.testing.assert_array_equal(one, other)


def test_at_first_an_anchor_may_be_anything():
    # Scores near 1/2 and hardly any movement, on features of deviation 1.
    logits, deltas = RPNHead(16, 3)([tf.random.stateless_normal([1, 8, 8, 16], [0, 0])])
    assert np.abs(logits[0]).max() < 0.1
    assert np.abs(deltas[0]).max() < 0.1


def test_answers_for_chosen_anchors_of_all_levels():
    logits = [tf.constant([[0, 1, 2], [10, 11, 12]], tf.float32), tf.constant([[3], [13]], tf.float32)]
    deltas = [tf.repeat(level[..., None], 4, axis=-1) for level in logits]
    picked_logits, picked_deltas = PickAnchors()(logits, deltas, tf.constant([[3, 1], [0, 0]]))
    assert picked_logits.numpy().tolist() == [[3, 1], [10, 10]]
    assert picked_deltas[..., 2].numpy().tolist() == [[3, 1], [10, 10]]
