"""RoIAlign against the rule written out in loops, in float64, and the numbers of a ramp."""

from contextlib import nullcontext

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mrcnn_keras.ops.portability import portable
from mrcnn_keras.ops.roi_sampling import pyramid_level, roi_align
from tests.ops.roi_align_reference import pool, random_maps, reference

WAYS = {"crop_and_resize": nullcontext, "gather": portable}


@pytest.fixture(params=WAYS)
def both_ways(request):
    with WAYS[request.param]():
        yield


both = pytest.mark.usefixtures("both_ways")

# A map of 6 x 5 cells of 4 pixels: a picture of 24 x 20.
BOXES = {
    "inside": [3.3, 2.1, 17.9, 16.2],
    "one cell": [8, 8, 12, 12],
    "the picture": [0, 0, 24, 20],
    "at the border": [0, 13.7, 9.1, 20],
    "partly outside": [-9.3, 11.2, 8.4, 31.7],
    "outside": [30.5, 30.5, 50, 60],
    "outside by less than a cell": [24.3, 20.3, 25.1, 21.1],
    "tiny": [11.1, 7.3, 11.11, 7.31],
    "ten pictures large": [-101, -83, 139, 117],
    "flat": [1.2, 3.3, 2.3, 19.1],
    "no height": [5.3, 2, 5.3, 18],
    "no area": [0, 0, 0, 0],
}


@both
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
@pytest.mark.parametrize("aligned", [True, False])
def test_each_kind_of_box_equals_the_reference(box, aligned):
    features = random_maps((2, 6, 5, 3))
    expected = reference(features, [4], [box, box], [1, 0], 3, aligned=aligned)
    pooled = pool(features, [4], [box, box], [1, 0], 3, aligned=aligned)
    np.testing.assert_allclose(pooled, expected, atol=1e-4)


@both
@pytest.mark.parametrize("reduce", ["mean", "max"])
@pytest.mark.parametrize(("size", "sampling"), [(1, 1), (1, 2), (2, 1), (4, 3), (7, 2)])
def test_sizes_samples_and_maximum(size, sampling, reduce):
    features, boxes = random_maps((1, 6, 5, 2)), [BOXES["inside"], BOXES["partly outside"]]
    options = {"sampling": sampling, "reduce": reduce}
    pooled = pool(features, [4], boxes, [0, 0], size, **options)
    np.testing.assert_allclose(pooled, reference(features, [4], boxes, [0, 0], size, **options), atol=1e-4)


@both
@pytest.mark.parametrize("aligned", [True, False])
def test_each_box_is_read_from_its_level_and_its_picture(aligned):
    features = random_maps((2, 16, 20, 3), (2, 8, 10, 3), (2, 4, 5, 3), (2, 2, 3, 3))
    strides, canonical = (4, 8, 16, 32), 28
    sides = np.array([60, 3, 13, 20, 33, 5, 100, 29])
    corners = np.random.default_rng(1).uniform(0, 30, (8, 2))
    boxes = np.concatenate([corners, corners + sides[:, None]], axis=1).astype(np.float32)
    images = [0, 1, 0, 1, 1, 0, 0, 1]
    levels = pyramid_level(tf.constant(boxes), 4, canonical).numpy().tolist()
    assert levels == [3, 0, 0, 1, 2, 0, 3, 2]
    expected = reference(features, strides, boxes, images, 2, aligned=aligned, canonical=canonical)
    pooled = pool(features, strides, boxes, images, 2, aligned=aligned, canonical_size=float(canonical))
    np.testing.assert_allclose(pooled, expected, atol=1e-4)


edges = st.floats(-10, 60, width=32)


@settings(deadline=None, max_examples=60)
@given(edges, edges, st.floats(0, 80, width=32), st.floats(0, 80, width=32), st.booleans())
def test_any_box_equals_the_reference(y1, x1, height, width, aligned):
    features, box = random_maps((1, 12, 9, 2)), np.array([y1, x1, y1 + height, x1 + width], np.float32)
    # float32 may place a sample right at the cut-off, one cell outside, on the other side of it.
    for low, high, cells in ((box[0], box[2], 12), (box[1], box[3], 9)):
        side = (high - low) / 4 if aligned else max((high - low) / 4, 1)
        indices = low / 4 + (np.arange(6) + 0.5) / 6 * side - (0.5 if aligned else 0)
        assume((np.abs(indices + 1) > 1e-3).all() and (np.abs(indices - cells) > 1e-3).all())
    expected = reference(features, [4], [box], [0], 3, aligned=aligned)
    for way in WAYS.values():
        with way():
            pooled = pool(features, [4], [box], [0], 3, aligned=aligned)
        np.testing.assert_allclose(pooled, expected, atol=1e-4)


