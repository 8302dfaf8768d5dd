import numpy as np
import tensorflow as tf

from mrcnn_keras.layers import ProposalLayer

LARGE = [[100, 100]]


def proposed(layer, anchors, logits, deltas=None, image_size=LARGE):
    """anchors, logits, deltas: one list per level; logits and deltas of one picture, or of several in a row."""
    logits = [np.array(level, np.float32).reshape(len(image_size), -1) for level in logits]
    deltas = deltas or [np.zeros((*level.shape, 4)) for level in logits]
    boxes = layer(
        [tf.constant(level) for level in logits],
        [tf.constant(level, tf.float32) for level in deltas],
        [tf.reshape(tf.constant(level, tf.float32), [-1, 4]) for level in anchors],
        tf.constant(image_size),
    )
    assert boxes.shape == (len(image_size), layer.post_nms_limit, 4)
    return boxes.numpy().tolist()


def test_proposals_are_best_first_without_duplicates_then_zeros():
    # Anchor 2 covers 90 of the 100 pixels of anchor 1, which scores more.
    anchors = [[0, 0, 10, 10], [20, 20, 30, 30], [20, 20, 30, 29], [50, 50, 60, 60]]
    boxes = proposed(ProposalLayer(10, 4), [anchors], [[-1, 2, 1, 0.5]])
    assert boxes == [[[20, 20, 30, 30], [50, 50, 60, 60], [0, 0, 10, 10], [0, 0, 0, 0]]]


def test_duplicates_are_dropped_per_level():
    boxes = proposed(ProposalLayer(10, 3), [[[0, 0, 10, 10]], [[0, 0, 10, 10], [0, 0, 10, 9]]], [[1], [3, 2]])
    assert boxes == [[[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 0, 0]]]


def test_each_level_gives_its_best_anchors_only():
    fine = [[0, 10 * i, 5, 10 * i + 5] for i in range(4)]
    coarse = [[50, 50, 60, 60]]
    boxes = proposed(ProposalLayer(2, 5), [fine, coarse], [[4, 6, 5, 3], [-9]])
    assert boxes == [[fine[1], fine[2], coarse[0], [0] * 4, [0] * 4]]


def test_the_best_of_all_levels_stay():
    boxes = proposed(ProposalLayer(9, 2), [[[0, 0, 5, 5], [0, 10, 5, 15]], [[50, 50, 60, 60]]], [[1, 3], [2]])
    assert boxes == [[[0, 10, 5, 15], [50, 50, 60, 60]]]


def test_anchors_are_moved_by_their_deltas():
    # Down by half of 10 pixels, right by a tenth of 2 x 20 pixels, twice as high.
    deltas = [np.array([[[0.5, 0.2, np.log(2), 0]]])]
    boxes = proposed(ProposalLayer(1, 1, std_dev=(1, 0.5, 1, 1)), [[[40, 40, 50, 60]]], [[0]], deltas)
    np.testing.assert_allclose(boxes, [[[40, 42, 60, 62]]], rtol=1e-6)


def test_boxes_are_clipped_to_the_real_part_of_each_picture_before_nms():
    # In the smaller picture both anchors become its upper 12 rows, and one of them goes.
    anchors = [[[-4, 0, 20, 20], [0, 0, 40, 20]]]
    boxes = proposed(ProposalLayer(9, 2), anchors, [[[2, 1], [2, 1]]], image_size=[[50, 10], [12, 15]])
    assert boxes == [[[0, 0, 20, 10], [0, 0, 40, 10]], [[0, 0, 12, 15], [0, 0, 0, 0]]]


def test_boxes_outside_the_picture_or_too_small_are_dropped():
    anchors = [[[0, 200, 50, 260], [10, 10, 12, 30], [10, 40, 13, 60]]]
    assert proposed(ProposalLayer(9, 2, min_size=3), anchors, [[3, 2, 1]]) == [[[10, 40, 13, 60], [0] * 4]]
    assert proposed(ProposalLayer(9, 2, min_size=0), anchors, [[3, 2, 1]]) == [anchors[0][1:]]


def test_a_box_that_scores_less_than_nothing_is_still_a_proposal():
    assert proposed(ProposalLayer(9, 1), [[[0, 0, 5, 5]]], [[-1e4]]) == [[[0, 0, 5, 5]]]


def test_all_levels_together_drop_duplicates_and_share_the_limit():
    fine, coarse = [[0, 10 * i, 5, 10 * i + 5] for i in range(3)], [[0, 10, 5, 15], [50, 50, 60, 60]]
    together = ProposalLayer(9, 5, per_level=False)
    assert proposed(together, [fine, coarse], [[1, 2, 3], [4, 5]]) == [
        [coarse[1], coarse[0], fine[2], fine[0], [0] * 4]
    ]
    # Three of five go to NMS, whichever their level, and one of these is a double.
    boxes = proposed(ProposalLayer(3, 5, per_level=False), [fine, coarse], [[1, 4, 2], [5, 3]])
    assert boxes == [[coarse[0], coarse[1], [0] * 4, [0] * 4, [0] * 4]]
    assert len(np.unique(proposed(ProposalLayer(3, 5), [fine, coarse], [[1, 4, 2], [5, 3]])[0], axis=0)) == 4


def test_by_the_sigmoid_the_highest_scores_tie_and_the_finer_level_comes_first():
    # In float32 the sigmoid of 17 is 1, as that of 30: of equal ones the first stays first.
    anchors = [[[0, 0, 5, 5], [0, 9, 5, 15]], [[50, 50, 60, 60]]]
    logits = [[17, 20], [30]]
    assert proposed(ProposalLayer(9, 2), anchors, logits) == [[anchors[1][0], anchors[0][1]]]
    assert proposed(ProposalLayer(9, 2, score="sigmoid"), anchors, logits) == [[anchors[0][1], anchors[0][0]]]


def test_by_the_sigmoid_the_order_within_a_level_is_that_of_the_logits():
    anchors = [[[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]]]
    expected = [[anchors[0][1], anchors[0][2], [0] * 4]]
    for score in ("logit", "sigmoid"):
        assert proposed(ProposalLayer(9, 3, score=score), anchors, [[20, 40, 30]]) == expected
        assert proposed(ProposalLayer(9, 3, score=score), anchors, [[-3, 2, -1e4]]) == expected


def test_windows_that_begin_anywhere():
    anchors = [[[-4, 0, 20, 20], [60, 60, 70, 70]]]
    boxes = proposed(ProposalLayer(9, 2), anchors, [[[2, 1], [2, 1]]], image_size=[[3, 2, 50, 10], [0, 0, 65, 80]])
    assert boxes == [[[3, 2, 20, 10], [0, 0, 0, 0]], [[0, 0, 20, 20], [60, 60, 65, 70]]]


def test_no_gradient_passes():
    deltas = tf.zeros([1, 1, 4])
    with tf.GradientTape() as tape:
        tape.watch(deltas)
        boxes = ProposalLayer(1, 1)([tf.zeros([1, 1])], [deltas], [tf.constant([[0.0, 0, 9, 9]])], tf.constant(LARGE))
    assert tape.gradient(boxes, deltas) is None
