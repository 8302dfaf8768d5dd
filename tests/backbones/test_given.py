"""A backbone of the user's own."""

import keras
import pytest
import tensorflow as tf

from mrcnn_keras.backbones import given_backbone
from mrcnn_keras.errors import UserError


def pyramid(depth=4, side=None):
    """A model from images to maps of strides 2, 4, 8, 16, 32: the last `depth` of them."""
    inputs = x = keras.Input((side, side, 3))
    maps = []
    for i in range(5):
        x = keras.layers.Conv2D(4 + i, 3, strides=2, padding="same", activation="relu", name=f"down{i}")(x)
        maps.append(x)
    return inputs, maps[-depth:]


def test_maps_come_as_a_list_by_name_or_as_kerashub_has_them():
    inputs, maps = pyramid()
    as_list = keras.Model(inputs, maps, name="mine")
    by_name = keras.Model(inputs, {f"C{i}": value for i, value in reversed([*enumerate(maps, start=2)])})
    of_kerashub = keras.Model(inputs, maps[-1])
    of_kerashub.pyramid_outputs = {f"P{i}": value for i, value in enumerate(maps, start=2)}
    for model in (as_list, by_name, of_kerashub):
        stages = given_backbone(model)(tf.zeros([1, 64, 96, 3]))
        assert [tuple(stage.shape) for stage in stages] == [(1, 16, 24, 5), (1, 8, 12, 6), (1, 4, 6, 7), (1, 2, 3, 8)]
    assert given_backbone(as_list).name == "mine"


def no_names():
    inputs, maps = pyramid()
    return keras.Model(inputs, {f"map{i}": value for i, value in enumerate(maps)})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: "resnet50", "give a functional keras.Model"),
        (lambda: keras.Sequential([keras.layers.Conv2D(3, 3)]), "give a functional keras.Model"),
        (lambda: keras.Model(*pyramid(side=64)), r"input shape \(None, None, 3\)"),
        (lambda: keras.Model(*pyramid(depth=3)), "strides 4, 8, 16 and 32"),
        (no_names, "call its maps C2, C3, C4, C5"),
    ],
    ids=["a name", "no inputs", "one size", "three maps", "no names"],
)
def test_what_is_no_pyramid_is_refused(make, words):
    with pytest.raises(UserError, match=words):
        given_backbone(make())
