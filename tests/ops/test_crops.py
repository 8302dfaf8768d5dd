import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.ops.crops import crop_and_resize, gather_samples, neighbours_of_crops


def gradient(image, boxes, box_indices, count, upstream, **how):
    image = tf.constant(image)
    with tf.GradientTape() as tape:
        tape.watch(image)
        samples = crop_and_resize(image, boxes, box_indices, count, **how)
        total = tf.reduce_sum(samples * upstream)
    return tape.gradient(total, image).numpy()


def test_the_numbers_are_tensorflows():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    boxes = np.array([[0, 0, 1, 1], [0.5, -1, 0.5, 2]], np.float32)
    found = crop_and_resize(image, boxes, np.zeros(2, np.int32), (2, 3))
    assert found.numpy()[0, ..., 0].tolist() == [[0, 1.5, 3], [8, 9.5, 11]]
    assert found.numpy()[1, ..., 0].tolist() == [[0, 5.5, 0], [0, 5.5, 0]]  # 0 outside the picture


def test_each_sample_goes_to_the_cells_it_was_read_from():
    boxes = np.array([[0.25, 0.5, 0.25, 0.5]], np.float32)  # row 0.5, column 1.5 of 3 x 4 cells
    found = gradient(np.zeros((1, 3, 4, 1), np.float32), boxes, np.zeros(1, np.int32), (1, 1), 1.0)
    assert found[0, ..., 0].tolist() == [[0, 0.25, 0.25, 0], [0, 0.25, 0.25, 0], [0, 0, 0, 0]]


def test_a_border_repeats_the_edges():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    boxes = np.array([[0, 0, 1, 1]], np.float32)  # the corners of 5 x 6 cells
    found = crop_and_resize(image, boxes, np.zeros(1, np.int32), (5, 6), border=1)
    assert found.numpy()[0, :, 0, 0].tolist() == [0, 0, 4, 8, 8]
    assert found.numpy()[0, -1, :, 0].tolist() == [8, 8, 9, 10, 11, 11]
    back = gradient(image, boxes, np.zeros(1, np.int32), (5, 6), 1.0, border=1)
    assert back[0, ..., 0].tolist() == [[4, 2, 2, 4], [2, 1, 1, 2], [4, 2, 2, 4]]


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize(
    ("count", "pool"), [((1, 1), 1), ((1, 4), 1), ((5, 1), 1), ((4, 6), 1), ((4, 6), 2), ((9, 3), 3)]
)
def test_the_gradient_is_the_transpose_of_the_sampling(count, pool, border):
    # sum(upstream * crop(image)) is linear in the image, so it is sum(gradient * image) for every image.
    rng = np.random.default_rng(0)
    corners = rng.uniform(-0.4, 1.4, (40, 2, 2)).astype(np.float32)
    corners[:10] = np.round(corners[:10])  # on the border, inside and outside
    boxes = corners.reshape(-1, 4)
    box_indices = rng.integers(0, 2, 40).astype(np.int32)
    upstream = rng.normal(size=(40, count[0] // pool, count[1] // pool, 3)).astype(np.float32)
    zeros = np.zeros((2, 5, 7, 3), np.float32)
    found = gradient(zeros, boxes, box_indices, count, upstream, border=border, pool=pool)
    for _ in range(5):
        image = rng.normal(size=found.shape).astype(np.float32)
        outer = np.pad(image, [(0, 0), (border, border), (border, border), (0, 0)], mode="edge")
        samples = tf.image.crop_and_resize(outer, boxes, box_indices, count).numpy()
        means = samples.reshape(40, upstream.shape[1], pool, upstream.shape[2], pool, 3).mean((2, 4))
        expected = np.sum(np.float64(upstream) * means)
        assert np.sum(np.float64(found) * image) == pytest.approx(expected, rel=1e-5, abs=1e-4)


def test_the_gradient_is_the_same_in_a_graph_that_stacks_the_corners():
    """TensorFlow's graphs make `boxes[:, 0, None]` of stacked corners one of them, without the new axis."""
    boxes = np.random.default_rng(0).uniform(0, 1, (8, 4)).astype(np.float32)
    arguments = np.ones((1, 6, 6, 1), np.float32), boxes, np.zeros(8, np.int32), (4, 4)

    @tf.function
    def in_graph(image, boxes, box_indices):
        corners = tf.stack(tf.unstack(boxes, axis=-1), axis=-1)
        with tf.GradientTape() as tape:
            tape.watch(image)
            total = tf.reduce_sum(crop_and_resize(image, corners, box_indices, (4, 4)))
        return tape.gradient(total, image)

    np.testing.assert_allclose(in_graph(*map(tf.constant, arguments[:3])), gradient(*arguments, 1.0), rtol=1e-6)


@pytest.mark.parametrize("count", [(1, 1), (1, 4), (5, 1), (4, 6)])
def test_four_gathers_give_tensorflows_numbers(count):
    rng = np.random.default_rng(1)
    image = rng.normal(size=(2, 9, 5, 3)).astype(np.float32)
    corners = rng.integers(-8, 24, (60, 2, 2)).astype(np.float32) / 16  # exact, so that both have the same border
    corners[:10] = np.round(corners[:10])
    boxes, box_indices = corners.reshape(-1, 4), rng.integers(0, 2, 60).astype(np.int32)
    first, cells = box_indices * 45, tf.reshape(image, [-1, 3])
    found = gather_samples(cells, first, 5, *neighbours_of_crops(tf.constant(boxes), count, 9, 5))
    expected = tf.image.crop_and_resize(image, boxes, box_indices, count)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.any(np.asarray(expected) == 0)  # some lie outside


def test_no_addition_is_lost():
    # A thousand boxes add 1 to the same four cells, in whole numbers, which have no rounding.
    boxes = np.tile(np.array([[0, 0, 1, 1]], np.float32), (1000, 1))
    found = gradient(np.zeros((1, 2, 2, 256), np.float32), boxes, np.zeros(1000, np.int32), (2, 2), 1.0)
    assert np.unique(found).tolist() == [1000]


def test_no_box_gives_no_gradient():
    boxes, none = np.zeros((0, 4), np.float32), np.zeros(0, np.int32)
    found = gradient(np.ones((1, 3, 3, 2), np.float32), boxes, none, (2, 2), 1.0)
    assert found.shape == (1, 3, 3, 2)
    assert not found.any()


def test_half_precision():
    image = np.ones((1, 2, 2, 1), np.float16)
    found = gradient(image, np.array([[0, 0, 1, 1]], np.float32), np.zeros(1, np.int32), (2, 2), 1.0)
    assert found.dtype == np.float16
    assert np.unique(found).tolist() == [1]


def test_with_a_gpu_the_gradient_is_tensorflows(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    boxes = np.array([[0, 0, 1, 1]], np.float32)
    found = gradient(np.zeros((1, 2, 2, 1), np.float32), boxes, np.zeros(1, np.int32), (2, 2), 1.0)
    assert found[0, ..., 0].tolist() == [[1, 1], [1, 1]]
