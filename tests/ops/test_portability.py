"""RoI operators without TensorFlow's own operations: the same numbers, from plain gathers."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.ops.portability import places_of, portable, wants_fixed_sizes, wants_portable
from mrcnn_keras.ops.roi_quantised import roi_warp
from mrcnn_keras.ops.roi_sampling import crop_and_resize_rois, roi_align
from tests.ops.roi_align_reference import random_maps

STRIDES = (4, 8)
MAPS = (2, 12, 10, 3), (2, 6, 5, 3)
BOXES = [
    [3.3, 2.1, 17.9, 16.2],
    [0, 0, 48, 40],
    [-9.3, 11.2, 8.4, 31.7],
    [1.2, 3.3, 2.3, 39.1],
    [50, 50, 60, 70],
    [0, 0, 0, 0],
]
OPERATORS = {
    "align": roi_align,
    "adaptive": functools.partial(roi_align, sampling=0),
    "adaptive maximum": functools.partial(roi_align, sampling=0, reduce="max", aligned=False),
    "warp": roi_warp,
    "corners": crop_and_resize_rois,
}


def operations(graph):
    """The kinds of operations in a graph and the functions that it calls."""
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for part in definition.library.function for node in part.node_def)]
    return {node.op for node in nodes}


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_the_numbers_are_the_same_and_crop_and_resize_is_gone(operator):
    features = [tf.constant(part) for part in random_maps(*MAPS)]
    images = tf.constant([0, 1, 1, 0, 1, 0])

    def make():
        boxes = tf.TensorSpec([None, 4], tf.float32)
        read = tf.function(lambda boxes: operator(features, STRIDES, boxes, images, 3, canonical_size=20.0))
        return read.get_concrete_function(boxes)

    usual = make()
    with portable():
        gathered = make()
    assert "CropAndResize" in operations(usual.graph)
    assert "CropAndResize" not in operations(gathered.graph)
    np.testing.assert_allclose(gathered(tf.constant(BOXES)), usual(tf.constant(BOXES)), atol=1e-5)


def test_it_holds_inside_only_also_after_an_error():
    seen = []

    def fail():
        with portable():
            seen.append(wants_portable())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (seen, wants_portable()) == ([True], False)


def test_no_boxes():
    features, images = [tf.constant(part) for part in random_maps(*MAPS)], tf.zeros([0], tf.int32)
    with portable():
        for operator in OPERATORS.values():
            assert operator(features, STRIDES, tf.zeros([0, 4]), images, 3).shape == (0, 3, 3, 3)


def test_what_xla_compiles_is_known_also_inside_loops_and_other_functions():
    seen = []

    def note(row):
        seen.append((wants_fixed_sizes(), wants_portable()))
        return row

    for compiled in (True, None):
        inner = tf.function(lambda rows: tf.map_fn(note, rows), autograph=False)
        tf.function(lambda rows, inner=inner: inner(note(rows)), jit_compile=compiled, autograph=False)(tf.zeros([2]))
    note(0)
    assert seen == [(True, True)] * 2 + [(False, False)] * 3


def test_under_xla_all_places_are_listed():
    listed = tf.constant([[True, False, True], [False, False, True]])
    assert places_of(listed).numpy().tolist() == [[0, 0], [0, 2], [1, 2]]
    compiled = tf.function(places_of, jit_compile=True, autograph=False)
    assert compiled(listed).numpy().tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert compiled(listed[0]).numpy().tolist() == [[0], [1], [2]]
    assert compiled(listed).dtype == places_of(listed).dtype == tf.int64
