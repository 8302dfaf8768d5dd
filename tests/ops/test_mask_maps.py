import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.ops.mask_maps import MAP_KINDS, mask_of_class

LOGITS = st.lists(st.floats(-20, 20, width=32), min_size=24, max_size=24).map(
    lambda values: np.array(values, np.float32).reshape(2, 2, 2, 3)
)


def probabilities(kind, logits, class_ids):
    logits = tf.constant(logits, tf.float32)
    return MAP_KINDS[kind].probabilities(logits, tf.constant(class_ids, tf.int32)).numpy()


def test_the_map_of_the_true_class():
    maps = tf.reshape(tf.range(24.0), [2, 2, 2, 3])
    assert mask_of_class(maps, tf.constant([0, 2])).numpy().tolist() == [[[0, 3], [6, 9]], [[14, 17], [20, 23]]]


def test_a_single_map_is_that_of_all_classes():
    maps = tf.reshape(tf.range(8.0), [2, 2, 2, 1])
    assert mask_of_class(maps, tf.constant([1, 70])).numpy().tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]


def test_probabilities_by_hand():
    # Cells with logits log 1, log 3, log 4, and the second class.
    cell = np.log([[[[1, 3, 4]]]])
    np.testing.assert_allclose(probabilities("sigmoid", cell, [1]), [[[3 / 4]]], rtol=1e-6)
    np.testing.assert_allclose(probabilities("softmax", cell, [1]), [[[3 / 8]]], rtol=1e-6)
    np.testing.assert_allclose(probabilities("sigmoid", cell[..., 1:2], [2]), [[[3 / 4]]], rtol=1e-6)


@given(LOGITS)
def test_classes_share_out_each_cell_of_softmax_and_none_of_sigmoid(logits):
    shares = [probabilities("softmax", logits, [class_id] * 2) for class_id in range(3)]
    np.testing.assert_allclose(sum(shares), 1, rtol=1e-5)
    others = logits.copy()
    others[..., [0, 2]] = 7
    assert (probabilities("sigmoid", logits, [1, 1]) == probabilities("sigmoid", others, [1, 1])).all()


@pytest.mark.parametrize("kind", MAP_KINDS)
@given(logits=LOGITS)
def test_a_cell_inside_costs_the_logarithm_of_its_probability(kind, logits):
    class_ids = tf.constant([1, 2])
    costs = MAP_KINDS[kind].costs(tf.constant(logits), tf.ones([2, 2, 2]), class_ids)
    expected = -np.log(np.maximum(probabilities(kind, logits, [1, 2]), 1e-30))
    np.testing.assert_allclose(costs, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", MAP_KINDS)
def test_no_masks(kind):
    assert probabilities(kind, np.zeros((0, 4, 6, 3)), []).shape == (0, 4, 6)
