"""CVAT for images: what its shapes become."""

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.data.formats.outlined import BOXES
from mrcnn_keras.errors import UserError

META = "<meta><task><labels>{}</labels></task></meta>"
SQUARE = '<polygon label="cat" points="2.0,1.0;6.0,1.0;6.0,4.0;2.0,4.0" {}/>'


@pytest.fixture
def write(tmp_path):
    """write(shapes of each picture, labels, attributes of each picture) -> the folder; pictures are 20 x 30 pixels."""

    def make(*pictures, labels=("cat", "dog"), more=()):
        names = "".join(f"<label><name>{label}</name></label>" for label in labels)
        images = ""
        for i, shapes in enumerate(pictures):
            attributes = more[i] if more else ""
            images += f'<image id="{i}" name="{i}.png" width="30" height="20" {attributes}>{shapes}</image>'
            (tmp_path / "images").mkdir(exist_ok=True)
            Image.new("L", (30, 20), 9).save(tmp_path / f"images/{i}.png")
        text = f"<?xml version='1.0'?><annotations><version>1.1</version>{META.format(names)}{images}</annotations>"
        (tmp_path / "annotations.xml").write_text(text)
        return tmp_path

    return make


def test_polygons_boxes_and_masks(write):
    # Row by row in a rectangle of 3 x 2 (width x height): one background, two object, two background, one object.
    mask = '<mask label="dog" rle="1, 2, 2, 1" left="10" top="5" width="3" height="2"/>'
    box = '<box label="dog" xtl="1.5" ytl="2" xbr="4" ybr="6.25"/>'
    folder = write(SQUARE.format("") + mask + box, "")
    for path in (folder, folder / "annotations.xml"):
        dataset = load_dataset(path)
        assert (dataset.class_names, dataset.num_images) == (["BG", "cat", "dog"], 2)
        found = dataset.load_annotations(0)
        assert found.class_ids.tolist() == [1, 2, 2]
        assert found.areas.tolist() == [12, 3, 2.5 * 4.25]
        assert found.boxes.tolist() == [[1, 2, 4, 6], [5, 11, 7, 13], [2, 1.5, 6.25, 4]]
        assert found.has_mask.tolist() == [True, True, False]
        assert found.masks[5:7, 10:13, 1].tolist() == [[False, True, True], [False, False, True]]
        assert dataset.notes == [f"{BOXES}: 1 (first in cvat image '0.png')"]
        assert len(dataset.load_annotations(1)) == 0


def test_ellipses_and_turned_shapes(write):
    ellipse = '<ellipse label="cat" cx="15" cy="10" rx="9" ry="4" {}/>'
    box = '<box label="cat" xtl="10" ytl="8" xbr="20" ybr="12" rotation="90"/>'
    dataset = load_dataset(write(ellipse.format("") + ellipse.format('rotation="90.0"') + box))
    flat, upright, turned = (dataset.load_annotations(0)[i] for i in range(3))
    y, x = np.mgrid[:20, :30] + 0.5
    inside = ((x - 15) / 9) ** 2 + ((y - 10) / 4) ** 2 < 1
    assert (flat.masks[..., 0] != inside).sum() <= 4
    assert upright.boxes.tolist() == [[1, 11, 19, 19]]
    assert turned.boxes == pytest.approx(np.array([[5, 13, 15, 17]]))
    assert any(note.startswith("turned boxes, read as the upright boxes around them: 1") for note in dataset.notes)


def test_outlines_of_a_group_are_one_object(write):
    second = '<polygon label="cat" points="10,10;12,10;12,12;10,12" group_id="7"/>'
    mask = '<mask label="cat" rle="0, 4" left="20" top="5" width="2" height="2" group_id="7"/>'
    other = '<polygon label="dog" points="10,10;12,10;12,12;10,12" group_id="7"/>'
    dataset = load_dataset(write(SQUARE.format('group_id="7"') + second + mask + other + SQUARE.format("")))
    found = dataset.load_annotations(0)
    assert found.class_ids.tolist() == [1, 1, 2]
    assert found.areas.tolist() == [12, 12 + 4 + 4, 4]
    assert dataset.notes == ["outlines joined into one object by their group_id: 1 (first in cvat image '0.png')"]


def test_what_has_no_area_is_counted(write):
    shapes = '<polyline label="cat" points="1,1;5,5"/><points label="cat" points="1,1"/><tag label="cat"/>'
    two = '<polygon label="cat" points="1,1;5,5"/>' + SQUARE.format('outside="1"')
    dataset = load_dataset(write(shapes + two + SQUARE.format("")))
    assert len(dataset.load_annotations(0)) == 1
    assert dataset.notes == [
        *(
            f"{kind} shapes, which outline no object, left out: 1 (first in cvat image '0.png')"
            for kind in ("polyline", "points", "tag")
        ),
        "outlines of fewer than three points, left out: 1 (first in cvat image '0.png')",
        "shapes that are marked as outside the picture, left out: 1 (first in cvat image '0.png')",
    ]
    assert dataset.skipped == []


