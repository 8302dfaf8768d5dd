"""Pascal VOC: masks by index and by colour, boxes in XML, and where both lie."""

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.data.formats.outlined import ALL_BOXES, BOXES
from mrcnn_keras.data.formats.voc_masks import NAMES, UNKNOWN
from mrcnn_keras.errors import UserError

SIZE = 20, 30
OBJECT = "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"


def xml(*objects, name="a.png", source="", size="<width>30</width><height>20</height>"):
    """Objects are (class, x1, y1, x2, y2) or text."""
    body = "".join(part if isinstance(part, str) else OBJECT.format(*part) for part in objects)
    source = f"<source><database>{source}</database></source>"
    head = f"<filename>{name}</filename>{source}<size>{size}</size><segmented>0</segmented>"
    return f"<annotation>{head}{body}</annotation>"


def areas(*places):
    """[20, 30] uint8 of (value, y1, x1, y2, x2), the later over the earlier."""
    values = np.zeros(SIZE, np.uint8)
    for value, y1, x1, y2, x2 in places:
        values[y1:y2, x1:x2] = value
    return values


def save(path, pixels, palette=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.asarray(pixels, np.uint8))
    if palette:
        picture.putpalette([i for i in range(256) for _ in "rgb"])
    picture.save(path)


@pytest.fixture
def write(tmp_path):
    """write({name: XML, text or array}) -> the folder; a picture of 20 x 30 pixels for None."""

    def make(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                path.write_text(content)
            else:
                save(path, np.full(SIZE, 9) if content is None else content, palette=content is not None)
        return tmp_path

    return make


def found_in(dataset, image_id=0):
    """[(class, area, whether it has a mask), ...]"""
    found = dataset.load_annotations(image_id)
    names = [dataset.class_names[i] for i in found.class_ids]
    return list(zip(names, found.areas.tolist(), found.has_mask.tolist(), strict=True))


DEVKIT = {
    "JPEGImages/a.png": None,
    "JPEGImages/b.png": None,
    "Annotations/a.xml": xml(("cat", 3, 2, 8, 7), ("dog", 12, 5, 20, 10), source="The VOC2012 Database"),
    "Annotations/b.xml": xml(("dog", 1, 1, 30, 20), name="b.png", source="The VOC2012 Database"),
    # The cat of 4 x 4 pixels has a border of void, the dog one of its own; dog 2 lies behind it.
    "SegmentationObject/a.png": areas((255, 1, 2, 7, 8), (1, 2, 3, 6, 7), (255, 4, 11, 10, 20), (2, 5, 12, 9, 19)),
    "SegmentationClass/a.png": areas((255, 1, 2, 7, 8), (8, 2, 3, 6, 7), (255, 4, 11, 10, 20), (12, 5, 12, 9, 19)),
}


def test_masks_by_index_and_boxes_of_the_devkit(write):
    dataset = load_dataset(write(DEVKIT))
    assert dataset.class_names == ["BG", *NAMES[1:]]
    assert found_in(dataset) == [("cat", 16, True), ("dog", 28, True)]
    # Its boxes count from 1, with the last pixel inside.
    assert dataset.load_annotations(1).boxes.tolist() == [[0, 0, 20, 30]]
    assert dataset.load_annotations(1).has_mask.tolist() == [False]
    assert dataset.load_boxes(0).boxes.tolist() == [[2, 3, 6, 7], [5, 12, 9, 19]]
    assert dataset.has_masks()
    assert dataset.notes == [f"{BOXES}: 1 (first in voc image 'b.png')"]


def test_objects_have_names_for_messages(write):
    dataset = load_dataset(write(DEVKIT))
    dataset.load_annotations(0)
    assert [dataset.object_name(0, i) for i in range(2)] == ["object 1", "object 2"]
    assert dataset.object_name(1, 0) == "annotation 1"


def test_a_box_without_a_mask_stays_beside_masks(write):
    """Number 3 of the XML has no pixels; a box in place of a mask is that mask's, whatever its number."""
    objects = ("dog", 12, 5, 20, 10), ("cat", 3, 2, 8, 7), ("person", 21, 1, 25, 9), ("dog", 1, 12, 10, 20)
    dataset = load_dataset(write({**DEVKIT, "Annotations/a.xml": xml(*objects)}))
    assert found_in(dataset) == [("cat", 16, True), ("dog", 28, True), ("person", 32, False), ("dog", 72, False)]
    assert f"{BOXES}: 3 (first in voc image 'a.png')" in dataset.notes


def coloured(values, colours):
    pixels = np.zeros((*SIZE, 3), np.uint8)
    for value, colour in colours.items():
        pixels[values == value] = colour
    return pixels


CVAT = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nline:0,0,128::\nshape:128,0,0::\nold:1,2,3::\n"


def test_masks_by_colour_of_cvat(write, tmp_path):
    values = areas((1, 2, 3, 6, 7), (2, 10, 10, 15, 20))
    folder = write({"labelmap.txt": CVAT, "JPEGImages/a.png": None, "Annotations/a.xml": xml(("line", 20, 3, 28, 8))})
    save(folder / "SegmentationObject/a.png", coloured(values, {1: (128, 0, 0), 2: (0, 0, 200)}))
    save(folder / "SegmentationClass/a.png", coloured(values, {1: (128, 0, 0), 2: (0, 0, 128)}))
    dataset = load_dataset(folder)
    assert dataset.class_names == ["BG", "line", "old", "shape"]
    assert found_in(dataset) == [("line", 50, True), ("shape", 16, True), ("line", 40, False)]
    save(folder / "SegmentationClass/a.png", coloured(values, {1: (128, 0, 0), 2: (9, 9, 9)}))
    dataset = load_dataset(folder)
    assert found_in(dataset) == [("shape", 16, True), ("line", 40, False)]
    assert f"{UNKNOWN}: 1 (first in voc image 'a.png')" in dataset.notes


def test_masks_of_labelme_without_xml(write):
    values = areas((1, 2, 3, 6, 7), (2, 10, 10, 15, 20))
    names = "_background_\ncat\nbig dog\n"
    files = {"class_names.txt": names, "JPEGImages/a.png": None, "SegmentationObject/a.png": values}
    dataset = load_dataset(write({**files, "SegmentationClass/a.png": areas((2, 2, 3, 6, 7), (1, 10, 10, 15, 20))}))
    assert dataset.class_names == ["BG", "big dog", "cat"]
    assert found_in(dataset) == [("big dog", 16, True), ("cat", 50, True)]


def test_other_classes_without_names_are_those_of_the_xml(write):
    objects = ("wheel", 3, 2, 8, 7), ("door", 12, 5, 20, 10)
    files = {f"{kind}/a.png": DEVKIT[f"{kind}/a.png"] for kind in ("JPEGImages", "SegmentationObject")}
    classes = areas((1, 2, 3, 6, 7), (2, 5, 12, 9, 19))
    dataset = load_dataset(write({**files, "Annotations/a.xml": xml(*objects), "SegmentationClass/a.png": classes}))
    assert dataset.class_names == ["BG", "door", "wheel"]
    assert found_in(dataset) == [("wheel", 16, True), ("door", 28, True)]


def test_subsets_are_lists_of_names(write):
    lists = {
        "ImageSets/Main/train.txt": "a\n",
        "ImageSets/Main/val.txt": "b\n",
        "ImageSets/Main/trainval.txt": "a\nb\n",
        "ImageSets/Main/cat_train.txt": "a  1\nb -1\n",
        "ImageSets/Segmentation/train.txt": "a\n",
    }
    folder = write({f"VOCdevkit/VOC2012/{name}": content for name, content in {**DEVKIT, **lists}.items()})
    for path in (folder, folder / "VOCdevkit", folder / "VOCdevkit/VOC2012"):
        assert list(find_subsets(path)) == ["train", "val"]
        assert load_dataset(path).num_images == 2
        assert not any("in no list" in note for note in load_dataset(path).notes)
    val = load_dataset(folder, subset="val")
    assert [info["path"].rpartition("/")[2] for info in val.image_info] == ["b.png"]
    assert val.load_annotations(0).mask_crops is not None  # the training pictures have masks
    write({"VOCdevkit/VOC2012/Annotations/c.xml": xml()})
    assert "1 XML files in no list of a subset, left out" in load_dataset(folder, subset="val").notes


def test_subsets_in_folders_of_the_devkits_kind(write):
    folder = write({f"{name}/{file}": content for name in ("train", "valid") for file, content in DEVKIT.items()})
    assert list(find_subsets(folder)) == ["train", "val"]
    assert load_dataset(folder).num_images == 4


def test_lists_beside_pictures_in_another_folder(write):
    lists = {
        "ImageSets/Main/train.txt": "a\n",
        "ImageSets/Main/val.txt": "b\n",
        "images/a.png": None,
        "images/b.png": None,
    }
    texts = {name: content for name, content in DEVKIT.items() if name.startswith("Annotations")}
    dataset = load_dataset(write({**lists, **texts}), subset="val")
    assert [info["path"].rpartition("/")[2] for info in dataset.image_info] == ["b.png"]


def test_boxes_beside_pictures_as_labelimg_writes_them(write):
    files = {"a.xml": xml(("cat", 3, 2, 8, 7)), "a.png": None, "b.png": None}
    folder = write(files)
    for path in (folder, folder / "a.xml"):
        dataset = load_dataset(path)
        assert dataset.load_annotations(0).boxes.tolist() == [[2, 3, 7, 8]]
        assert (dataset.num_images, dataset.has_masks()) == (1, False)
        assert f"{ALL_BOXES}: 1 (first in voc image 'a.png')" in dataset.notes
    assert "1 pictures without an XML file, left out (first 'b.png')" in load_dataset(folder).notes


@pytest.mark.parametrize(
    "places", [("images", "annotations"), ("train/images", "train/labels"), ("JPEGImages", "Annotations")]
)
def test_boxes_in_a_folder_beside_that_of_the_pictures(write, places):
    pictures, texts = places
    folder = write({f"{pictures}/a.png": None, f"{texts}/a.xml": xml(("cat", 3, 2, 8, 7), name="C:\\\\old\\\\x.jpg")})
    dataset = load_dataset(folder)
    assert dataset.image_info[0]["path"].endswith(f"{pictures}/a.png")
    assert len(dataset.load_boxes(0)) == 1


def test_subsets_in_folders_as_roboflow_writes_them(write):
    polygon = "<polygon><x1>2</x1><y1>1</y1><x2>8</x2><y2>1</y2><x3>8</x3><y3>5</y3></polygon></object>"
    outlined = OBJECT.format("cat", 2, 1, 8, 5).replace("</object>", polygon)
    files = {"train/a.png": None, "train/a.xml": xml(outlined), "valid/b.png": None}
    folder = write({**files, "valid/b.xml": xml(("dog", 3, 2, 8, 7), name="b.png")})
    assert list(find_subsets(folder)) == ["train", "val"]
    dataset = load_dataset(folder, subset="train")
    assert (dataset.class_names, found_in(dataset)) == (["BG", "cat", "dog"], [("cat", 12, True)])


def test_a_picture_without_xml_and_masks_has_no_objects(write):
    folder = write({**DEVKIT, "JPEGImages/c.png": None, "ImageSets/Main/train.txt": "a\nc\n"})
    dataset = load_dataset(folder, subset="train")
    assert len(dataset.load_annotations(1)) == 0
    assert any(note.startswith("pictures with neither an XML file nor masks") for note in dataset.notes)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("cat", 8, 2, 3, 7), "its bndbox goes from y 2, x 8 to y 7, x 3"),
        (("cat", 3, "nan", 8, 7), "its bndbox has ymin"),
        (("", 3, 2, 8, 7), "the class is ''"),
        ("<object><name>cat</name><robndbox/></object>", "its bndbox has ymin"),
        ("<object><name>cat</name><bndbox/><bndbox/></object>", "it has more than one bndbox"),
        ("<object><name>cat</name><polygon><x1>2</x1><y1>1</y1></polygon></object>", "its polygon has 1 points"),
    ],
)
def test_a_wrong_object_is_left_out(write, wrong, words):
    dataset = load_dataset(write({"a.png": None, "a.xml": xml(("cat", 3, 2, 8, 7), wrong)}))
    assert len(dataset.load_boxes(0)) == 1
    assert f"a.xml', object 2: {words}" in dataset.skipped[0]


