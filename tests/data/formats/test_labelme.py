"""labelme: one JSON per picture; shapes, groups, masks, pictures inside, and where the picture is looked for."""

import base64
import json

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.data.contradictions import note_pictures
from mrcnn_keras.data.formats.coco import to_coco
from mrcnn_keras.errors import UserError
from tests.data.formats.damage import check_damaged
from tests.data.formats.pictures import png, write_picture

SQUARE = [[2, 3], [8, 3], [8, 9], [2, 9]]
OTHER = [[12, 3], [16, 3], [16, 7], [12, 7]]
INNER = [[4, 5], [6, 5], [6, 7], [4, 7]]


def shape(points, label="cat", shape_type="polygon", **more):
    return {"label": label, "points": points, "group_id": None, "shape_type": shape_type, "flags": {}, **more}


def content(*shapes, image="a.png", **more):
    head = {"version": "5.4.1", "flags": {}, "shapes": list(shapes), "imagePath": image, "imageData": None}
    return {**head, "imageHeight": 20, "imageWidth": 30, **more}


def write(path, *shapes, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content(*shapes, **more)), encoding="utf-8")


def masks(dataset, image_id=0):
    """[(name of the class, pixels)]"""
    found = dataset.load_annotations(image_id)
    names = [dataset.class_names[i] for i in found.class_ids]
    return list(zip(names, found.areas.tolist(), strict=True))


def mask_shape(bits, x, y, **more):
    data = base64.b64encode(png(np.array(bits, bool))).decode()
    return shape([[x, y], [x + len(bits[0]) - 1, y + len(bits) - 1]], shape_type="mask", mask=data, **more)


@pytest.fixture
def folder(tmp_path):
    write_picture(tmp_path / "a.png")
    return tmp_path


def test_each_shape_covers_its_pixels(folder):
    circle = shape([[20, 10], [20, 14]], "disc", "circle")
    rectangle = shape([[8, 9], [2, 3]], "dog", "rectangle")  # drawn from the lower right corner
    lines = [shape([[1, 1], [2, 2]], kind, kind) for kind in ("line", "linestrip", "point", "points")]
    corners = [[12, 1], [14, 1], [14, 4], [12, 4]]
    others = [shape(SQUARE, shape_type=kind) for kind in (None, "rotation")] + [shape(corners, "dog", "rectangle")]
    write(folder / "a.json", shape(SQUARE), rectangle, circle, *lines, *others)
    dataset = load_dataset(folder)
    assert dataset.class_names == ["BG", "cat", "disc", "dog"]
    found = masks(dataset)
    assert found[2][1] == pytest.approx(np.pi * 16, abs=4)
    del found[2]
    assert found == [("cat", 36), ("dog", 36), ("cat", 36), ("cat", 36), ("dog", 6)]
    assert "points and lines, which have no area, left out: 4 (first in labelme image 'a.png')" in dataset.notes
    assert "rectangles, read as outlines like the other shapes: 2 (first in labelme image 'a.png')" in dataset.notes
    assert load_dataset(folder / "a.json").num_images == 1


def test_rectangles_alone_are_boxes(folder):
    write(folder / "a.json", shape([[2, 3], [8, 9]], shape_type="rectangle"))
    dataset = load_dataset(folder)
    assert dataset.load_boxes(0).boxes.tolist() == [[3, 2, 9, 8]]
    assert not dataset.image_info[0]["annotations"][0].polygons


def test_shapes_of_one_group_and_label_are_one_object(folder):
    write(
        folder / "a.json",
        shape(SQUARE, group_id=1),
        shape(SQUARE, "dog", group_id=1),
        shape([[12, 3], [16, 7]], shape_type="rectangle", group_id=1),
        shape(OTHER),
        shape(OTHER, group_id=0),
    )
    dataset = load_dataset(folder)
    assert masks(dataset) == [("cat", 36 + 16), ("dog", 36), ("cat", 16), ("cat", 16)]
    assert dataset.load_annotations(0).boxes[0].tolist() == [3, 2, 9, 16]


