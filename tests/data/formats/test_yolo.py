"""YOLO: every layout, every spelling of its description, and every mistake in its lines."""

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.data.formats.yolo_description import read_description
from mrcnn_keras.errors import UserError

BOX = "0 0.5 0.5 0.4 0.2\n"
TRIANGLE = "1 0.1 0.2 0.9 0.2 0.9 0.8\n"
YAML = "names: [cat, dog]\nnc: 2\n"


@pytest.fixture
def write(tmp_path):
    """write({name: text, or None for a picture of 20 x 30 pixels}) -> the folder."""

    def make(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                Image.new("L", (30, 20), 9).save(path)
            else:
                path.write_text(text)
        return tmp_path

    return make


def counts(dataset):
    """{name of the picture: its classes}"""
    names = np.array(dataset.class_names)
    return {info["id"]: names[dataset.load_boxes(i).class_ids].tolist() for i, info in enumerate(dataset.image_info)}


def test_boxes_and_outlines_are_shares_of_the_picture(write):
    square = "1 0.2 0.25 0.4 0.25 0.4 0.75 0.2 0.75\n"
    folder = write({"images/a.png": None, "labels/a.txt": BOX + square, "data.yaml": YAML + "train: images"})
    dataset = load_dataset(folder)
    found = dataset.load_annotations(0)
    assert dataset.class_names == ["BG", "cat", "dog"]
    assert found.class_ids.tolist() == [1, 2]
    assert found.boxes == pytest.approx(np.array([[8, 9, 12, 21], [5, 6, 15, 12]]))
    assert found.has_mask.tolist() == [False, True]
    assert found.areas == pytest.approx(np.array([48, 60]))


ULTRALYTICS = {
    "images/train/a.png": None,
    "images/train/more/b.png": None,
    "images/val/c.png": None,
    "labels/train/a.txt": BOX,
    "labels/train/more/b.txt": BOX + TRIANGLE,
    "labels/val/c.txt": "",
}
ROBOFLOW = {
    "train/images/a.png": None,
    "train/labels/a.txt": BOX,
    "valid/images/c.png": None,
    "valid/labels/c.txt": TRIANGLE,
}


@pytest.mark.parametrize(
    "paths",
    [
        "train: images/train\nval: images/val",
        "path: .\ntrain: images/train\nval: images/val\ntest:  # none",
        "path: ../somewhere/else\ntrain: images/train\nval: images/val",
        "path: /content/drive/set\ntrain: /content/drive/set/images/train\nval: C:\\set\\images\\val",
        "train: [images/train]\nval:\n  - images/val\n",
        "train: ''",
    ],
)
def test_layout_of_ultralytics(write, paths):
    folder = write({**ULTRALYTICS, "data.yaml": YAML + paths})
    assert list(find_subsets(folder)) == ["train", "val"]
    assert counts(load_dataset(folder, subset="train")) == {"a.png": ["cat"], "more/b.png": ["cat", "dog"]}
    assert counts(load_dataset(folder, subset="val")) == {"c.png": []}
    assert load_dataset(folder).num_images == 3
    if "images" in paths:
        assert list(find_subsets(folder / "data.yaml")) == ["train", "val"]
    assert load_dataset(folder / "images/train").class_names == ["BG", "cat", "dog"]


@pytest.mark.parametrize("paths", ["train: ../train/images\nval: ../valid/images\ntest: ../test/images\n", ""])
def test_layout_of_roboflow(write, paths):
    folder = write({**ROBOFLOW, "data.yaml": YAML + paths})
    assert list(find_subsets(folder)) == ["train", "val"]
    dataset = load_dataset(folder, subset="valid")
    assert counts(dataset) == {"c.png": ["dog"]}
    assert dataset.has_masks()
    absent = "data.yaml names test pictures, too, which are not there with labels"
    assert (absent in dataset.notes) == bool(paths)
    assert counts(load_dataset(folder / "train")) == {"a.png": ["cat"]}


def test_layout_of_label_studio(write):
    notes = '{"categories": [{"id": 0, "name": "cat"}], "info": {"contributor": "Label Studio"}}'
    files = {"images/1f-a.png": None, "images/b.png": None, "labels/1f-a.txt": BOX, "classes.txt": "cat\ndog\n\n"}
    dataset = load_dataset(write({**files, "notes.json": notes}))
    assert counts(dataset) == {"1f-a.png": ["cat"], "b.png": []}
    assert dataset.class_names == ["BG", "cat", "dog"]


def test_other_names_of_the_folders(write):
    folder = write({"Images/a.png": None, "Annotations/a.txt": TRIANGLE, "obj.names": "cat\ndog\n"})
    assert counts(load_dataset(folder)) == {"a.png": ["dog"]}


def test_layout_of_label_img(write):
    folder = write({"a.png": None, "a.txt": BOX, "b.png": None, "classes.txt": "cat\ndog\n"})
    assert counts(load_dataset(folder)) == {"a.png": ["cat"], "b.png": []}
    other = write({"s/images/a.png": None, "s/labels/a.txt": TRIANGLE, "s/labels/classes.txt": "cat\nsheep"}) / "s"
    assert counts(load_dataset(other)) == {"a.png": ["sheep"]}


@pytest.mark.parametrize("line", ["data/obj_train_data/{}", "obj_train_data/{}", "/darknet/data/obj_train_data/{}"])
def test_layout_of_darknet(write, line):
    folder = write(
        {
            "obj.data": "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n",
            "obj.names": "cat\ndog\n",
            "train.txt": "\n".join(line.format(name) for name in ("a.png", "b.png")),
            "obj_train_data/a.png": None,
            "obj_train_data/b.png": None,
            "obj_train_data/a.txt": BOX,
            "obj_train_data/b.txt": "",
        }
    )
    dataset = load_dataset(folder)
    assert list(find_subsets(folder)) == ["train"]
    assert list(counts(dataset).values()) == [["cat"], []]
    assert load_dataset(folder / "obj.data").num_images == 2
    (folder / "obj_train_data/b.png").unlink()
    dataset = load_dataset(folder)
    assert "b.png' of " in dataset.skipped[0]
    assert dataset.num_images == 1


def test_list_of_pictures_of_cvat(write):
    """Its paths begin with the "data" of the archive, and the labels are in a folder beside images."""
    lists = {
        "data.yaml": "names:\n  0: cat\n  1: dog\npath: .\ntrain: train.txt\n",
        "train.txt": "data/images/train/a.png",
    }
    assert counts(load_dataset(write({**ULTRALYTICS, **lists}), subset="train")) == {"data/images/train/a.png": ["cat"]}


@pytest.mark.parametrize(
    "names",
    [
        "names: [cat, 'big dog', \"it's\"]",
        "names: ['cat', big dog  , it's]  # three",
        "names:\n- cat\n- big dog\n- it's\n",
        "names:\n  - cat # first\n  - \"big dog\"\n  - 'it''s'\n",
        "names:\n  0: cat\n  1: big dog\n  2: it's\n",
        "names: {0: cat, 1: 'big dog', 2: \"it's\"}",
        'names: ["cat", "big\\x20dog", "it\\u0027s"]',
        "names: [cat,\n  big dog,\n  it's\n]",
        "names: {\n  0: cat,\n  1: big dog,\n  2: it's,\n}",
        "'names': [ cat , big dog, it's, ]",
    ],
)
@pytest.mark.parametrize(
    "end", ["", "\ndownload: |\n  import x\n  for a in b:\n    names: []\n", "\nroboflow:\n  url: x\n"]
)
def test_names_in_every_spelling(write, names, end):
    file = write({"data.yaml": f"# made by hand\n---\ntrain: a#b/c\n\n{names}{end}"}) / "data.yaml"
    description = read_description(file)
    assert description.names == {0: "cat", 1: "big dog", 2: "it's"}
    assert description.subsets == {"train": ["a#b/c"]}


@pytest.mark.parametrize(
    "names",
    [
        "[cat, [dog]]",
        "[cat",
        "cat",
        "",
        "*alias",
        "{cat}",
        "[a] b",
        "{cat: 0}",
        "\n  - a\n  b: c",
        "\n  a:\n    b: c",
        "|\n  x",
    ],
)
def test_names_that_are_not_understood_are_refused(write, names):
    folder = write({**ROBOFLOW, "data.yaml": f"train: train/images\nnames: {names}\n"})
    with pytest.raises(UserError, match=r"data.yaml' has (no list of class names|.*, which is not understood); write"):
        load_dataset(folder)


def test_classes_without_names_are_called_by_their_number(write):
    dataset = load_dataset(write({"images/a.png": None, "labels/a.txt": BOX + TRIANGLE}))
    assert dataset.class_names == ["BG", "class 0", "class 1"]
    assert any(note.startswith("classes are called by their number") for note in dataset.notes)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.5 0.5 0.1", "3 numbers behind its class; write 4 for a box"),
        ("0 0.5 0.5 0.1 0.1 0.9", "5 numbers behind its class"),
        ("0 0.5 0.5 0.1 0.1 0.9 0.2 0.3", "7 numbers behind its class"),
        ("2 0.5 0.5 0.1 0.1", "class 2, but data.yaml names 0 to 1"),
        ("-1 0.5 0.5 0.1 0.1", "write the number of a class"),
        ("cat 0.5 0.5 0.1 0.1", "write the number of a class"),
        ("0 0.5 nan 0.1 0.1", "finite numbers"),
        ("0 0.5 0.5 1e999 0.1", "finite numbers"),
        ("0 15 10 8 4", "the number 15; write shares"),
        ("0 0.5 -0.5 0.1 0.1", "the number -0.5; write shares"),
        ("0 0.5 0.5 0 0.1", "without area"),
    ],
)
def test_a_wrong_line_is_left_out(write, line, words):
    files = {"images/a.png": None, "labels/a.txt": f"{BOX}\n{line}\n", "data.yaml": YAML + "train: images"}
    dataset = load_dataset(write(files))
    assert len(dataset.load_boxes(0)) == 1
    assert "a.txt', line 3: it" in dataset.skipped[0].replace("its box is", "it")
    assert words in dataset.skipped[0]


