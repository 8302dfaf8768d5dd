import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.backbones import FPN

SHAPES = [(1, 16, 24, 3), (1, 8, 12, 4), (1, 4, 6, 5), (1, 2, 3, 6)]


def stages(value=0.0):
    return [tf.fill(shape, value) for shape in SHAPES]


def passing(fpn):
    """Laterals give the sum of their input's channels, outputs pass them on: sums can be followed by hand."""
    fpn(stages())
    for layer in fpn.laterals:
        layer.set_weights([np.ones(layer.kernel.shape), np.zeros(1)])
    centre = np.zeros((3, 3, 1, 1))
    centre[1, 1] = 1
    for layer in fpn.outputs:
        layer.set_weights([centre, np.zeros(1)])
    return fpn


def test_five_levels_of_one_width():
    shapes = [tuple(level.shape) for level in FPN(8)(stages())]
    assert shapes == [(1, 16, 24, 8), (1, 8, 12, 8), (1, 4, 6, 8), (1, 2, 3, 8), (1, 1, 2, 8)]


def test_each_level_is_its_stage_and_the_coarser_level():
    fpn = passing(FPN(1))
    values = [float(level[0, 0, 0, 0]) for level in fpn(stages(1.0))]
    assert values == [3 + 4 + 5 + 6, 4 + 5 + 6, 5 + 6, 6, 6]


def test_a_coarse_cell_spreads_over_two_by_two_and_p6_takes_every_second():
    coarse = tf.reshape(tf.range(6.0), [1, 2, 3, 1]) * tf.one_hot(0, 6)
    levels = [level[0, ..., 0].numpy().tolist() for level in passing(FPN(1))([*stages()[:3], coarse])]
    assert levels[3] == [[0, 1, 2], [3, 4, 5]]
    assert levels[2] == [[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2
    assert levels[4] == [[0, 2]]


def test_sides_that_are_not_twice_the_coarser_side():
    shapes = [(1, 5, 7, 2), (1, 3, 4, 2), (1, 2, 2, 2), (1, 1, 1, 2)]
    levels = FPN(4)([tf.ones(shape) for shape in shapes])
    assert [tuple(level.shape[1:3]) for level in levels] == [(5, 7), (3, 4), (2, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize(("norm_kind", "weights"), [("none", 16), ("gn", 24), ("bn", 40)])
def test_normalisation_takes_the_place_of_the_bias(norm_kind, weights):
    fpn = FPN(8, norm_kind)
    fpn(stages())
    assert len(fpn.weights) == weights
    assert [layer.use_bias for layer in (*fpn.laterals, *fpn.outputs)] == [norm_kind == "none"] * 8
