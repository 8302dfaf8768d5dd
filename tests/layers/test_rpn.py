import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers import AnchorLayer, PickAnchors, RPNHead


def test_one_list_of_anchors_per_level():
    layer = AnchorLayer([[8], [32]], (0.25, 1), (4, 16))
    fine, coarse = layer([tf.zeros([3, 1, 2, 7]), tf.zeros([3, 1, 1, 7])])
    assert fine.numpy().tolist() == [[-2, -8, 2, 8], [-4, -4, 4, 4], [-2, -4, 2, 12], [-4, 0, 4, 8]]
    assert coarse.numpy().tolist() == [[-8, -32, 8, 32], [-16, -16, 16, 16]]


def test_several_scales_on_one_map():
    (anchors,) = AnchorLayer([[8, 32]], (1,), (16,))([tf.zeros([1, 1, 2, 1])])
    assert anchors.numpy().tolist() == [[-4, -4, 4, 4], [-16, -16, 16, 16], [-4, 12, 4, 20], [-16, 0, 16, 32]]


def test_rounded_anchors_are_those_of_torchvision():
    (anchors,) = AnchorLayer([[32]], (0.5,), (4,), rounded=True)([tf.zeros([1, 1, 1, 1])])
    assert anchors.numpy().tolist() == [[-11, -23, 11, 23]]


def test_rounded_anchors_of_all_levels_are_those_of_torchvision():
    scales, maps = (32, 64, 128, 256, 512), [tf.zeros([1, 1, 1, 1])] * 5
    levels = AnchorLayer([[scale] for scale in scales], (0.5, 1, 2), (4, 8, 16, 32, 64), rounded=True)(maps)
    long, short = (23, 45, 91, 181, 362), (11, 23, 45, 91, 181)
    for anchors, scale, far, near in zip(levels, scales, long, short, strict=True):
        half = scale / 2
        assert anchors.numpy().tolist() == [
            [-near, -far, near, far],
            [-half, -half, half, half],
            [-far, -near, far, near],
        ]


def test_divided_spacing_is_the_picture_by_the_map_without_remainder():
    # 800 x 1088 pixels: P6 has 13 x 17 cells, 61 and 64 pixels apart, and not 64 and 64.
    features = [tf.zeros([2, 25, 34, 1]), tf.zeros([2, 13, 17, 1])]
    images = tf.zeros([2, 800, 1088, 3])
    divided = AnchorLayer([[32], [64]], (1,), (32, 64), spacing="divided")(features, images)
    by_stride = AnchorLayer([[32], [64]], (1,), (32, 64))(features, images)
    np.testing.assert_array_equal(divided[0], by_stride[0])
    centres, others = (tf.reshape(level[1][:, :2] + 32, [13, 17, 2]).numpy() for level in (divided, by_stride))
    assert centres[1, 1].tolist() == [61, 64]
    assert centres[12, 16].tolist() == [12 * 61, 16 * 64]
    assert others[12, 16].tolist() == [12 * 64, 16 * 64]


def test_anchors_by_the_rule_of_pixels_end_at_their_last_pixel():
    (anchors,) = AnchorLayer([[32]], (4, 1), (4,), corners="pixel")([tf.zeros([1, 1, 2, 1])])
    assert anchors.numpy().tolist() == [[-32, -8, 31, 7], [-16, -16, 15, 15], [-32, -4, 31, 11], [-16, -12, 15, 19]]


def test_rpn_outputs_are_in_the_order_of_the_anchors():
    head = RPNHead(1, 2)
    features = [tf.reshape(tf.range(1.0, 5), [1, 2, 2, 1]), tf.fill([1, 1, 1, 1], 9.0)]
    head(features)
    centre = np.zeros((3, 3, 1, 1))
    centre[1, 1] = 1
    # The convolution passes its input on; anchor k gives 10^k times it, and 10^k + coordinate as deltas.
    head.convs[0].set_weights([centre, np.zeros(1)])
    head.logits.set_weights([np.array([1, 10]).reshape(1, 1, 1, 2), np.zeros(2)])
    head.deltas.set_weights([np.zeros((1, 1, 1, 8)), np.array([1, 2, 3, 4, 11, 12, 13, 14])])
    logits, deltas = head(features)
    assert logits[0].numpy().tolist() == [[1, 10, 2, 20, 3, 30, 4, 40]]
    assert logits[1].numpy().tolist() == [[9, 90]]
    assert deltas[0].numpy().tolist() == [[[1, 2, 3, 4], [11, 12, 13, 14]] * 4]
    assert deltas[1].shape == (1, 2, 4)


@pytest.mark.parametrize(("norm_kind", "count"), [("none", 6), ("gn", 8), ("bn", 9)])
def test_all_levels_share_the_weights(norm_kind, count):
    head = RPNHead(8, 3, norm_kind)
    one, other = head([tf.ones([2, 4, 4, 8]), tf.ones([2, 4, 4, 8])])[0]
    assert len(head.weights) == count
    np.testing.assert_array_equal(one, other)


def test_two_convolutions_one_after_the_other():
    head = RPNHead(1, 1, convs=2)
    head([tf.zeros([1, 1, 1, 1])])
    assert [conv.name for conv in head.convs] == ["conv", "conv2"]
    assert head.norms == [None, None]
    centre = np.zeros((3, 3, 1, 1))
    centre[1, 1] = 1
    head.convs[0].set_weights([2 * centre, np.array([-3])])
    head.convs[1].set_weights([5 * centre, np.array([1])])
    head.logits.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    logits, _ = head([tf.reshape([4.0, 1.0], [1, 1, 2, 1])])
    # 4 -> 2 * 4 - 3 = 5 -> 26; 1 -> -1, and with ReLU 0 -> 1
    assert logits[0].numpy().tolist() == [[26, 1]]


def test_one_convolution_and_its_norm_have_no_number():
    head = RPNHead(8, 3, "gn")
    assert [layer.name for layer in (*head.convs, *head.norms)] == ["conv", "norm"]
    assert [layer.name for layer in RPNHead(8, 3, "bn", convs=3).norms] == ["norm", "norm2", "norm3"]


def test_at_first_an_anchor_may_be_anything():
    # Scores near 1/2 and hardly any movement, on features of deviation 1.
    logits, deltas = RPNHead(16, 3)([tf.random.stateless_normal([1, 8, 8, 16], [0, 0])])
    assert np.abs(logits[0]).max() < 0.1
    assert np.abs(deltas[0]).max() < 0.1


def test_pick_anchors_of_all_levels():
    logits = [tf.constant([[0, 1, 2], [10, 11, 12]], tf.float32), tf.constant([[3], [13]], tf.float32)]
    deltas = [tf.repeat(level[..., None], 4, axis=-1) for level in logits]
    picked_logits, picked_deltas = PickAnchors()(logits, deltas, tf.constant([[3, 1], [0, 0]]))
    assert picked_logits.numpy().tolist() == [[3, 1], [10, 10]]
    assert picked_deltas[..., 2].numpy().tolist() == [[3, 1], [10, 10]]
