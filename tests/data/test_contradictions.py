"""Boxes and outlines that contradict each other are noted, and what is trained is counted."""

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import Dataset, load_dataset, note_leaks, note_pictures, note_sides
from tests.data.small_coco import coco_content

SQUARE = [[20, 12, 50, 12, 50, 37, 20, 37]]  # 30 wide and 25 high in a picture of 96 x 64: side 27.4
IN_SHARES = [[x / 96 if i % 2 == 0 else x / 64 for i, x in enumerate(SQUARE[0])]]


@pytest.fixture
def one_class(make_coco):
    """A function: annotations of one picture of 96 x 64 -> Dataset."""

    def make(*annotations):
        entries = [{"id": i, "image_id": 1, "category_id": 1, **own} for i, own in enumerate(annotations, start=1)]
        image = {"id": 1, "file_name": "a.png", "width": 96, "height": 64}
        content = {"images": [image], "annotations": entries, "categories": [{"id": 1, "name": "thing"}]}
        return load_dataset(make_coco(content), skip_bad=1)

    return make


@pytest.mark.parametrize(
    ("bbox", "words"),
    [
        ([20, 12, 50, 37], "boxes that look like corners [x1, y1, x2, y2], not [x, y, width, height]"),
        ([35, 24.5, 30, 25], "boxes that look like [centre x, centre y, width, height]"),
        ([12, 20, 37, 50], "boxes that look like [y1, x1, y2, x2]"),
        ([12, 20, 25, 30], "boxes that look like [y, x, height, width]"),
        ([20 / 96, 12 / 64, 30 / 96, 25 / 64], "boxes that look like shares of the picture"),
        ([0, 0, 0, 0], "boxes without area where there is an outline"),
        ([70, 40, 20, 20], "outlines that do not fill their box"),
    ],
)
def test_a_box_that_is_not_its_outlines_is_noted_and_the_outline_counts(one_class, bbox, words):
    dataset = one_class({"bbox": bbox, "segmentation": SQUARE}, {"bbox": [20, 12, 30, 25], "segmentation": SQUARE})
    assert dataset.statistics()["object_side"] == pytest.approx([750**0.5] * 3)
    (note,) = dataset.contradictions
    assert note.startswith(words)
    assert note.endswith(": 1 (first in coco image 'a.png')")
    assert note in dataset.notes


@pytest.mark.parametrize("bbox", [[20, 12, 30, 25], [19.2, 11.5, 31, 26.4], [17, 10, 35, 28], [18, 9, 33, 30], None])
def test_boxes_drawn_by_hand_are_no_contradiction(one_class, bbox):
    dataset = one_class({"bbox": bbox, "segmentation": SQUARE}, {"bbox": [90, 60, 50, 50]})
    assert dataset.statistics()["instances"] == 2
    assert dataset.contradictions == []


def test_boxes_alone_that_look_like_corners_are_noted(one_class):
    corners, whole, cut = {"bbox": [40, 20, 80, 50]}, {"bbox": [10, 5, 80, 50]}, {"bbox": [80, 20, 40, 30]}
    dataset = one_class(corners, whole, cut)
    assert dataset.statistics()["instances"] == 3
    assert dataset.contradictions == [
        "boxes that reach beyond the picture as [x, y, width, height], but not as corners [x1, y1, x2, y2]: 1 "
        "(first in coco image 'a.png')"
    ]


def test_outlines_in_shares_of_the_picture_are_noted(one_class):
    dataset = one_class(
        {"bbox": [20, 12, 30, 25], "segmentation": IN_SHARES},
        {"segmentation": IN_SHARES},
        {"bbox": [0.2, 0.2, 0.3, 0.4]},
        {"bbox": [0, 0, 1, 1], "segmentation": [[0, 0, 1, 0, 1, 1, 0, 1]]},  # a pixel in the corner is one
    )
    assert dataset.statistics()["object_side"] == [1, 1, 1]
    shares, left_out = dataset.contradictions
    assert shares.startswith("outlines or boxes in 0..1, which are shares of a picture and no pixels, left out; write ")
    assert "write pixels: 3 (first in" in shares
    assert left_out.startswith("objects without a pixel inside the picture, left out: 3 ")
    assert len(dataset.load_annotations(0)) == len(dataset.load_boxes(0)) == 1


def test_what_covers_no_pixel_is_not_counted(one_class):
    dataset = one_class(
        {"bbox": [20, 12, 30, 25], "segmentation": SQUARE},
        {"bbox": [0, 0, 0, 0], "segmentation": []},
        {"bbox": [-60, -40, 20, 10], "segmentation": [[-60, -40, -40, -40, -40, -30]]},
        {"bbox": [97, 65, 20, 10]},
    )
    found = dataset.statistics()
    assert (found["instances"], found["per_class"], found["max_instances"]) == (1, {"thing": 1}, 1)
    assert found["object_side"] == pytest.approx([750**0.5] * 3)
    nothing, left_out = dataset.contradictions
    assert nothing.startswith("annotations with neither an outline nor a box with area")
    assert nothing.endswith("left out: 1 (first in coco image 'a.png')")
    assert left_out == "objects without a pixel inside the picture, left out: 3 (first in coco image 'a.png')"


