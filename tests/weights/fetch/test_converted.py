"""Weights kept as this package's variables: the same values, made once, made again if damaged."""

import io
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.fetch import open_converted
from mrcnn_keras.weights.maps import find_source
from tests.weights.maps.thin_files import ALL

ARRAYS = {
    "stem_conv/kernel": np.arange(24, dtype="f4").reshape(2, 2, 3, 2),
    "a/bias": np.array([0.5, -3], "f4"),
    "a/gamma": np.ones(300, "f4"),
}


class Array:
    """A value as a name map gives it."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape

    def __call__(self):
        return self.array


class Original:
    """Opens a file as `open_checkpoint` does, and counts how often."""

    def __init__(self, values):
        self.values, self.count = values, 0

    @contextmanager
    def __call__(self, path):
        self.count += 1
        settings = {"NUM_CLASSES": 3, "MEAN_PIXEL": (1.5, 2.0, 3.0), "MASKS": True}
        yield SimpleNamespace(preset="some", settings=settings, left_over={"x": "why"}, values=self.values)


@pytest.fixture
def original():
    return Original({path: Array(array) for path, array in ARRAYS.items()})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "published-1234.pth"
    path.write_bytes(b"original")
    return path


def read(file, original):
    """The content of the conversion of `file`, read whole."""
    with open_converted(file, file.parent / "converted", original) as found:
        shapes = {path: value.shape for path, value in found["values"].items()}
        found["values"] = {path: value() for path, value in found["values"].items()}
    assert shapes == {path: array.shape for path, array in found["values"].items()}
    return found


def check(found, arrays=ARRAYS):
    assert (found["preset"], found["left_over"]) == ("some", {"x": "why"})
    assert found["settings"] == {"NUM_CLASSES": 3, "MEAN_PIXEL": [1.5, 2.0, 3.0], "MASKS": True}
    assert list(found["values"]) == list(arrays)
    for path, array in arrays.items():
        np.testing.assert_array_equal(found["values"][path], array)
        assert found["values"][path].dtype == np.float32


def conversions(file):
    return sorted((file.parent / "converted").iterdir())


def test_conversion_is_made_once_with_the_same_values(file, original):
    for _ in range(3):
        check(read(file, original))
    assert original.count == 1
    assert len(conversions(file)) == 1


@pytest.mark.parametrize("name", ["torchvision v2", "detectron2 X101", "matterport R50", "keras.applications"])
def test_conversion_keeps_the_values_of_each_project(name, file):
    tensors = ALL[name]()
    values, _ = find_source(tensors.shapes).translate(tensors)
    check(read(file, Original(values)), {path: value() for path, value in values.items()})


def test_conversion_of_another_file_of_that_name(file, original):
    read(file, original)
    file.write_bytes(b"an original of another length")
    read(file, original)
    assert original.count == 2


def test_conversion_of_a_backbone_has_no_preset(file):
    @contextmanager
    def backbone(path):
        yield SimpleNamespace(preset=None, settings={}, left_over={}, values={"a/bias": Array(ARRAYS["a/bias"])})

    for _ in range(2):
        assert read(file, backbone)["preset"] is None


def test_conversion_of_an_unreadable_file_leaves_nothing(file, original):
    def broken():
        raise UserError("the file is damaged")

    broken.shape = (1,)
    original.values["a/beta"] = broken
    for _ in range(2):
        with pytest.raises(UserError, match="the file is damaged"):
            read(file, original)
    assert conversions(file) == []


def array_file():
    """The bytes of a .npy file, which numpy opens as readily."""
    stream = io.BytesIO()
    np.save(stream, np.ones(3))
    return stream.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"text, no archive", array_file()], ids=["empty", "two bytes", "text", "an array"]
)
def test_conversion_is_replaced_if_it_is_something_else(content, file, original):
    read(file, original)
    conversions(file)[0].write_bytes(content)
    check(read(file, original))
    assert original.count == 2


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_conversion_with_any_damage_is_replaced(data, file, original):
    """Bytes changed anywhere, or the end cut off: the right values come all the same."""
    for path in (file.parent / "converted").glob("*"):
        path.unlink()
    read(file, original)
    (target,) = conversions(file)
    whole = bytearray(target.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    target.write_bytes(whole[: data.draw(st.sampled_from([None, len(whole) // 2, -1, -30]))])
    check(read(file, original))
