"""Outlines that stay text until they are drawn are the same as those that a JSON reader makes."""

import json

import numpy as np
import pytest

from mrcnn_keras.data import load_dataset
from mrcnn_keras.data.formats.coco_text import WrittenPolygons, read_content
from mrcnn_keras.errors import UserError

SQUARE = "[[1, 2, 4, 2, 4, 5, 1, 5]]"


def content_of(tmp_path, segmentation, separator=" "):
    path = tmp_path / "annotations.json"
    path.write_text(f'{{"annotations": [{{"id": 1, "segmentation":{separator}{segmentation}, "iscrowd": 0}}]}}')
    return read_content(path)


@pytest.mark.parametrize(
    "text",
    [
        SQUARE,
        "[[0,0,640.5,0,640.25,480.333333333]]",
        "[[-3, 0.5, 999, -0.25, 7, 7], [1, 1, 2, 2, 3, 1, 4, 4], [5, 5, 6, 6, 7, 5]]",
    ],
)
def test_plain_polygons_stay_text(tmp_path, text):
    content, [found] = content_of(tmp_path, text)
    assert "segmentation" not in content["annotations"][0]
    expected = [np.array(polygon).reshape(-1, 2)[:, ::-1] for polygon in json.loads(text)]
    assert isinstance(found, WrittenPolygons)
    assert len(found) == len(expected)
    for polygon, other in zip(found, expected, strict=True):
        assert polygon.dtype == np.float64
        np.testing.assert_array_equal(polygon, other)
    np.testing.assert_array_equal(found[-1], expected[-1])


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[[1, 2, 4, 2]]",  # fewer than three points
        "[[1, 2, 4, 2, 4, 5, 1]]",  # half a point
        "[1, 2, 4, 2, 4, 5]",
        "[[[1, 2], [4, 2], [4, 5]]]",
        "[[1000, 2, 4, 2, 4, 5]]",  # possibly far outside the picture
        "[[1e2, 2, 4, 2, 4, 5]]",
        "[[NaN, 2, 4, 2, 4, 5]]",
        "[[1, 2, 4, 2, 4, 5], 7]",
        "[[1, 2, 4, 2, 4, 5], [1, 2]]",
        '{"size": [6, 8], "counts": [36, 12]}',
        "17",
    ],
)
def test_everything_else_is_read_as_json(tmp_path, text):
    content, outlines = content_of(tmp_path, text)
    assert outlines == []
    assert str(content["annotations"][0]["segmentation"]) == str(json.loads(text))


def test_a_segmentation_in_a_text_is_no_key(tmp_path):
    path = tmp_path / "annotations.json"
    content = {"info": f'"segmentation": {SQUARE}', "annotations": []}
    path.write_text(json.dumps(content))
    assert read_content(path) == (content, [])


def test_a_mistake_is_reported_where_it_stands(tmp_path):
    text = f'{{"annotations": [{{"segmentation": {SQUARE}}}, {{]}}'
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    path = tmp_path / "annotations.json"
    path.write_text(text)
    with pytest.raises(UserError) as found:
        read_content(path)
    assert str(expected.value) in str(found.value)


@pytest.mark.parametrize("size", [(480, 640), (60, 80)])
def test_both_ways_of_writing_give_the_same_dataset(tmp_path, size):
    """Spread over lines, a file is read as JSON. In a picture of 60 x 80, 900 pixels are too far away."""
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": size[0], "width": size[1]}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": json.loads(SQUARE), "bbox": [1, 2, 3, 3]},
            {"id": 2, "image_id": 1, "category_id": 1, "segmentation": [[10, 10, 900, 10, 10, 30]]},
        ],
    }
    found = []
    for name, indent in (("plain", None), ("spread", 1)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.png").touch()
        (folder / "annotations.json").write_text(json.dumps(content, indent=indent))
        found.append(load_dataset(folder))
    plain, spread = found
    assert isinstance(plain.image_info[0]["annotations"][0].polygons, WrittenPolygons)
    assert isinstance(spread.image_info[0]["annotations"][0].polygons, tuple)
    assert plain.notes == spread.notes
    assert len(plain.skipped) == len(spread.skipped) == (size == (60, 80))
    for load in ("load_annotations", "load_boxes"):
        one, other = (getattr(data, load)(0) for data in found)
        assert len(one) == 2 - len(plain.skipped)
        np.testing.assert_array_equal(one.boxes, other.boxes)
    for one, other in zip(plain.load_outlines(0), spread.load_outlines(0), strict=True):
        np.testing.assert_array_equal(one, other)
