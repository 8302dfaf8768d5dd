import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mrcnn_keras.detections import paste_mask
from mrcnn_keras.ops import masks as mask_ops
from mrcnn_keras.ops.masks import crop_masks, hat_weights, paste_boxes
from tests.oracles.reference.paste import paste_expanded

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.float32)


def crop(mask, mask_box, box, size):
    parts = crop_masks(
        tf.constant([mask], tf.float32), tf.constant([mask_box], tf.float32), tf.constant([box], tf.float32), size
    )
    return parts[0].numpy()


def paste(mask, box, height, width):
    """The values of the pixels whose centre lies in the box, 0 elsewhere."""
    values, (top, bottom), (left, right) = mask_ops.paste_mask(
        tf.constant(mask, tf.float32), tf.constant(box, tf.float32), (height, width)
    )
    return np.pad(values, [(top, height - bottom), (left, width - right)])


def in_box(box, height, width):
    """Which pixels have their centre in the box."""
    y, x = np.arange(height)[:, None] + 0.5, np.arange(width) + 0.5
    return (box[0] <= y) & (y <= box[2]) & (box[1] <= x) & (x <= box[3])


def reference_paste(mask, box, height, width):
    """Each pixel's centre is looked up in the mask: linear between the centres of cells, with zeros around them."""
    around = np.pad(mask.astype(np.float64), 1)
    y1, x1, y2, x2 = np.asarray(box, np.float64)
    full = np.zeros((height, width))
    for row, column in np.ndindex(height, width):
        y = (row + 0.5 - y1) / (y2 - y1) * mask.shape[0] + 0.5
        x = (column + 0.5 - x1) / (x2 - x1) * mask.shape[1] + 0.5
        top, left = int(np.floor(y)), int(np.floor(x))
        if 0 <= top < around.shape[0] - 1 and 0 <= left < around.shape[1] - 1:
            cells = around[top : top + 2, left : left + 2]
            full[row, column] = [top + 1 - y, y - top] @ cells @ [left + 1 - x, x - left]
    return full


def test_weights_interpolate_between_centres_and_fade_outside():
    weights = hat_weights(tf.constant([-1, -0.25, 0.5, 1.0, 1.75, 2.0, 3.0]), 2).numpy()
    assert weights.tolist() == [[0, 0], [0.25, 0], [1, 0], [0.5, 0.5], [0, 0.75], [0, 0.5], [0, 0]]


def test_a_mask_cut_at_its_own_box_is_itself():
    np.testing.assert_allclose(crop(CROSS, [2, 5, 8, 11], [2, 5, 8, 11], (3, 3)), CROSS, atol=1e-6)


def test_the_left_half_of_a_mask():
    left = [[1, 1, 0, 0]] * 4
    np.testing.assert_allclose(crop(left, [0, 0, 8, 8], [0, 0, 8, 4], (4, 2)), np.ones((4, 2)), atol=1e-6)
    np.testing.assert_allclose(crop(left, [0, 0, 8, 8], [0, 4, 8, 8], (4, 2)), np.zeros((4, 2)), atol=1e-6)
    # At columns 1.5 and 2.5 of the four: the centres of cells 1 and 2.
    np.testing.assert_allclose(crop(left, [0, 0, 8, 8], [0, 2, 8, 6], (4, 2)), [[1, 0]] * 4, atol=1e-6)


def test_beyond_its_box_a_mask_is_zero():
    part = crop(np.ones((4, 4)), [0, 0, 4, 4], [0, -4, 4, 8], (4, 12))
    assert part.tolist() == [[0] * 4 + [1] * 4 + [0] * 4] * 4


def test_height_before_width_when_cutting():
    assert crop(np.ones((5, 3)), [0, 0, 10, 6], [0, 0, 10, 6], (4, 2)).shape == (4, 2)


def test_each_mask_is_cut_at_its_own_box():
    masks = tf.constant(np.stack([np.full((2, 2), 1.0), np.full((2, 2), 0.5)]), tf.float32)
    boxes = tf.constant([[0, 0, 8, 8], [10, 10, 12, 12]], tf.float32)
    parts = crop_masks(masks, boxes, boxes, (2, 2)).numpy()
    assert parts.tolist() == [[[1, 1], [1, 1]], [[0.5, 0.5], [0.5, 0.5]]]


def test_no_masks_to_cut():
    assert crop_masks(tf.zeros([0, 4, 4]), tf.zeros([0, 4]), tf.zeros([0, 4]), (7, 7)).shape == (0, 7, 7)


def test_a_mask_pasted_at_its_own_size_is_itself():
    full = paste(CROSS, [2, 1, 5, 4], 6, 5)
    np.testing.assert_allclose(full[2:5, 1:4], CROSS, atol=1e-6)
    assert full.sum() == pytest.approx(5)


def test_a_full_mask_fills_its_box():
    top, left, bits = paste_mask(np.ones((4, 4)), [1, 2, 5, 10], (20, 20))
    assert (top, left, bits.shape) == (1, 2, (4, 8))
    assert bits.all()


def test_a_box_over_the_border_is_cut_there():
    top, left, bits = paste_mask(np.ones((2, 2)), [-3, 6, 2, 12], (8, 9))
    assert (top, left, bits.shape) == (0, 6, (2, 3))


