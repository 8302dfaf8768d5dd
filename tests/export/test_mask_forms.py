"""The graph's paste against numpy's, pixel by pixel."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mrcnn_keras.detections import paste_mask
from mrcnn_keras.export.mask_forms import full_masks, png_masks

SIZE = (40, 60)


def paste(masks, boxes, class_ids, size=SIZE):
    """The full masks of pictures that all have this size."""
    masks, boxes = tf.constant(masks, tf.float32), tf.constant(boxes, tf.float32)
    sizes = tf.tile([size], [len(masks), 1])
    return tf.function(full_masks)(masks, boxes, tf.constant(class_ids, tf.int32), sizes, tf.constant(size)).numpy()


def paste_with_numpy(mask, box, size):
    top, left, bits = paste_mask(np.asarray(mask, np.float32), np.asarray(box, np.float32), size)
    full = np.zeros(size, np.uint8)
    full[top : top + bits.shape[0], left : left + bits.shape[1]] = bits
    return full


def test_one_cell_fades_towards_the_edges_of_its_box():
    # Along an axis the four pixels weigh 0.625, 0.875, 0.875, 0.625: a corner 0.39, an edge 0.55.
    [[full]] = paste([[[[1]]]], [[[1, 2, 5, 6]]], [[1]], (6, 8))
    assert full[1:5, 2:6].tolist() == [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]]
    assert full.sum() == 12


def test_pixels_belong_to_a_box_by_their_centre():
    # Rows: only the centre 1.5 lies from 1.2 to 2.4. Columns: 3.5 to 5.5; at both ends the value is 0.5.
    [[full]] = paste(np.ones((1, 1, 5, 5)), [[[1.2, 3.5, 2.4, 5.5]]], [[1]], (4, 8))
    assert np.argwhere(full).tolist() == [[1, 3], [1, 4], [1, 5]]


def test_the_left_half_of_a_map_is_the_left_half_of_the_box():
    [[full]] = paste([[[[1, 0]] * 4]], [[[0, 0, 4, 8]]], [[1]], (4, 8))
    assert full[1:3].tolist() == [[1, 1, 1, 1, 0, 0, 0, 0]] * 2


def test_padding_and_pictures_without_detections_are_empty():
    boxes = np.tile(np.float32([0, 0, 40, 60]), (2, 3, 1))
    full = paste(np.ones((2, 3, 4, 4)), boxes, [[1, 2, 0], [0, 0, 0]])
    assert full.dtype == np.uint8
    assert full.any(axis=(2, 3)).tolist() == [[True, True, False], [False, False, False]]


def test_no_pictures():
    assert paste(np.zeros((0, 5, 4, 4)), np.zeros((0, 5, 4)), np.zeros((0, 5))).shape == (0, 5, *SIZE)


@pytest.mark.parametrize("cells", [1, 14, 28])
def test_agrees_with_numpy(cells):
    random = np.random.default_rng(cells)
    boxes = np.sort(random.uniform(-3, 63, (200, 2, 2)), axis=1).reshape(200, 4).astype(np.float32)
    boxes[:60] = np.round(boxes[:60] * 2) / 2  # edges that fall on centres of pixels
    boxes[60] = 0
    boxes[61] = [5, 5, 5, 9]  # no area
    boxes = np.clip(boxes, 0, [40, 60, 40, 60]).astype(np.float32)
    masks = random.uniform(0, 1, (200, cells, cells)).astype(np.float32)
    masks[:30] = np.round(masks[:30])
    full = paste(masks[None], boxes[None], np.ones((1, 200)))[0]
    expected = np.stack([paste_with_numpy(mask, box, SIZE) for mask, box in zip(masks, boxes, strict=True)])
    assert expected.any()
    # Both add two products in float32; a processor may round one of them once less.
    assert np.count_nonzero(full != expected) <= 1


def test_runs_in_a_graph_for_any_size():
    masks, boxes = tf.TensorSpec([None, 2, 4, 4]), tf.TensorSpec([None, 2, 4])
    ids, sizes = tf.TensorSpec([None, 2], tf.int32), tf.TensorSpec([None, 2], tf.int32)
    canvas = tf.TensorSpec([2], tf.int32)
    paste_any = tf.function(full_masks, input_signature=[masks, boxes, ids, sizes, canvas])
    for size in [(1, 1), (3, 50)]:
        boxes = tf.constant([[[0.0, 0, *size], [0, 0, 0, 0]]])
        masks = paste_any(tf.ones([1, 2, 4, 4]), boxes, [[1, 0]], [size], size)
        assert tf.reduce_sum(tf.cast(masks, tf.int32)) == size[0] * size[1]


# Two pictures, 4 x 6 and 3 x 2; the second box reaches beyond its picture, as torchvision's rule of pasting has it.
SIZES = [(4, 6), (3, 2)]
BOXES = [[[1.0, 2, 3, 4], [0, 0, 0, 0]], [[1, 1, 9, 9], [0, 0, 0, 0]]]


def test_pictures_of_other_sizes_share_the_canvas_of_the_largest():
    full = full_masks(tf.ones([2, 2, 8, 8]), tf.constant(BOXES), tf.constant([[1, 0], [2, 0]]), SIZES, (4, 6)).numpy()
    assert full.shape == (2, 2, 4, 6)
    assert np.argwhere(full[0, 0]).tolist() == [[1, 2], [1, 3], [2, 2], [2, 3]]
    assert np.argwhere(full[1, 0]).tolist() == [[1, 1], [2, 1]]
    assert not full[:, 1].any()


def test_png_files_hold_the_same_masks_each_in_its_picture():
    files = png_masks(tf.ones([2, 2, 8, 8]), tf.constant(BOXES), tf.constant([[1, 0], [2, 0]]), SIZES).numpy()
    first, second = (np.asarray(Image.open(io.BytesIO(file))) for file in files[:, 0])
    assert first.dtype == second.dtype == np.uint8
    assert (first.shape, second.shape) == ((4, 6), (3, 2))
    assert {*first.flat, *second.flat} == {0, 255}
    assert np.argwhere(first).tolist() == [[1, 2], [1, 3], [2, 2], [2, 3]]
    assert np.argwhere(second).tolist() == [[1, 1], [2, 1]]
    assert files[:, 1].tolist() == [b"", b""]
    nothing = tf.zeros([0, 2], tf.int32)
    assert png_masks(tf.ones([0, 2, 8, 8]), tf.zeros([0, 2, 4]), nothing, nothing).shape == (0, 2)
