"""Pictures that cannot be read are found before the training."""

import numpy as np
import pytest

from mrcnn_keras.data import Dataset
from mrcnn_keras.data.checking import broken_pictures, check_pictures
from mrcnn_keras.errors import UserError


class Pictures(Dataset):
    """Pictures of 4 x 4 pixels; those in `damaged` cannot be read, those in `larger` do not fit their masks."""

    def __init__(self, count, damaged=(), larger=()):
        super().__init__()
        self.damaged, self.larger = damaged, larger
        self.add_class("some", 1, "thing")
        for i in range(count):
            self.add_image("some", i, path=f"{i}.png")

    def load_image(self, image_id):
        if image_id in self.damaged:
            raise UserError(f"picture {image_id} is damaged")
        return np.zeros((5 if image_id in self.larger else 4, 4, 3), np.uint8)

    def load_mask(self, image_id):
        return np.ones((4, 4, 1), bool), np.ones(1, np.int32)


def test_broken_pictures_names_each_with_its_sentence():
    found = broken_pictures(Pictures(40, damaged=[3, 30], larger=[7]))
    assert list(found) == [3, 7, 30]
    assert found[3] == "picture 3 is damaged"
    assert found[7].startswith("some image '7.png' is 5 x 4 pixels but its masks are 4 x 4")


def test_broken_pictures_finds_none_in_a_good_dataset():
    assert broken_pictures(Pictures(3)) == {}
    assert broken_pictures(Pictures(0)) == {}
    check_pictures(Pictures(3))


def test_check_pictures_names_the_first_and_counts_all():
    with pytest.raises(UserError, match=r"^picture 2 is damaged$"):
        check_pictures(Pictures(3, damaged=[2]))
    with pytest.raises(UserError, match=r"^picture 1 is damaged \(2 of 3 pictures cannot be read\)$"):
        check_pictures(Pictures(3, damaged=[2, 1]))


def test_broken_pictures_reports_progress():
    calls = []
    broken_pictures(Pictures(3, damaged=[1]), lambda *numbers: calls.append(numbers))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_broken_pictures_of_a_subset_have_its_ids():
    assert list(broken_pictures(Pictures(5, damaged=[3]).subset([1, 3]))) == [1]


def test_broken_pictures_passes_other_errors_on():
    class Buggy(Pictures):
        def load_mask(self, image_id):
            raise KeyError("polygons")

    with pytest.raises(KeyError):
        broken_pictures(Buggy(2))