def test_masks_of_labelme_5(folder):
    ring = [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    write(folder / "a.json", mask_shape(ring, 5, 7), mask_shape(ring, 5, 7, group_id=2), shape(SQUARE, group_id=2))
    dataset = load_dataset(folder)
    found = dataset.load_annotations(0)
    assert found.boxes[0].tolist() == [7, 5, 10, 8]
    assert found.mask(0)[7:10, 5:8].astype(int).tolist() == ring
    assert found.areas.tolist() == [8, 36 + 8 - 5]  # five of the eight lie on the square: two rows of three, less one


def test_background_cuts_holes_and_ignored_shapes_are_left_out_as_in_labelme2voc(folder):
    ignored = shape(SQUARE, "__ignore__")
    write(folder / "a.json", shape(SQUARE), ignored, shape(OTHER), shape(INNER, "_background_"), shape(INNER, "dog"))
    dataset = load_dataset(folder)
    assert dataset.class_names == ["BG", "cat", "dog"]
    assert masks(dataset) == [("cat", 36 - 4), ("cat", 16), ("dog", 4)]
    assert not dataset.load_annotations(0).mask(0)[5:7, 4:6].any()
    assert [note.split(":")[0] for note in dataset.notes] == [
        "shapes of __ignore__, left out",
        "shapes of _background_, cut out of the objects listed before them",
    ]


@pytest.mark.parametrize(
    ("json_place", "picture_place", "image_path"),
    [
        ("a.json", "a.png", "C:\\Users\\me\\photos\\a.png"),
        ("a.json", "a.png", "/home/me/a.png"),
        ("a.json", "a.png", "old_name.png"),
        ("a.json", "a.png", None),
        ("a.json", "elsewhere/a.png", ""),
        ("a.json", "pictures/a.png", "pictures\\a.png"),
        ("labels/a.json", "images/a.png", "..\\images\\a.png"),
        ("labels/train/a.json", "images/train/a.png", "a.png"),
        ("deep/down/a.json", "deep/down/a.png", "a.png"),
        ("a.json", "elsewhere/a.PNG", "a.png"),
    ],
)
def test_the_picture_is_found(tmp_path, json_place, picture_place, image_path):
    write_picture(tmp_path / picture_place)
    write(tmp_path / json_place, shape(SQUARE), image=image_path)
    dataset = load_dataset(tmp_path)
    assert dataset.image_info[0]["path"] in (str(tmp_path / picture_place), tmp_path / picture_place)
    assert masks(dataset) == [("cat", 36)]
    assert dataset.load_image(0).shape == (20, 30, 3)


def test_names_do_not_lead_out_of_the_data_set(tmp_path):
    write_picture(tmp_path / "secret" / "x.png")
    write(tmp_path / "data" / "one" / "two" / "a.json", shape(SQUARE), image="../../../secret/x.png")
    with pytest.raises(UserError, match="does not exist"):
        load_dataset(tmp_path / "data")


def test_subsets(tmp_path):
    for subset in ("train", "valid"):
        write_picture(tmp_path / subset / "a.png")
        write(tmp_path / subset / "a.json", shape(SQUARE, subset))
    assert list(find_subsets(tmp_path)) == ["train", "val"]
    assert load_dataset(tmp_path, subset="val").class_names == ["BG", "train", "valid"]


def test_subsets_of_json_files_in_a_folder_of_their_own(tmp_path):
    for subset in ("train", "val"):
        write_picture(tmp_path / "images" / subset / "a.png")
        write(tmp_path / "labels" / subset / "a.json", shape(SQUARE), image=f"..\\..\\images\\{subset}\\a.png")
    assert list(find_subsets(tmp_path)) == ["train", "val"]
    assert str(load_dataset(tmp_path, subset="val").image_info[0]["path"]).endswith("images/val/a.png")


def test_pictures_without_a_json_are_left_out_and_noted_and_those_with_an_empty_one_are_without_objects(folder):
    write_picture(folder / "b.png")
    write_picture(folder / "c.png")
    write(folder / "a.json", shape(SQUARE))
    write(folder / "b.json", image="b.png")
    (folder / "other.json").write_text('{"some": "settings"}')
    dataset = load_dataset(folder)
    assert [len(dataset.load_annotations(i)) for i in range(dataset.num_images)] == [1, 0]
    assert any("pictures without a JSON file of labelme's, left out: 1 (first" in note for note in dataset.notes)
    assert any("JSON files that are not labelme's, passed over: 1" in note for note in dataset.notes)


@pytest.mark.parametrize("sized", [True, False])
def test_a_picture_inside_its_json_is_read_from_there(tmp_path, sized):
    pixels = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    size = {} if sized else {"imageHeight": None, "imageWidth": None}
    write(tmp_path / "a.json", shape(SQUARE), imageData=base64.b64encode(png(pixels)).decode(), **size)
    write(tmp_path / "b.json", shape(OTHER), imageData=base64.b64encode(png(pixels)).decode(), image="b.png")
    dataset = load_dataset(tmp_path)
    assert (dataset.load_image(0) == pixels).all()
    assert masks(dataset) == [("cat", 36)]
    assert "pictures without a file, read from their JSON file: 2 (first in labelme image 'a.png')" in dataset.notes
    assert not dataset.contradictions
    note_pictures(dataset)
    assert [entry["file_name"] for entry in to_coco(dataset)["images"]] == ["a.png", "b.png"]
    Image.fromarray(pixels[:, ::-1]).save(tmp_path / "a.png")  # the file goes first
    assert (load_dataset(tmp_path).load_image(0) == pixels[:, ::-1]).all()


def test_files_of_other_encodings_are_read(folder):
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        (folder / "a.json").write_text(json.dumps(content(shape(SQUARE, "\u00e9"))), encoding=encoding)
        assert masks(load_dataset(folder)) == [("\u00e9", 36)]


@pytest.mark.parametrize("data", ["x", "AAAA", base64.b64encode(b"GIF89a").decode()])
def test_a_damaged_picture_inside_is_named(tmp_path, data):
    write(tmp_path / "a.json", shape(SQUARE), imageData=data)
    dataset = load_dataset(tmp_path)
    with pytest.raises(UserError, match=r"a.json.*(is not a picture in base64|not a picture of a known kind)"):
        dataset.load_image(0)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, "it is 'None'"),
        (shape(SQUARE, ""), "the class is ''; give it a name"),
        (shape(SQUARE, shape_type="cuboid"), "shape_type 'cuboid', which is not read"),
        (shape(SQUARE, shape_type=["x"]), "which is not read"),
        (shape([[1, 2]], shape_type="circle"), "it is a circle of 1 points; give it 2"),
        (shape([[1, 2], [1, 2]], shape_type="circle"), "radii above 0"),
        (shape([[1, 2], [3, 4]], shape_type="mask", mask=None), "its mask is not a picture in base64"),
        (mask_shape([[1, 1]], 29, 3), "covers the rows 3 to 4 and the columns 29 to 31"),
        (mask_shape([[1] * 31], 0, 0), "a mask in .* is 1 x 31 pixels but its picture is 20 x 30"),
        (shape([[1, 2], [3, "x"], [4, 5]]), "the points are"),
        (shape([[1, 2], [900, 3], [4, 5]]), "far outside"),
    ],
)
def test_damaged_shapes_are_left_out_and_named(folder, entry, words):
    write(folder / "a.json", shape(SQUARE), entry)
    dataset = load_dataset(folder)
    assert masks(dataset) == [("cat", 36)]
    assert len(dataset.skipped) == 1
    with pytest.raises(UserError, match=words):
        load_dataset(folder, skip_bad=0)


