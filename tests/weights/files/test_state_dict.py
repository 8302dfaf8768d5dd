import pytest

from mrcnn_keras.weights.files import BadFile
from mrcnn_keras.weights.files.pickled_arrays import PickledArray
from mrcnn_keras.weights.files.state_dict import find_state_dict

T, U = PickledArray(), PickledArray()


@pytest.mark.parametrize(
    "content",
    [
        {"a": T, "b.c": U},
        {"model": {"a": T, "b.c": U}, "optimizer": {"state": {0: {"m": T}}}, "epoch": 3},
        {"state_dict": {"a": T, "b.c": U}, "ema": {"a": U}},
        {"model": "resnet50", "model_state_dict": {"a": T, "b.c": U}, "x": T},
        {"anything": {"a": T, "b": {"c": U}}, "options": {"lr": 0.1}},
        {"module.a": T, "module.b.c": U},
        {"model": {"module._orig_mod.a": T, "module._orig_mod.b.c": U}},
        {"a": T, "b.c": U, "epoch": 3, "_extra_state": None, 5: T},
    ],
)
def test_state_dict_is_found_in_a_checkpoint(content):
    found = find_state_dict(content)
    assert found == {"a": T, "b.c": U}
    assert list(found) == ["a", "b.c"]


def test_state_dict_keeps_a_prefix_of_some_names():
    assert list(find_state_dict({"module.a": T, "b": U})) == ["module.a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (T, "holds a single tensor; give"),
        ([T], "holds no dict of tensors; give"),
        ({"epoch": 3}, "holds no tensors; give"),
        ({"teacher": {"a": T}, "student": {"a": U}}, r"several sets of tensors \('student', 'teacher'\); save"),
        ({"a.b": T, "a": {"b": U}}, "two tensors with the name 'a.b'"),
    ],
)
def test_state_dict_is_refused(content, message):
    with pytest.raises(BadFile, match=message):
        find_state_dict(content)


def test_state_dict_with_dicts_in_circles():
    content = {"a": T}
    for i in range(50):
        content[f"again{i}"] = content
    with pytest.raises(BadFile, match="too many dicts"):
        find_state_dict(content)