def test_good_annotations_contradict_nothing(make_coco):
    dataset = load_dataset(make_coco(coco_content()))
    dataset.statistics()
    assert dataset.load_annotations(0).boxes.tolist() == dataset.load_boxes(0).boxes.tolist()
    assert dataset.contradictions == []


@pytest.mark.parametrize("name", ["coco", "facade", "fruits_nuts", "formats/coco1.0"])
def test_real_annotations_contradict_nothing(shared, name):
    dataset = load_dataset(shared / "data" / name)
    dataset.statistics()
    assert dataset.contradictions == []


def sizes(*entries):
    """The content of a COCO file with a square in each of these pictures of (name, width, height)."""
    images = [{"id": i, "file_name": name, "width": w, "height": h} for i, (name, w, h) in enumerate(entries, start=1)]
    square = {"category_id": 1, "segmentation": [[2, 2, 12, 2, 12, 12, 2, 12]]}
    annotations = [{"id": entry["id"], "image_id": entry["id"], **square} for entry in images]
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "thing"}]}


def save(path, size, orientation=1, grey=9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("L", size, grey).save(path, exif=exif)


def test_pictures_that_are_there_twice_are_noted(make_coco, tmp_path):
    dataset = load_dataset(make_coco(sizes(*[(name, 96, 64) for name in ("a.png", "b.png", "c.png", "a.png")])))
    for name, grey in {"a.png": 1, "b.png": 1, "c.png": 2}.items():
        save(tmp_path / name, (96, 64), grey=grey)
    note_pictures(dataset)
    (listed,) = dataset.contradictions
    assert "listed before under another id; both are used: 1 (first in coco image 'a.png')" in listed
    assert "pictures with the content of another file: 1 (first in coco image 'b.png')" in dataset.notes


def test_pictures_with_an_exif_orientation_are_noted(make_coco, tmp_path):
    entries = [("half.jpg", 96, 64), ("square.jpg", 64, 64), ("quarter.jpg", 64, 96), ("stored.png", 96, 64)]
    dataset = load_dataset(make_coco(sizes(*entries, ("plain.jpg", 96, 64), ("upright.jpg", 96, 64))))
    for name, size, orientation in [
        ("half.jpg", (96, 64), 3),
        ("square.jpg", (64, 64), 6),
        ("quarter.jpg", (96, 64), 8),
        ("stored.png", (96, 64), 6),
        ("upright.jpg", (96, 64), 1),
    ]:
        save(tmp_path / name, size, orientation)
    note_pictures(dataset)
    (either,) = dataset.contradictions
    assert "they may be of the stored one, which has the same size: 2 (first in coco image 'half.jpg')" in either
    about = [note for note in dataset.notes if "EXIF" in note and note != either]
    assert [note.rpartition(": ")[2] for note in sorted(about)] == [
        "1 (first in coco image 'stored.png')",
        "1 (first in coco image 'quarter.jpg')",
    ]
    loaded = load_dataset(tmp_path)
    for image_id in (0, 1, 2, 3, 5):
        loaded.load_image(image_id)
    assert sorted(loaded.notes) == sorted(dataset.notes)
    assert loaded.contradictions == [either]


def test_pictures_on_both_sides_of_a_split_are_noted(make_coco, tmp_path):
    training = load_dataset(make_coco(sizes(("a.png", 96, 64), ("b.png", 96, 64)), "train/some.json"))
    validation = load_dataset(make_coco(sizes(("c.png", 96, 64), ("d.png", 96, 64)), "other/some.json"))
    for path, grey in {"train/a.png": 1, "train/b.png": 2, "other/c.png": 3, "other/d.png": 2}.items():
        save(tmp_path / path, (96, 64), grey=grey)
    note_sides(training, validation, [{"cat": 3, "dog": 0, "owl": 1}, {"cat": 1, "dog": 2}])
    leaked, *lacking = validation.notes
    assert leaked.endswith("so that the figures on them are too good: 1 (first in coco image 'd.png')")
    assert lacking == [
        "classes without an example in the training data: dog",
        "classes without an example in the validation data: owl",
    ]
    assert validation.contradictions == [leaked]
    assert training.notes == []


def test_datasets_that_read_parts_of_a_file_may_share_it(tmp_path):
    class Tiles(Dataset):
        def load_image(self, image_id):
            return np.zeros((4, 5, 3), np.uint8)

    save(tmp_path / "a.png", (96, 64))
    for kind, count in ((Dataset, 1), (Tiles, 0)):
        sides = [kind(), kind()]
        for side in sides:
            side.add_image("some", 0, tmp_path / "a.png")
        note_leaks(*sides)
        assert len(sides[1].contradictions) == count
