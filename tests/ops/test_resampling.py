"""Each way of resizing against the library whose grey levels it repeats."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from mrcnn_keras.ops import resampling
from mrcnn_keras.ops.portability import portable
from tests.oracles.reference.matterport_pictures import resize as slow_skimage

each_method = pytest.mark.parametrize("method", resampling.METHODS)
sides = st.integers(1, 40)
# (height, width) of a picture and of the result: smaller, larger, both, the same, by whole factors, of one pixel
SIZES = [
    ((20, 31), (9, 13)),
    ((20, 31), (50, 47)),
    ((20, 31), (7, 61)),
    ((12, 18), (12, 18)),
    ((12, 18), (24, 9)),
    ((1, 9), (6, 4)),
    ((5, 1), (3, 8)),
    ((17, 23), (1, 1)),
    ((75, 110), (96, 141)),
    ((60, 64), (120, 128)),
    ((99, 60), (165, 100)),
]


def in_graph(method):
    """The method as a graph that leaves all sizes open, the way a model has it: TensorFlow rearranges what it holds."""
    signature = tf.TensorSpec([None, None, None, 3], tf.uint8), tf.TensorSpec([2], tf.int32)
    return tf.function(method, input_signature=signature)


exact = {"pillow": in_graph(resampling.pillow), "skimage": in_graph(resampling.skimage)}


def resized(name, pictures, size):
    """The same result without a graph and in one."""
    pictures, size = tf.constant(pictures), tf.constant(size)
    output = resampling.METHODS[name](pictures, size).numpy()
    np.testing.assert_array_equal(exact[name](pictures, size), output)
    return output


def noise(count, size, seed=0):
    """Pictures of random grey levels, the darkest and the brightest among them more often than others."""
    drawn = np.random.default_rng(seed).integers(-60, 316, (count, *size, 3))
    return np.clip(drawn, 0, 255).astype(np.uint8)


def by_pillow(picture, size):
    """Columns first, then rows. (Since Pillow 13 one call takes the rows first where a picture loses much height.)"""
    columns = Image.fromarray(picture).resize((size[1], picture.shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(columns.resize((size[1], size[0]), Image.Resampling.BILINEAR))


def row(method, values, count):
    """A picture of one row of grey levels, resized to `count` columns."""
    picture = np.repeat(np.array(values, np.uint8)[None, None, :, None], 3, axis=-1)
    return resampling.METHODS[method](tf.constant(picture), tf.constant([1, count]))[0, 0, :, 1].numpy().tolist()


@settings(deadline=None, max_examples=60)
@given(st.tuples(sides, sides), st.tuples(sides, sides), st.integers(0, 2), st.integers(0, 99))
@example((1, 1), (1, 1), 1, 0)
@example((1, 40), (40, 1), 2, 0)
@example((40, 1), (1, 40), 0, 0)
def test_pillow_is_pillow_bit_for_bit(size, new_size, count, seed):
    pictures = noise(count, size, seed)
    outputs = resized("pillow", pictures, new_size)
    assert outputs.shape == (count, *new_size, 3)
    for picture, output in zip(pictures, outputs, strict=True):
        np.testing.assert_array_equal(output, by_pillow(picture, new_size))


@pytest.mark.parametrize(
    ("size", "new_size"), [((480, 640), (96, 128)), ((75, 110), (300, 440)), ((600, 97), (149, 160))]
)
def test_pillow_is_pillow_for_pictures_of_usual_size(size, new_size):
    (picture,) = noise(1, size)
    np.testing.assert_array_equal(resized("pillow", picture[None], new_size)[0], by_pillow(picture, new_size))


@pytest.mark.parametrize(("size", "new_size"), SIZES)
def test_skimage_is_skimage_bit_for_bit(size, new_size):
    transform = pytest.importorskip("skimage.transform")
    pictures = noise(2, size)
    for picture, output in zip(pictures, resized("skimage", pictures, new_size), strict=True):
        expected = transform.resize(
            picture, new_size, order=1, mode="constant", preserve_range=True, anti_aliasing=False
        )
        np.testing.assert_array_equal(output, expected.astype(np.uint8))


@settings(deadline=None, max_examples=60)
@given(st.tuples(sides, sides), st.tuples(sides, sides), st.integers(0, 99))
def test_skimage_is_its_rule_written_out(size, new_size, seed):
    (picture,) = noise(1, size, seed)
    expected = np.floor(slow_skimage(picture, *new_size))
    np.testing.assert_array_equal(resized("skimage", picture[None], new_size)[0], expected)


def test_skimage_stays_within_the_grey_levels_of_each_picture():
    # Black beyond the edge darkens the first and last pixel of an enlarged picture, down to its own darkest at most.
    assert row("skimage", [100, 200], 4) == [100, 125, 175, 150]
    both = np.stack([np.full((2, 2, 3), 50), noise(1, (2, 2))[0]]).astype(np.uint8)
    assert (resampling.skimage(tf.constant(both), tf.constant([5, 5]))[0].numpy() == 50).all()


def test_a_row_by_hand():
    # Four pixels of two have their centres at -0.25, 0.25, 0.75 and 1.25.
    assert row("bilinear", [0, 100], 4) == [0, 25, 75, 100]
    assert row("triangle", [0, 100], 4) == [0, 25, 75, 100]
    assert row("pillow", [0, 90], 4) == [0, 23, 68, 90]  # 22.5 and 67.5, half up
    # Two of four: between two pixels, or the weights 3, 3, 1 of 7 and 1, 3, 3, 1 of 8 over all of them.
    assert row("bilinear", [0, 100, 200, 40], 2) == [50, 120]
    assert row("triangle", [0, 70, 140, 210], 2) == pytest.approx([50, 160])
    assert row("pillow", [0, 70, 140, 210], 2) == [50, 160]
    assert row("triangle", [80, 0, 160, 40, 80, 0], 3)[1] == pytest.approx(85)


@each_method
@pytest.mark.parametrize("count", [0, 2])
def test_in_a_graph_of_unknown_sizes(method, count):
    resize = resampling.METHODS[method]
    graph = in_graph(resize)
    for size, new_size in (((9, 14), (20, 6)), ((8, 5), (4, 15))):
        pictures, new_size = tf.constant(noise(count, size)), tf.constant(new_size)
        output = graph(pictures, new_size)
        assert output.dtype == tf.float32
        assert output.shape == (count, *new_size.numpy(), 3)
        np.testing.assert_allclose(output, resize(pictures, new_size), atol=1e-4)


@each_method
def test_a_picture_of_one_grey_level_keeps_it_and_the_same_size_changes_nothing(method):
    resize = resampling.METHODS[method]
    grey = tf.fill([1, 13, 7, 3], tf.constant(77, tf.uint8))
    np.testing.assert_allclose(resize(grey, tf.constant([5, 30])), np.full((1, 5, 30, 3), 77), rtol=1e-6)
    picture = noise(1, (13, 7))
    np.testing.assert_array_equal(resize(tf.constant(picture), tf.constant([13, 7])), picture)


@pytest.mark.parametrize("size", [(1, 1), (7, 33), (20, 14), (90, 61)])
def test_products_are_tensorflows_resize(size):
    images = np.random.default_rng(0).integers(0, 256, (2, 20, 31, 3), dtype=np.uint8)
    for widen in (False, True):
        expected = tf.image.resize(images, size, method="bilinear", antialias=widen)
        np.testing.assert_allclose(resampling.by_products(images, size, widen), expected, atol=1e-3)
    with portable():
        graph = tf.function(resampling.triangle).get_concrete_function(images, size).graph
    assert "ScaleAndTranslate" not in {node.op for node in graph.as_graph_def().node}