@pytest.mark.parametrize("box", [[3, 3, 3, 3], [3, 0, 3, 8], [0, 5, 8, 5], [20, 20, 30, 30], [2.6, 2.6, 3.4, 3.4]])
def test_a_box_that_holds_no_pixel_centre_gives_no_pixels(box):
    _, _, bits = paste_mask(np.ones((4, 4)), box, (8, 8))
    assert bits.size == 0
    assert not paste(np.ones((4, 4)), box, 8, 8).any()


def test_a_pixel_whose_centre_lies_on_an_edge_belongs_to_the_mask_on_both_sides():
    # There the mask has faded to a half, at the corners to a quarter.
    top, left, bits = paste_mask(np.ones((4, 4)), [0.5, 1.5, 3.5, 4.5], (8, 8))
    assert (top, left) == (0, 1)
    assert bits.astype(int).tolist() == [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]]
    assert ((paste(np.ones((4, 4)), [0.5, 1.5, 3.5, 4.5], 8, 8) >= 0.5)[0:4, 1:5] == bits).all()


small = st.floats(-6, 30, width=32)
side = st.floats(0.5, 30, width=32)


@settings(deadline=None, max_examples=60)
@given(small, small, side, side, st.integers(0, 99))
def test_pasting_equals_looking_up_each_pixel(y1, x1, height, width, seed):
    mask = np.random.default_rng(seed).random((5, 4), np.float32)
    box = np.array([y1, x1, y1 + height, x1 + width], np.float32)
    expected = np.where(in_box(box, 22, 25), reference_paste(mask, box, 22, 25), 0)
    np.testing.assert_allclose(paste(mask, box, 22, 25), expected, atol=1e-4)


@settings(deadline=None, max_examples=100)
@given(small, small, side, side, st.integers(0, 99))
def test_numpy_pastes_the_same_pixels(y1, x1, height, width, seed):
    mask = np.random.default_rng(seed).random((6, 6), np.float32)
    box = np.array([y1, x1, y1 + height, x1 + width], np.float32)
    top, left, bits = paste_mask(mask, box, (22, 25))
    soft = paste(mask, box, 22, 25)
    full = np.zeros((22, 25), bool)
    full[top : top + bits.shape[0], left : left + bits.shape[1]] = bits
    clear = np.abs(soft - 0.5) > 1e-4  # elsewhere rounding decides
    assert (full == (soft >= 0.5))[clear].all()


def test_boxes_of_the_expanded_rule_by_hand():
    # 28 pixels become 30, cut to the pixels 9 to 39: 31 pixels for 30 cells, the outermost two of them empty.
    box = paste_boxes(tf.constant([[10.4, -10.4, 38.4, 17.6]]), 28, "expanded")[0].numpy()
    border = 31 / 30
    # From -11.4 to 18.6: towards zero, to the pixels -11 to 18.
    np.testing.assert_allclose(box, [9 + border, -11 + 1, 40 - border, 19 - 1], rtol=1e-6)
    boxes = tf.constant([[1.5, 2, 3, 4]])
    assert paste_boxes(boxes, 28, "exact") is boxes


def test_an_expanded_box_without_area_has_one_pixel():
    np.testing.assert_allclose(paste_boxes(tf.constant([[5.5, 7, 5.5, 7]]), 2, "expanded"), [[5.25, 7.25, 5.75, 7.75]])


@settings(deadline=None, max_examples=150)
@given(
    small, small, st.floats(0, 40, width=32), st.floats(0, 40, width=32), st.sampled_from([4, 28]), st.integers(0, 99)
)
def test_the_expanded_rule_is_torchvisions(y1, x1, height, width, cells, seed):
    mask = np.random.default_rng(seed).random((cells, cells), np.float32)
    box = np.array([y1, x1, y1 + height, x1 + width], np.float32)
    # Where float64 cuts a corner to another pixel than float32, torchvision's own result is float32's.
    grown = np.float32((box[:2] + box[2:]) * 0.5), np.float32((box[2:] - box[:2]) * 0.5 * (cells + 2) / cells)
    corners = np.concatenate([grown[0] - grown[1], grown[0] + grown[1]])
    assume((np.abs(corners - np.round(corners)) > 1e-4).all())
    expected = paste_expanded(mask, box[[1, 0, 3, 2]].tolist(), 22, 25)

    spread = paste_boxes(tf.constant(box), cells, "expanded").numpy()
    soft = paste(mask, spread, 22, 25)
    inside = in_box(spread, 22, 25)
    assert not soft[~inside].any()
    np.testing.assert_allclose(soft[inside], expected[inside], atol=2e-4)
    top, left, bits = paste_mask(mask, spread, (22, 25))
    full = np.zeros((22, 25), bool)
    full[top : top + bits.shape[0], left : left + bits.shape[1]] = bits
    clear = np.abs(expected - 0.5) > 1e-5  # elsewhere rounding decides
    assert (full == (expected >= 0.5))[clear].all()


def test_cutting_undoes_pasting():
    # A disc of 20 pixels, kept in 28 x 28 cells and pasted back: the same pixels except a few at its rim.
    yy, xx = np.mgrid[0:40, 0:40] + 0.5
    disc = ((yy - 20) ** 2 + (xx - 18) ** 2 <= 100).astype(np.float32)
    box = [10, 8, 30, 28]
    mini = crop(disc, [0, 0, 40, 40], box, (28, 28))
    top, left, bits = paste_mask(mini, box, (40, 40))
    again = np.zeros((40, 40), bool)
    again[top : top + bits.shape[0], left : left + bits.shape[1]] = bits
    assert np.logical_xor(again, disc > 0).sum() <= 8
