"""The project of a file is recognised by its names; other files are refused with a sentence."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps import find_source
from tests.weights.maps.thin_files import ALL, torchvision_file

SHAPES = {name: make().shapes for name, make in ALL.items()}
any_file = pytest.mark.parametrize("name", ALL)


@any_file
def test_project_is_found_by_the_names(name):
    module = find_source(SHAPES[name]).__name__.rpartition(".")[2]
    assert module == name.split()[0].replace("keras.applications", "keras_resnets")


@pytest.mark.parametrize("shapes", [{}, {"weight": (3, 3)}, {"conv1.weight": (64, 3, 7, 7)}, {"conv1/kernel": ()}])
def test_no_project_for_other_names(shapes):
    assert find_source(shapes) is None


@any_file
def test_mapped_values_have_their_shapes_and_are_read_on_demand(name):
    file = ALL[name]()
    values, leftovers = find_source(file.shapes).translate(file)
    assert not file.reads
    for value in values.values():
        array = value()
        assert (array.shape, array.dtype) == (value.shape, np.float32)
        assert array.flags.c_contiguous
    assert {*file.reads} | {*leftovers} == {*file}
    assert not {*file.reads} & {*leftovers}


def test_mapped_values_can_be_read_again():
    values, _ = find_source(SHAPES["matterport"]).translate(ALL["matterport"]())
    for path in ("stem_conv/kernel", "box_head/fc1/kernel", "rpn/logits/bias"):
        np.testing.assert_array_equal(values[path](), values[path]())


@any_file
@given(data=st.data())
def test_damaged_shapes_are_refused_or_harmless(name, data):
    shapes = dict(SHAPES[name])
    victims = data.draw(st.lists(st.sampled_from(sorted(shapes)), min_size=1, max_size=3, unique=True))
    for victim in victims:
        if data.draw(st.booleans()):
            del shapes[victim]
        else:
            shapes[victim] = tuple(data.draw(st.lists(st.sampled_from([0, 1, 2, 3, 7, 8, 12, 2**40]), max_size=5)))
    source = find_source(shapes)
    if source is None:
        return
    with contextlib.suppress(UserError):
        source.describe(shapes)


@any_file
def test_every_shape_that_is_used_is_checked(name):
    """A number more in a tensor's last axis is noticed, whichever it is."""
    file = ALL[name]()
    source = find_source(file.shapes)
    for used in {source_name for value in source.translate(file)[0].values() for source_name in value.sources}:
        *first, last = file.shapes[used]
        with pytest.raises(UserError, match=r"file is damaged|only .* can be read"):
            source.describe({**file.shapes, used: (*first, last + 1)})


def test_mapped_values_refuse_wrong_numbers():
    file = torchvision_file()
    values, _ = find_source(file.shapes).translate(file)
    file["backbone.body.bn1.weight"] = np.ones(8, np.int64)
    with pytest.raises(UserError, match="backbone.body.bn1.weight holds int64"):
        values["stem_norm/gamma"]()
    file["backbone.body.bn1.bias"] = np.full(8, 1e300)
    with pytest.raises(UserError, match="backbone.body.bn1.bias: numbers that no model can have"):
        values["stem_norm/beta"]()
    file["backbone.body.bn1.running_var"] = np.full(8, -1.0, np.float32)
    with pytest.raises(UserError, match="backbone.body.bn1.running_var has negative numbers"):
        values["stem_norm/moving_variance"]()