@both
def test_a_ramp_is_its_value_at_the_centres_of_the_bins():
    # Each cell holds ten times its row plus its column, so position (y, x) holds 10 (y - 0.5) + (x - 0.5).
    ramp = (10 * np.arange(5)[:, None] + np.arange(5)).astype(np.float32)[None, ..., None]
    pooled = pool([ramp], [1], [[1, 1, 4, 4]], [0], 3)
    assert pooled[0, ..., 0].tolist() == [[11, 12, 13], [21, 22, 23], [31, 32, 33]]
    pooled = pool([ramp], [1], [[1, 1, 3, 4]], [0], 2)
    np.testing.assert_allclose(pooled[0, ..., 0], [[11.25, 12.75], [21.25, 22.75]], rtol=1e-5)
    # The older convention reads half a cell further down and right.
    pooled = pool([ramp], [1], [[1, 1, 3, 4]], [0], 2, aligned=False)
    np.testing.assert_allclose(pooled[0, ..., 0], [[16.75, 18.25], [26.75, 28.25]], rtol=1e-5)


@both
def test_the_whole_map_in_as_many_bins_as_cells_is_the_map():
    features = random_maps((1, 4, 4, 2))
    pooled = pool(features, [8], [[0, 0, 32, 32]], [0], 4, sampling=1)
    np.testing.assert_allclose(pooled, features[0], atol=1e-5)


@both
def test_a_constant_map_stays_constant_up_to_half_a_cell_outside():
    ones = np.ones((1, 4, 4, 1), np.float32)
    assert (pool([ones], [4], [[-2, -2, 18, 18]], [0], 7) == 1).all()


@both
def test_no_boxes():
    features = random_maps((2, 6, 5, 3), (2, 3, 3, 3))
    assert pool(features, [4, 8], [], [], 7).shape == (0, 7, 7, 3)


@pytest.mark.parametrize("reduce", ["mean", "max"])
@pytest.mark.parametrize("boxes", [[], [[1, 1, 9, 9]]], ids=["no box", "none on the second level"])
def test_gradient_of_a_level_without_boxes_is_zero(reduce, boxes):
    """The gradient of oneDNN's max pooling ended the process there."""
    features = [tf.constant(feature, tf.float32) for feature in random_maps((1, 6, 5, 3), (1, 3, 3, 3))]

    @tf.function
    def gradient(boxes):
        with tf.GradientTape() as tape:
            tape.watch(features)
            images = tf.zeros(tf.shape(boxes)[0], tf.int32)
            total = tf.reduce_sum(roi_align(features, (4, 8), boxes, images, 2, reduce=reduce))
        return tape.gradient(total, features)

    first, second = gradient(tf.reshape(tf.constant(boxes, tf.float32), [-1, 4]))
    assert np.sum(first) == pytest.approx(2 * 2 * 3 * len(boxes))  # each of 2 x 2 bins and 3 channels has weight 1
    assert not np.any(second)


def test_methods_agree_on_a_large_map():
    features = random_maps((1, 200, 304, 1))
    rng = np.random.default_rng(2)
    corners, sides = rng.uniform(0, 700, (50, 2)), rng.uniform(1, 300, (50, 2))
    boxes = np.concatenate([corners, corners + sides], axis=1)
    one = pool(features, [4], boxes, [0] * 50, 7)
    with portable():
        other = pool(features, [4], boxes, [0] * 50, 7)
    # float32 places a sample within 1e-4 of a cell; neighbours of this map differ by up to 7.
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_the_level_of_a_box():
    sides = np.array([1, 111.9, 112, 223.9, 224, 447.9, 448, 5000], np.float32)
    boxes = tf.stack([0 * sides, 0 * sides, sides, sides], axis=-1)
    assert pyramid_level(boxes, 4).numpy().tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert pyramid_level(boxes, 1).numpy().tolist() == [0] * 8
    assert pyramid_level(tf.constant([[0.0, 0, 112, 448], [9, 9, 9, 9]]), 4).numpy().tolist() == [2, 0]


