import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.backbones import LastMap, RoIStage

SMALL = {"architecture": "resnet18", "norm_kind": "gn", "width": 4}


@pytest.mark.parametrize(("bins", "half"), [(14, 7), (7, 4)])
def test_rois_of_a_batch_and_in_a_list_are_the_same(bins, half):
    layer = RoIStage(**SMALL)
    rois = tf.random.stateless_normal([2, 3, bins, bins, 16], [0, 0])
    output = layer(rois)
    assert output.shape == (2, 3, half, half, 32)
    in_a_list = layer(tf.reshape(rois, [6, bins, bins, 16]))
    np.testing.assert_allclose(tf.reshape(output, in_a_list.shape), in_a_list, rtol=1e-4, atol=1e-4)


def test_each_roi_is_looked_at_alone():
    layer = RoIStage(**SMALL)
    one, other = tf.random.stateless_normal([2, 1, 14, 14, 16], [0, 0])
    both = layer(tf.stack([one, other], axis=1))
    np.testing.assert_allclose(both[:, 1], layer(other), rtol=1e-4, atol=1e-4)


def test_no_roi_at_all():
    layer = RoIStage(**SMALL)
    run = tf.function(layer, input_signature=[tf.TensorSpec([None, 14, 14, 16])])
    assert run(tf.zeros([0, 14, 14, 16])).shape == (0, 7, 7, 32)


def test_without_a_pyramid_the_last_map_is_the_only_one():
    stages = [tf.zeros([1, side, side, 2]) for side in (4, 2)]
    (only,) = LastMap()(stages)
    assert only.shape == (1, 2, 2, 2)