def test_labels_that_are_not_listed_are_classes_too(write):
    assert load_dataset(write(SQUARE.format(""), labels=("dog",))).class_names == ["BG", "cat", "dog"]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ('<polygon label="cat" points="1,1;2,nan;3,3"/>', "the points are"),
        ('<polygon label="cat" points="1;2"/>', "the points are"),
        ('<polygon points="1,1;2,5;3,3"/>', "the class is 'None'"),
        ('<box label="cat" xtl="1" ytl="2" xbr="x" ybr="6"/>', "ytl='2', xbr='x', ybr='6'; write numbers"),
        ('<ellipse label="cat" cx="5" cy="5" rx="0" ry="4"/>', "radii above 0"),
        ('<mask label="cat" rle="1, 2" left="0" top="0" width="2" height="2"/>', "'1, 2' are none of 2 x 2"),
        ('<mask label="cat" rle="4" left="29" top="0" width="2" height="2"/>', "the columns 29 to 31"),
        ('<mask label="cat" rle="1e18" left="0" top="0" width="1e9" height="1e9"/>', "cut it into smaller ones"),
    ],
)
def test_a_wrong_shape_is_left_out(write, shape, words):
    dataset = load_dataset(write(SQUARE.format("") + shape))
    assert len(dataset.load_annotations(0)) == 1
    assert words in dataset.skipped[0]
    assert "annotations.xml', " in dataset.skipped[0]


def test_subsets_of_a_project(write):
    folder = write(SQUARE.format(""), "", "", more=('subset="Train"', 'subset="Train"', 'subset="Validation"'))
    assert list(find_subsets(folder)) == ["train", "val"]
    assert load_dataset(folder).num_images == 3
    assert [info["id"] for info in load_dataset(folder, subset="val").image_info] == ["2.png"]
    for subset in ("Train", "Validation"):  # where CVAT puts them; each may have one of the same name
        (folder / f"images/{subset}").mkdir()
        Image.new("L", (30, 20), 9).save(folder / f"images/{subset}/0.png")
    (folder / "annotations.xml").write_text((folder / "annotations.xml").read_text().replace("2.png", "0.png"))
    for subset, name in (("train", "Train"), ("val", "Validation")):
        assert load_dataset(folder, subset=subset).image_info[0]["path"].endswith(f"{name}/0.png")
    folder = write("", "", more=('subset="Train"', 'subset="ours"'))
    assert find_subsets(folder) == {}


def test_tracks_of_a_video(tmp_path):
    box = '<box frame="{}" outside="{}" keyframe="1" xtl="3" ytl="4" xbr="10" ybr="5"/>'
    polygon = '<polygon frame="2" outside="0" points="2,1;6,1;6,4;2,4"/>'
    tracks = (
        f'<track id="0" label="cat">{box.format(0, 0)}{box.format(1, 1)}</track><track label="dog">{polygon}</track>'
    )
    size = "<meta><task><labels/><original_size><width>30</width><height>20</height></original_size></task></meta>"
    (tmp_path / "annotations.xml").write_text(f"<annotations><version>1.1</version>{size}{tracks}</annotations>")
    with pytest.raises(UserError, match="is CVAT for video .XML. without images/frame_000000.png"):
        load_dataset(tmp_path)
    (tmp_path / "images").mkdir()
    for number in range(3):
        Image.new("L", (30, 20), 9).save(tmp_path / f"images/frame_{number:06}.PNG")
    dataset = load_dataset(tmp_path)
    found = [dataset.load_annotations(i) for i in dataset.image_ids]
    assert [[dataset.class_names[i] for i in one.class_ids] for one in found] == [["cat"], [], ["dog"]]
    assert [one.areas.tolist() for one in found] == [[7], [], [12]]
    (tmp_path / "images/frame_000002.PNG").unlink()
    assert "picture 'frame_000002' of " in load_dataset(tmp_path).skipped[0]


def test_subsets_in_folders_and_files_of_other_names(write, tmp_path):
    text = (write(SQUARE.format("")) / "annotations.xml").read_text()
    for name in ("train", "val"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "annotations.xml").write_text(text)
    assert list(find_subsets(tmp_path / "set")) == ["train", "val"]
    (tmp_path / "batch2.xml").write_text(text)
    assert list(find_subsets(tmp_path)) == ["annotations", "batch2"]


def test_files_that_cannot_be_read_are_refused(write):
    file = write(SQUARE.format("")) / "annotations.xml"
    text = file.read_text()
    for content, words in {
        text[:-10]: "is not XML",
        text.replace("<annotations>", '<!DOCTYPE a [<!ENTITY x "y">]><annotations>'): "declares a document type",
    }.items():
        file.write_text(content)
        with pytest.raises(UserError, match=words):
            load_dataset(file)


def test_the_real_file_is_cvats_coco(shared):
    """The same task of CVAT, exported twice."""
    ours, theirs = (load_dataset(shared / "data/formats" / name) for name in ("cvat1.1", "coco1.0"))
    places = {info["path"].rpartition("/")[2]: i for i, info in enumerate(theirs.image_info)}
    for image_id, info in enumerate(ours.image_info):
        mine, other = ours.load_annotations(image_id), theirs.load_annotations(places[info["id"]])
        objects = [], []
        for data, found, listed in ((ours, mine, objects[0]), (theirs, other, objects[1])):
            names = [data.class_names[i] for i in found.class_ids]
            listed += sorted((names[i], *found.boxes[i].tolist(), i) for i in range(len(found)))
        for (name, *_, i), (its_name, *_, k) in zip(*objects, strict=True):
            assert name == its_name
            assert mine.has_mask[i] == other.has_mask[k]
            if not mine.has_mask[i]:
                assert mine.boxes[i] == pytest.approx(other.boxes[k], abs=0.01)
            elif name == "ellipse":  # CVAT rounds radii up
                assert (mine.mask(i) & other.mask(k)).sum() > 0.98 * (mine.mask(i) | other.mask(k)).sum()
            else:
                assert (mine.mask(i) == other.mask(k)).all()
    assert "polyline shapes, which outline no object, left out: 2 (first in cvat image 'crack.jpeg')" in ours.notes
