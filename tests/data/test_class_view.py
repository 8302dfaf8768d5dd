"""Classes that are chosen, renamed and joined."""

import numpy as np
import pytest

from mrcnn_keras.data import load_dataset, select_classes
from mrcnn_keras.errors import UserError
from tests.data.small_coco import coco_content


def test_objects_of_other_classes_are_left_out(squares):
    dataset = squares([(1, 0, 0, 5, 5), (-2, 1, 1, 4, 4), (2, 2, 2, 9, 9)], [(1, 0, 0, 3, 3)])
    view = select_classes(dataset, ["two"])
    assert view.class_names == ["BG", "two"]
    assert view.num_images == 2
    for read in (view.load_annotations, view.load_boxes, view.subset([0, 1]).load_annotations):
        assert read(0).class_ids.tolist() == [-1, 1]
        assert read(0).boxes.tolist() == [[1, 1, 4, 4], [2, 2, 9, 9]]
        assert len(read(1)) == 0
    masks, class_ids = view.load_mask(0)
    assert (masks.shape, class_ids.tolist()) == ((40, 60, 2), [-1, 1])
    assert np.array_equal(masks, dataset.load_mask(0)[0][..., 1:])
    assert view.load_example(1)[1].mask_crops == ()
    assert view.notes == ["objects of classes that were not chosen left out: one"]
    assert view.map_source_class_id("squares.2") == 1
    with pytest.raises(UserError, match=r"class 'squares.1' was not added"):
        view.map_source_class_id("squares.1")


def test_classes_are_renamed_joined_and_put_in_order(squares):
    dataset = squares([(1, 0, 0, 5, 5), (2, 2, 2, 9, 9)])
    joined = select_classes(dataset, rename={"one": "thing", "two": "thing"})
    assert joined.class_names == ["BG", "thing"]
    assert joined.load_boxes(0).class_ids.tolist() == [1, 1]
    turned = select_classes(dataset, ["first", "two"][::-1], {"one": "first"})
    assert turned.class_names == ["BG", "two", "first"]
    assert turned.load_boxes(0).class_ids.tolist() == [2, 1]
    assert select_classes(dataset, ["one", "two"]) is dataset


def test_unknown_classes_are_named(squares):
    with pytest.raises(UserError, match=r"no class 'tow' to keep; did you mean 'two'\? The classes are one, two$"):
        select_classes(squares([]), ["tow"])
    with pytest.raises(UserError, match="no class 'cat' to rename; The classes are one, two$"):
        select_classes(squares([]), rename={"cat": "dog"})


def test_outlines_and_objects_stay_side_by_side(make_coco):
    dataset = load_dataset(make_coco(coco_content()))
    triangles = select_classes(dataset, ["triangle"])
    triangle, crowd = triangles.load_outlines(0)
    assert triangle[0].tolist() == [[0, 5], [0, 8], [3, 8]]
    assert crowd is None
    assert triangles.load_annotations(0).class_ids.tolist() == [1, -1]
