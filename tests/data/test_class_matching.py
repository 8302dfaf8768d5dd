"""Classes are the same if their names are, whatever their order."""

import numpy as np
import pytest

from mrcnn_keras.data.class_matching import match_classes
from mrcnn_keras.errors import UserError


def match(dataset, *names):
    return match_classes(dataset, ["BG", *names], "the data have", "the model has", "give others")


def test_classes_in_another_order_keep_their_objects(squares):
    dataset = squares([(1, 0, 0, 5, 5), (-2, 1, 1, 4, 4), (2, 2, 2, 9, 9)])
    assert match(dataset, "one", "two") is dataset
    same = match(dataset, "three", "two", "one")
    assert same.class_names == ["BG", "three", "two", "one"]
    for read in (same.load_annotations, same.load_boxes, same.subset([0]).load_annotations):
        assert read(0).class_ids.tolist() == [3, -2, 2]
        assert read(0).boxes.tolist() == dataset.load_annotations(0).boxes.tolist()
    masks, class_ids = same.load_mask(0)
    assert class_ids.tolist() == [3, -2, 2]
    assert np.array_equal(masks, dataset.load_mask(0)[0])
    assert same.statistics()["per_class"] == {"three": 0, "two": 1, "one": 1}
    assert same.map_source_class_id("squares.1") == 3
    assert same.get_source_class_id(3, "squares") == 1
    assert same.notes == ["classes matched by name, in the order three, two, one"]
    assert match(same, "one", "two", "three").load_boxes(0).class_ids.tolist() == [1, -2, 2]


def test_unknown_classes_are_refused_by_name(squares):
    with pytest.raises(UserError, match=r"^the data have the classes one, two but the model has one; give others$"):
        match(squares([]), "one")
    with pytest.raises(UserError, match=r"\('one' and 'ONE \(2\)' differ in spelling only\); give others"):
        match(squares([]), "ONE (2)", "two")


def test_classes_of_one_name_are_not_matched(squares):
    dataset = squares([])
    dataset.class_info[2]["name"] = "one"
    assert match(dataset, "one", "one") is dataset
    with pytest.raises(UserError, match="two are called 'one'; rename one"):
        match(dataset, "one", "two")
