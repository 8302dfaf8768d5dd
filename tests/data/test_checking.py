"""Pictures that cannot be read are found before the training."""

import numpy as np
import pytest

from mrcnn_keras.data import Dataset
from mrcnn_keras.data.checking import broken_pictures, check_objects, findings, no_object, readable_pictures
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


def test_readable_pictures_leaves_out_a_few():
    dataset = Pictures(40, damaged=[3], larger=[30])
    rest = readable_pictures(dataset, 0.05)
    assert (rest.num_images, rest.image_name(3)) == (38, "some image '4.png'")
    assert rest.skipped == dataset.skipped
    assert [sentence[:21] for sentence in rest.skipped] == ["picture 3 is damaged", "some image '30.png' i"]
    whole = Pictures(3)
    assert readable_pictures(whole, 0) is whole


@pytest.mark.parametrize(
    ("pictures", "share", "words"),
    [
        (
            Pictures(40, damaged=[1, 2, 3]),
            0.05,
            r"^3 of 40 pictures cannot be read, more than the 5 %.*re 1 is damaged",
        ),
        (Pictures(3, damaged=[2]), 0, r"^1 of 3 pictures cannot be read.*picture 2 is damaged.*--skip-bad 0\.34"),
        (Pictures(2, damaged=[0, 1]), 1, r"^none of the 2 pictures can be read: picture 0 is damaged$"),
    ],
)
def test_readable_pictures_refuses_many(pictures, share, words):
    with pytest.raises(UserError, match=words) as error:
        readable_pictures(pictures, share)
    assert len(str(error.value)) < 700


def test_no_object_says_why(squares):
    thing, crowd, empty = (1, 0, 0, 5, 5), (-1, 0, 0, 5, 5), (1, 3, 3, 3, 9)
    assert no_object(squares([], [crowd, thing])) == ""
    assert no_object(squares([], [])) == "2 pictures with no annotation"
    crowds = no_object(squares([crowd], [crowd, crowd]))
    assert crowds == "2 pictures with 3 crowd regions (iscrowd 1), which are not single objects"
    left_out = no_object(squares([empty], [crowd]))
    assert "1 crowd region (iscrowd 1)" in left_out
    assert "objects without a pixel inside the picture, left out: 1 (first in squares image '0.png')" in left_out
    check_objects(squares([thing]))
    with pytest.raises(UserError, match="have no object to learn from: 1 picture with no annotation; annotate"):
        check_objects(squares([]))


def test_findings_name_the_first_ten_entries():
    dataset = Pictures(3)
    dataset.note("something odd", 1)
    for i in range(12):
        dataset.skip(f"entry {i} is damaged")
    lines = findings(dataset.subset([0]), dataset.subset([1]))
    assert lines[:3] == [
        "note: something odd: 1 (first in some image '1.png')",
        "skipped: 12 entries that cannot be read",
        "skipped: entry 0 is damaged",
    ]
    assert lines[-1] == "skipped: and 2 more"
    assert len(lines) == 2 + 10 + 1
    assert findings(Pictures(1)) == []


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
