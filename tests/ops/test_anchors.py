import numpy as np
import tensorflow as tf

from mrcnn_keras.ops.anchors import cell_anchors, grid_anchors


def test_a_square_anchor():
    anchors = cell_anchors([32], [1.0])
    assert anchors.tolist() == [[-16, -16, 16, 16]]
    assert anchors.dtype == np.float32


def test_a_ratio_is_height_over_width_at_the_same_area():
    anchors = cell_anchors([32], [0.25, 1.0, 4.0])
    assert anchors.tolist() == [[-8, -32, 8, 32], [-16, -16, 16, 16], [-32, -8, 32, 8]]


def test_scale_after_scale_and_in_each_the_ratios_as_detectron2_has_them_on_one_map():
    anchors = cell_anchors([32, 64], [0.25, 1.0])
    assert anchors.tolist() == [[-8, -32, 8, 32], [-16, -16, 16, 16], [-16, -64, 16, 64], [-32, -32, 32, 32]]


def test_the_sides_of_detectron2():
    np.testing.assert_allclose(cell_anchors([32], [0.5])[0], [-11.3137, -22.6274, 11.3137, 22.6274], atol=1e-4)


def test_rounded_gives_the_sides_of_torchvision():
    rounded = {scale: cell_anchors([scale], [0.5, 1, 2], rounded=True) for scale in (32, 64, 128, 256, 512)}
    assert rounded[32].tolist() == [[-11, -23, 11, 23], [-16, -16, 16, 16], [-23, -11, 23, 11]]
    assert [(-r[0, 1], -r[0, 0]) for r in rounded.values()] == [(23, 11), (45, 23), (91, 45), (181, 91), (362, 181)]


def test_the_grid_runs_by_row_column_and_cell_anchor():
    cells = np.array([[-1, -2, 1, 2], [-2, -1, 2, 1]], np.float32)
    anchors = grid_anchors((2, 2), (8, 16), cells)
    assert anchors.numpy().tolist() == [
        [-1, -2, 1, 2],
        [-2, -1, 2, 1],
        [-1, 14, 1, 18],
        [-2, 15, 2, 17],
        [7, -2, 9, 2],
        [6, -1, 10, 1],
        [7, 14, 9, 18],
        [6, 15, 10, 17],
    ]
    assert anchors.dtype == tf.float32


def test_a_map_without_cells_has_no_anchors():
    assert grid_anchors((0, 3), (4, 4), cell_anchors([8], [1.0])).shape == (0, 4)


def test_the_size_of_the_map_may_be_a_tensor():
    anchors = grid_anchors(tf.constant([1, 3]), tf.constant([4, 4]), cell_anchors([8], [1.0]))
    assert anchors.numpy()[:, 1].tolist() == [-4, 0, 4]