def test_wrong_files_leave_out_their_picture(write):
    good = {"a.png": None, "a.xml": xml(("cat", 3, 2, 8, 7)), "b.png": None}
    for content, words in {
        xml(("cat", 3, 2, 8, 7), name="b.png")[:-5]: "is not XML",
        "<notes/>": "is not a file of Pascal VOC",
        "<!DOCTYPE x><annotation><segmented>0</segmented></annotation>": "declares a document type",
        xml(size="<width>99999</width><height>99999</height>"): "cut it into smaller ones",
    }.items():
        folder = write({**good, "b.xml": content})
        dataset = load_dataset(folder)
        assert (dataset.num_images, words in dataset.skipped[0]) == (1, True)
    write({"b.xml": xml(name="b.png"), "c.xml": xml(name="d.png")})
    dataset = load_dataset(folder)
    assert (dataset.num_images, "picture 'd.png' of " in dataset.skipped[0]) == (2, True)


def test_masks_that_do_not_fit_are_refused(write):
    folder = write(DEVKIT)
    save(folder / "SegmentationClass/a.png", np.zeros((5, 6)))
    with pytest.raises(UserError, match="a.png' is 5 x 6 pixels but its picture is 20 x 30"):
        load_dataset(folder).load_annotations(0)
    (folder / "SegmentationClass/a.png").unlink()
    dataset = load_dataset(folder)
    assert "it is in SegmentationObject but not in SegmentationClass; add it there" in dataset.skipped[0]
    (folder / "SegmentationObject/a.png").rename(folder / "SegmentationClass/a.png")
    assert any(note.startswith("SegmentationClass without SegmentationObject") for note in load_dataset(folder).notes)
    for file in (folder / "Annotations").iterdir():
        file.unlink()
    with pytest.raises(UserError, match="has SegmentationClass but no SegmentationObject"):
        load_dataset(folder)


@pytest.mark.parametrize(
    ("name", "objects"), [("voc1.1", [0, 0, 3, 17]), ("labelImg", [2, 1, 5, 17]), ("phones/vocs", [5, 5])]
)
def test_real_files(shared, name, objects):
    dataset = load_dataset(shared / "data/formats" / name)
    assert [len(dataset.load_annotations(i)) for i in dataset.image_ids] == objects
    assert dataset.skipped == []
    if name == "voc1.1":  # the same masks and boxes in CVAT's COCO
        theirs = load_dataset(shared / "data/formats/coco1.0")
        ours, expected = dataset.load_annotations(2), theirs.load_annotations(2)
        drawn = [i for i in range(4) if theirs.class_names[expected.class_ids[i]] == "ellipse"]
        masks = sorted((ours.mask(i) for i in np.flatnonzero(ours.has_mask)), key=np.sum)
        assert np.array_equal(masks, sorted((expected.mask(i) for i in drawn), key=np.sum))
        boxes = [data.load_annotations(3).boxes for data in (dataset, theirs)]
        assert boxes[0] == pytest.approx(boxes[1], abs=0.01)