def test_a_box_just_short_of_a_level_counts_as_that_level_within_the_tolerance():
    # torchvision: floor(4 + log2(223.9999 / 224) + 1e-6) = 4; Detectron2 reads the box from P3.
    sides = np.array([111.99995, 223.9999, 447.9999, 223.999, 224], np.float32)
    boxes = tf.stack([0 * sides, 0 * sides, sides, sides], axis=-1)
    assert pyramid_level(boxes, 4, tolerance=1e-6).numpy().tolist() == [1, 2, 3, 1, 2]
    assert pyramid_level(boxes, 4).numpy().tolist() == [0, 1, 2, 1, 2]
    # roi_align passes it on: only the map of P4 is ones.
    features = [tf.zeros([1, 80, 80, 1]), tf.zeros([1, 40, 40, 1]), tf.ones([1, 20, 20, 1])]
    for tolerance, value in ((0.0, 0), (1e-6, 1)):
        pooled = roi_align(features, (4, 8, 16), boxes[1:2], tf.constant([0]), 1, level_tolerance=tolerance)
        assert pooled.numpy().item() == value


@both
def test_gather_and_crop_and_resize_have_the_transposed_as_gradient():
    # pooled = J features is linear, so <g, J v> = <J' g, v> for any g and v.
    maps = [tf.constant(f) for f in random_maps((2, 6, 5, 3), (2, 3, 3, 3))]
    boxes = tf.constant(list(BOXES.values()), tf.float32)
    images = tf.constant([0, 1] * (len(BOXES) // 2))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        pooled = roi_align(maps, [4, 8], boxes, images, 3, canonical_size=30.0)
    (g,) = random_maps(pooled.shape, seed=1)
    back = tape.gradient(pooled, maps, output_gradients=tf.constant(g))
    assert all(float(tf.reduce_max(tf.abs(part))) > 0 for part in back)  # both levels took part
    there = np.sum(g.astype(float) * pooled.numpy())
    again = sum(np.sum(b.numpy().astype(float) * m.numpy()) for b, m in zip(back, maps, strict=True))
    assert there == pytest.approx(again, abs=1e-4)


@both
@pytest.mark.parametrize("reduce", ["mean", "max"])
def test_gradients_equal_differences(reduce):
    (feature,), (g,) = random_maps((1, 4, 3, 1)), random_maps((1, 2, 2, 1), seed=5)
    boxes = tf.constant([[-1.3, 2.2, 13.1, 11.4]])

    def loss(values):
        return tf.reduce_sum(g * roi_align([values], [4], boxes, tf.constant([0]), 2, reduce=reduce))

    values = tf.constant(feature)
    with tf.GradientTape() as tape:
        tape.watch(values)
        total = loss(values)
    gradient = tape.gradient(total, values).numpy()
    step = np.float32(1 / 128)
    for place in np.ndindex(feature.shape):
        moved = feature.copy()
        moved[place] += step
        # Both kinds are linear as long as the largest of four samples stays the same.
        difference = float(loss(tf.constant(moved)) - total) / step
        assert difference == pytest.approx(gradient[place], abs=1e-3), place


@both
def test_no_gradient_reaches_the_boxes():
    features = [tf.constant(f) for f in random_maps((1, 6, 5, 1))]
    boxes = tf.constant([BOXES["inside"]])
    with tf.GradientTape() as tape:
        tape.watch(boxes)
        pooled = tf.reduce_sum(roi_align(features, [4], boxes, tf.constant([0]), 3))
    assert tape.gradient(pooled, boxes) is None


def test_gather_compiles_under_xla():
    features = [tf.constant(f) for f in random_maps((1, 6, 5, 2), (1, 3, 3, 2))]
    boxes, images = tf.constant(list(BOXES.values()), tf.float32), tf.zeros([len(BOXES)], tf.int32)
    compiled = tf.function(roi_align, jit_compile=True)
    with portable():
        found = compiled(features, (4, 8), boxes, images, 3, canonical_size=30.0)
        expected = roi_align(features, (4, 8), boxes, images, 3, canonical_size=30.0)
    np.testing.assert_allclose(found, expected, atol=1e-5)
