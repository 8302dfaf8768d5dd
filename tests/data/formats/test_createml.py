"""CreateML: boxes by centre and size, in pixels."""

import json

import pytest
from PIL import Image

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.errors import UserError


def annotation(label, x, y, width, height):
    return {"label": label, "coordinates": {"x": x, "y": y, "width": width, "height": height}}


@pytest.fixture
def write(tmp_path):
    """write(entries, name) writes a JSON file, and grey pictures of 20 x 30 pixels that it names -> the folder."""

    def make(entries, name="a.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and entry.get("image"):
                Image.new("L", (30, 20), 9).save(path.parent / entry["image"])
        return tmp_path

    return make


def test_boxes_are_centre_and_size(write):
    boxes = [annotation("pear", 10, 8, 6, 4), annotation("apple ", 5.5, 5, 3, 2)]
    folder = write([{"image": "one.png", "annotations": boxes}, {"image": "two.png", "annotations": []}])
    for path in (folder, folder / "a.json"):
        dataset = load_dataset(path)
        assert dataset.class_names == ["BG", "apple", "pear"]
        found = dataset.load_annotations(0)
        assert found.boxes.tolist() == [[6, 7, 10, 13], [4, 4, 6, 7]]
        assert found.class_ids.tolist() == [2, 1]
        assert (found.mask_crops, dataset.has_masks()) == (None, False)
        assert (len(dataset.load_annotations(1)), dataset.num_images) == (0, 2)


def test_one_file_for_each_picture_and_other_names_of_the_keys(write):
    write([{"image": "one.png", "annotations": [annotation("pear", 10, 8, 6, 4)]}])
    Image.new("L", (30, 20), 9).save(write([], "empty.json") / "two.png")
    folder = write([{"imagefilename": "two.png", "annotation": [annotation("fig", 10, 8, 6, 4)]}], "b.json")
    dataset = load_dataset(folder)
    assert [info["id"] for info in dataset.image_info] == ["one.png", "two.png"]
    assert dataset.class_names == ["BG", "fig", "pear"]


def test_subsets_have_the_same_classes(write):
    write([{"image": "one.png", "annotations": [annotation("pear", 10, 8, 6, 4)]}], "train/_annotations.createml.json")
    folder = write([{"image": "two.png", "annotations": [annotation("fig", 10, 8, 6, 4)]}], "valid/_annotations.json")
    assert list(find_subsets(folder)) == ["train", "val"]
    assert load_dataset(folder, subset="val").class_names == ["BG", "fig", "pear"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (annotation("pear", 10, 8, 0, 4), "the box is .*; write x and y"),
        (annotation("pear", 10, float("nan"), 2, 4), "the box is .*; write x and y"),
        (annotation(None, 10, 8, 2, 4), "the class is 'None'; give it a name"),
        ({"label": "pear"}, "the box is None"),
        (7, "it is '7'"),
    ],
)
def test_a_wrong_annotation_is_left_out(write, wrong, words):
    good = annotation("pear", 10, 8, 6, 4)
    dataset = load_dataset(write([{"image": "one.png", "annotations": [good, wrong]}]))
    assert len(dataset.load_annotations(0)) == 1
    assert len(dataset.skipped) == 1
    with pytest.raises(
        UserError, match=f"1 of 2 annotations cannot be read.*a.json', annotation 2 of 'one.png': {words}"
    ):
        load_dataset(write([{"image": "one.png", "annotations": [good, wrong]}]), skip_bad=0)


def test_a_wrong_picture_is_left_out(write):
    good = {"image": "one.png", "annotations": [annotation("pear", 10, 8, 6, 4)]}
    for wrong in ({"image": "", "annotations": []}, {"image": "b.png", "annotations": 3}, {"image": "b.png"}, 7):
        dataset = load_dataset(write([good, wrong]))
        assert (dataset.num_images, len(dataset.skipped)) == (1, 1)


def test_real_files(shared):
    dataset = load_dataset(shared / "data/formats/CreateML")
    counts = {info["id"]: len(dataset.load_boxes(i)) for i, info in enumerate(dataset.image_info)}
    assert counts == {"birds.jpg": 2, "crack.jpeg": 1, "shapes.jpg": 5, "strawberry.jpg": 17}
    assert dataset.class_names[1:] == [
        "bird",
        "circle",
        "crack",
        "ellipse",
        "line",
        "rectangle",
        "strawberry",
        "triangle",
    ]
    assert dataset.skipped == []
    # labelImg's rectangle of the same picture is drawn by hand, too: within 5 pixels.
    assert abs(dataset.load_boxes(2).boxes[0] - [43, 42, 189, 233]).max() < 5
