import numpy as np
import tensorflow as tf

from mrcnn_keras.layers import NormalizeImages, WindowLayer
from mrcnn_keras.resize import plan_resize


def test_the_mean_goes_and_the_deviation_becomes_one():
    pixel = tf.constant([[[[110, 60, 0]]]], tf.float32)
    assert NormalizeImages((100, 50, 20), (10, 5, 10))(pixel, tf.constant([[1, 1]])).numpy().tolist() == [
        [[[1, 2, -2]]]
    ]


def test_padding_is_zero_whatever_it_holds():
    images = tf.fill([2, 3, 4, 3], 7.0)
    normal = NormalizeImages((5, 5, 5), (2, 2, 2))(images, tf.constant([[2, 3], [3, 4]])).numpy()
    assert normal[0, ..., 0].tolist() == [[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    assert (normal[1] == 1).all()


def test_black_padding_equals_a_black_pixel():
    images = tf.fill([1, 2, 3, 3], 7.0)
    normal = NormalizeImages((10, 20, 30), (1, 2, 5), "black")(images, tf.constant([[1, 2]])).numpy()
    black, real = [-10, -10, -6], np.float32([-3, -6.5, -23 / 5]).tolist()
    assert normal[0].tolist() == [[real, real, black], [black] * 3]


def test_a_window_in_the_middle():
    window = tf.constant([[1, 2, 3, 4], [0, 0, 4, 1]], tf.float32)
    normal = NormalizeImages((5, 5, 5), (2, 2, 2))(tf.fill([2, 4, 5, 3], 7.0), window).numpy()
    assert normal[0, ..., 1].tolist() == [[0] * 5, [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [0] * 5]
    assert normal[1, ..., 1].tolist() == [[1, 0, 0, 0, 0]] * 4


def stretched(images, sizes):
    """With a mean of 0 and a deviation of 1: grey levels."""
    layer = NormalizeImages((0, 0, 0), (1, 1, 1), stretch=True)
    return layer(tf.constant(images, tf.float32), tf.constant(sizes)).numpy()


def test_grey_levels_are_stretched_from_the_darkest_to_the_brightest_place_of_each_picture():
    images = np.zeros((2, 8, 12, 3), np.float32)
    images[0, :, :4], images[0, :, 4:8] = 20, (30, 40, 60)
    images[1, :, :8] = 7
    images[:, :, 8:] = 255  # padding, which counts for nothing
    first, second = stretched(images, [[8, 8], [8, 8]])
    assert (first[:, :4] == 0).all()
    np.testing.assert_allclose(first[:, 4:8], np.broadcast_to([63.75, 127.5, 255], (8, 4, 3)), rtol=1e-6)
    assert (second == 0).all()  # nothing to see: no noise is made of it
    assert (first[:, 8:] == 0).all()


def test_a_few_levels_of_noise_are_not_stretched_to_all():
    images = np.full((1, 8, 8, 3), 10, np.float32)
    images[:, :4] = 12
    assert stretched(images, [[8, 8]]).max() == 2 * 255 / 16


def test_single_bright_pixels_do_not_decide_and_stay_in_range():
    images = np.zeros((1, 8, 8, 3), np.float32)
    images[:, :4], images[:, 0, 0] = 64, 255
    first = stretched(images, [[8, 8]])
    assert first.max() == 255
    assert first[0, 1, 1, 0] > 200


def windows(place, corners):
    output = WindowLayer(place, corners)(tf.zeros([2, 64, 96, 3]), tf.constant([[64, 48], [33, 96]]))
    assert all(value.dtype == tf.float32 for value in output.values())
    return {name: value.numpy().tolist() for name, value in output.items()}


def test_a_picture_lies_above_and_left_of_its_padding():
    real = [[0, 0, 64, 48], [0, 0, 33, 96]]
    assert windows("end", "edge") == {"pixels": real, "picture": real, "network": [[0, 0, 64, 96]] * 2}


def test_a_picture_lies_in_the_middle_of_its_padding():
    # 31 rows are missing: 15 above, 16 below.
    real = [[0, 24, 64, 72], [15, 0, 48, 96]]
    assert windows("centre", "edge") == {"pixels": real, "picture": real, "network": [[0, 0, 64, 96]] * 2}


def test_by_the_rule_of_pixels_a_window_ends_at_its_last_pixel_and_pixels_are_still_edges():
    assert windows("centre", "pixel") == {
        "pixels": [[0, 24, 64, 72], [15, 0, 48, 96]],
        "picture": [[0, 24, 63, 71], [15, 0, 47, 95]],
        "network": [[0, 0, 63, 95]] * 2,
    }


def test_the_window_is_where_plan_resize_puts_the_picture():
    for size in ((427, 640), (641, 480), (5, 90)):
        plan = plan_resize(*size, mode="square", min_dim=80, max_dim=128, place="centre")
        output = WindowLayer("centre")(tf.zeros([1, 128, 128, 3]), tf.constant([plan.resized]))
        (top, bottom), (left, right) = ((part.start, part.stop) for part in plan.window)
        assert output["pixels"].numpy().tolist() == [[top, left, bottom, right]]


def test_half_precision_keeps_the_layer_in_half_precision():
    normal = NormalizeImages((5, 5, 5), (2, 2, 2), dtype="mixed_bfloat16")(tf.ones([1, 2, 2, 3]), tf.constant([[2, 2]]))
    assert normal.dtype == tf.bfloat16
    assert np.allclose(tf.cast(normal, tf.float32), -2)
