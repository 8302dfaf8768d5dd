"""Objects that are there twice, and outlines that are none, with numbers that can be checked by hand."""

import numpy as np
import pytest

from mrcnn_keras.data import all_crowd, load_dataset, note_tiny
from mrcnn_keras.data.object_checks import (
    BEYOND,
    CROSSING,
    DOT,
    OUTLINED_CROWD,
    SMALL,
    SMALL_CROWD,
    TWICE,
    crosses_itself,
    crowds_in_one_piece,
    faulty_objects,
    note_small_crowds,
)

SQUARE = [(0, 0), (0, 10), (10, 10), (10, 0)]  # (y, x)


@pytest.mark.parametrize(
    ("points", "crosses"),
    [
        (SQUARE, False),
        ([*SQUARE, SQUARE[0]], False),  # closed by its first point
        ([(0, 0), (10, 10), (0, 10), (10, 0)], True),  # a bow tie of two triangles of 25 pixels
        ([(0, 0), (10, 10), (10, 10), (0, 10), (10, 0), (10, 0)], True),  # the same with points that are there twice
        ([(0, 0), (0, 10), (10, 10), (10, 4.9), (11, 5), (10, 5.1), (10, 0)], False),
        ([(0, 0), (0, 10), (10, 5.2), (12, 6), (12, 4), (10, 4.8), (0, 1)], False),
        (
            [(0, 0), (0, 10), (10, 10), (10, 5), (10.5, 5.5), (10.5, 4.5), (9.9, 5.1), (10, 0)],
            False,
        ),  # less than a pixel
        ([(0, 0), (0, 10), (5, 5), (0, 0), (10, 0), (5, 5), (10, 10)], False),  # it touches itself
        ([(0, 0), (0, 0), (0, 0), (0, 0)], False),
        ([(0, 0), (0, 9), (0, 3), (0, 12)], False),  # back and forth on a line
    ],
)
def test_crossing_outlines(points, crosses):
    assert crosses_itself(np.array(points, float)) is crosses
    assert crosses_itself(np.array(points[::-1], float)) is crosses
    assert crosses_itself(np.roll(points, 2, axis=0) + 0.0) is crosses


def test_a_crossing_is_found_among_thousands_of_points():
    angles = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    circle = np.stack([np.sin(angles), np.cos(angles)], axis=1) * 500
    assert not crosses_itself(circle)
    circle[[1000, 2000]] = circle[[2000, 1000]]  # chords that cut off 38,000 of 785,000 pixels
    assert crosses_itself(circle)
    eight = np.stack([np.sin(2 * angles), np.cos(angles)], axis=1) * 500 + 0.001 * angles[:, None]
    assert crosses_itself(eight)


@pytest.fixture
def faults(make_coco):
    """A function: annotations of one picture of 96 x 64 -> Dataset, faulty_objects."""

    def find(*annotations):
        entries = [{"id": i, "image_id": 1, "category_id": 1, **own} for i, own in enumerate(annotations, start=1)]
        image = {"id": 1, "file_name": "a.png", "width": 96, "height": 64}
        categories = [{"id": 1, "name": "thing"}, {"id": 2, "name": "other"}]
        dataset = load_dataset(make_coco({"images": [image], "annotations": entries, "categories": categories}))
        return dataset, faulty_objects(dataset, 0, dataset.load_annotations(0))

    return find


def square(x, y, width, height, **own):
    return {"segmentation": [[x, y, x + width, y, x + width, y + height, x, y + height]], **own}


def test_objects_that_are_there_twice(faults):
    outside = square(200, 200, 5, 5)  # so that a place in the file is not that among the loaded
    almost, less, other = square(10, 10, 20, 19), square(10, 10, 20, 17), square(10, 10, 20, 20, category_id=2)
    _, found = faults(outside, square(10, 10, 20, 20), almost, less, other, square(50, 10, 20, 20))
    assert found == {
        TWICE: [
            ("annotation 2 and annotation 3 (IoU 0.95)", (10, 10, 30, 30))  # 380 of 400 pixels; 340 of 400 are too few
        ]
    }
    box = {"bbox": [10, 10, 20, 20]}
    assert faults(box, {"bbox": [10, 10, 20, 19]})[1] == {
        TWICE: [("annotation 1 and annotation 2 (IoU 0.95)", (10, 10, 30, 30))]
    }