def test_300_damaged_files(tmp_path):
    ring = mask_shape([[1, 1, 1], [1, 0, 1], [1, 1, 1]], 5, 7)
    shapes = [shape(SQUARE, group_id=1), shape([[12, 3], [16, 7]], shape_type="rectangle", group_id=1), ring]
    shapes += [shape([[20, 10], [20, 14]], shape_type="circle"), shape(INNER, "_background_")]
    data = base64.b64encode(png(np.zeros((20, 30), bool))).decode()
    files = {
        "a.json": json.dumps(content(*shapes, image="a.jpg")).encode(),
        "b.json": json.dumps(content(shape(SQUARE), image="b.jpg", imageData=data)).encode(),
        "a.jpg": png(np.zeros((20, 30), bool)),
    }
    loaded, skipped = check_damaged(tmp_path, files, "labelme")
    assert loaded > 100
    assert skipped > 50


def test_real_files(shared):
    """Masks as skimage draws the same outlines: 2,685,444 of ours beside its 2,685,584 for the grapes."""
    grapes = load_dataset(shared / "data" / "formats" / "grapes")
    assert grapes.num_images == 11
    assert grapes.statistics()["per_class"] == {"black_grape": 21, "green_grape": 18}
    assert sum(grapes.load_annotations(i).areas.sum() for i in range(11)) == 2_685_444
    dataset = load_dataset(shared / "data" / "formats" / "labelme")
    expected = {"bird": 2, "circle": 1, "ellipse": 1, "rectangle": 1, "strawberry": 17, "triangle": 1}
    assert dataset.statistics()["per_class"] == expected
    assert "points and lines, which have no area, left out: 2 (first in labelme image 'crack.jpeg')" in dataset.notes