def test_rounding_may_pass_the_sides(write):
    line = "0 -0.004 0 1.004 0 1 1\n0 0.95 0.5 0.2 0.5\n"
    dataset = load_dataset(write({"images/a.png": None, "labels/a.txt": line}))
    assert dataset.load_annotations(0).boxes.tolist()[1] == pytest.approx([5, 25.5, 15, 30])
    assert dataset.skipped == []


def test_keypoints_are_left_out_and_their_boxes_read(write):
    line = "0 0.5 0.5 0.4 0.2  0.5 0.5 2  0.1 0.1 0\n"
    yaml = YAML + "train: images\nkpt_shape: [2, 3]  # nose, tail\n"
    dataset = load_dataset(write({"images/a.png": None, "labels/a.txt": line, "data.yaml": yaml}))
    assert dataset.load_annotations(0).boxes == pytest.approx(np.array([[8, 9, 12, 21]]))
    assert any(note.startswith("YOLO's keypoints, which are not read; their boxes are: 1") for note in dataset.notes)


def test_labels_without_a_picture_are_counted(write):
    files = {f"images/{i}.png": None for i in "ab"} | {f"labels/{i}.txt": BOX for i in "abc"}
    dataset = load_dataset(write(files))
    assert "c.txt' has no picture of its name; add it" in dataset.skipped[0]
    with pytest.raises(UserError, match="1 of 3 label files cannot be read"):
        load_dataset(write(files), skip_bad=0)