def test_masks_in_the_same_box_are_not_the_same(faults):
    upper = {"segmentation": [[10, 10, 40, 10, 10, 40]]}
    lower = {"segmentation": [[40, 40, 40, 10, 10, 40]]}
    assert faults(upper, lower)[1] == {}


def test_faulty_outlines_are_named(faults):
    _, found = faults(
        square(5, 5, 1, 1),
        square(80, 10, 20, 10),  # 4 of 20 columns are beyond the picture
        square(78, 30, 20, 10),  # 2 are
        {"segmentation": [[10, 10, 30, 30, 30, 10, 10, 30]]},
        square(50, 40, 10, 10, iscrowd=1),
        {"segmentation": {"size": [64, 96], "counts": [0, 640, 5504]}, "iscrowd": 1},
    )
    assert found == {
        DOT: [("annotation 1", (5, 5, 6, 6))],
        BEYOND: [("annotation 2", (10, 80, 20, 100))],
        CROSSING: [("annotation 4", (10, 10, 30, 30))],
        OUTLINED_CROWD: [("annotation 5", (40, 50, 50, 60))],
    }


def test_tiny_objects_are_measured_in_the_network(faults):
    dataset, _ = faults(square(10, 10, 15, 16), square(40, 10, 16, 17), square(60, 20, 1, 1))
    note_tiny(dataset, {"mode": "square", "min_dim": 32, "max_dim": 48})  # half the size: 7.7 and 8.2 pixels
    (finding,) = dataset.noted
    assert (finding["finding"], finding["count"], finding["contradiction"]) == (SMALL, 1, False)
    assert finding["pictures"][0]["objects"] == [("annotation 1", (10, 10, 26, 25))]


def test_crowd_regions_that_may_be_single_objects(faults):
    def runs(*columns, **own):  # each column from row 0 to 9
        mask = np.zeros((96, 64), int)
        mask[list(columns), :10] = 1
        changes = np.flatnonzero(np.diff(mask.ravel(), prepend=0, append=0))
        counts = np.diff(changes, prepend=0, append=mask.size).tolist()
        return {"segmentation": {"size": [64, 96], "counts": counts}, "iscrowd": 1, **own}

    singles = [square(40, y, 10, 10) for y in (10, 30, 50)]  # of 100 pixels
    small, large, apart, other = runs(*range(10)), runs(*range(11)), runs(0, 1, 5, 6), runs(0, 1, category_id=2)
    dataset, _ = faults(*singles, small, large, apart, other)
    found = dataset.load_annotations(0)
    crowds = crowds_in_one_piece(dataset, 0, found)
    names = "annotation 4", "annotation 5", "annotation 7"
    assert [region[:3] for region in crowds] == list(zip((1, 1, 2), (100, 110, 20), names, strict=True))
    note_small_crowds(dataset, {0: crowds}, {0: (found.class_ids, found.areas)})
    (finding,) = dataset.noted
    assert (finding["finding"], finding["contradiction"]) == (SMALL_CROWD, False)
    assert finding["pictures"][0]["objects"] == [("annotation 4", (0, 0, 10, 10))]


def test_classes_of_crowd_regions_only(faults):
    runs = {"segmentation": {"size": [64, 96], "counts": [0, 640, 5504]}, "iscrowd": 1}
    dataset, _ = faults(runs, {**runs, "category_id": 2}, square(5, 5, 20, 20))
    assert all_crowd(dataset) == ["other"]


@pytest.mark.parametrize("name", ["nuclei/val", "coco", "facade", "fruits_nuts", "formats/coco1.0"])
def test_real_objects_have_no_faults(shared, name):
    dataset = load_dataset(shared / "data" / name)
    for image_id in dataset.image_ids:
        assert faulty_objects(dataset, image_id, dataset.load_annotations(image_id)) == {}