def test_folders_that_the_description_does_not_name_are_found(write):
    folder = write({**ULTRALYTICS, "data.yaml": YAML + "val: images/val"})
    assert list(find_subsets(folder)) == ["train", "val"]
    assert load_dataset(folder).class_names == ["BG", "cat", "dog"]


def test_missing_training_pictures_are_refused(write):
    folder = write(
        {"b/images/c.png": None, "b/labels/c.txt": BOX, "data.yaml": YAML + "train: a/images\nval: b/images"}
    )
    with pytest.raises(UserError, match=r"names the training pictures \['a/images'\], which are not there with labels"):
        load_dataset(folder)


def test_the_same_pictures_for_training_and_validation_are_read_once(write):
    files = {"images/a.png": None, "labels/a.txt": BOX, "data.yaml": YAML + "train: images\nval: images"}
    assert load_dataset(write(files)).num_images == 1
    assert list(find_subsets(write(files))) == ["train", "val"]


def test_a_picture_that_cannot_be_read_is_left_out(write):
    folder = write({"images/a.png": None, "images/b.png": "x", "labels/a.txt": BOX, "labels/b.txt": BOX})
    dataset = load_dataset(folder)
    assert counts(dataset) == {"a.png": ["class 0"]}
    assert "b.png' is not a picture" in dataset.skipped[0]


@pytest.mark.parametrize(("name", "objects"), [("yolo", [2, 1, 5, 17]), ("yolo1.1", [0, 0, 1, 17]), ("phones", [5, 5])])
def test_real_files(shared, name, objects):
    dataset = load_dataset(shared / "data/formats" / name)
    assert [len(dataset.load_boxes(i)) for i in dataset.image_ids] == objects
    assert dataset.skipped == []
    assert not dataset.has_masks()
    if name == "yolo1.1":  # the same boxes in CVAT's COCO
        theirs = load_dataset(shared / "data/formats/coco1.0")
        ours = dataset.load_boxes(3).boxes
        expected = theirs.load_boxes(3).boxes
        assert ours[np.lexsort(ours.T)] == pytest.approx(expected[np.lexsort(expected.T)], abs=0.01)
