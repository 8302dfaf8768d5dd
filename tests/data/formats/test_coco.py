"""COCO files: their contents in every spelling, and every mistake in them."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from mrcnn_keras.data import load_dataset
from mrcnn_keras.data.formats import coco
from mrcnn_keras.data.formats.outlined import ALL_BOXES, BOXES
from mrcnn_keras.errors import UserError
from tests.data.small_coco import coco_content

SQUARE_NOTE = "category 0 ('square') left out: unused, and another one has the name"


def test_small_coco_file(make_coco):
    dataset = load_dataset(make_coco(coco_content()))
    assert dataset.class_names == ["BG", "square", "triangle"]
    assert dataset.category_ids == [0, 0, 7]
    assert dataset.notes == []
    image, found = dataset.load_example(0)
    assert (image.shape, image.max()) == ((6, 8, 3), 99)
    assert found.class_ids.tolist() == [1, 2, -2]
    assert found.boxes.tolist() == [[2, 1, 5, 4], [0, 6, 2, 8], [0, 6, 6, 8]]
    assert found.areas.tolist() == [9, 3, 12]
    masks, class_ids = dataset.load_mask(0)
    assert (masks.shape, class_ids.tolist()) == ((6, 8, 3), [1, 2, -2])
    assert dataset.get_source_class_id(2, "coco") == 7


def test_compressed_and_plain_run_lengths_are_the_same(make_coco):
    content = coco_content()
    bits = np.zeros((6, 8), np.uint8, "F")
    bits[1:4, 2:7] = 1
    rle = coco_mask.encode(bits)
    content["annotations"][0]["segmentation"] = {"size": [6, 8], "counts": rle["counts"].decode()}
    content["annotations"][1]["segmentation"] = {"size": [6, 8], "counts": [13, *[3, 3] * 4, 3, 8]}
    content["annotations"][2]["segmentation"] = {"size": [6, 8], "counts": [48]}
    dataset = load_dataset(make_coco(content))
    found = dataset.load_annotations(0)
    assert found.boxes.tolist() == [[1, 2, 4, 7]] * 2
    assert (found.masks == bits[:, :, None]).all()
    assert dataset.notes == ["objects without a pixel inside the picture, left out: 1 (first in coco image 'a.png')"]


def test_polygons_of_one_annotation_are_one_object(make_coco):
    content = coco_content()
    content["annotations"] = content["annotations"][:1]
    content["annotations"][0]["segmentation"] += [[6, 0, 8, 0, 8, 1, 6, 1], [0, 0, 1, 1]]
    dataset = load_dataset(make_coco(content))
    found = dataset.load_annotations(0)
    assert found.boxes.tolist() == [[0, 1, 5, 8]]
    assert found.areas.tolist() == [9 + 2]
    assert dataset.notes == ["polygons of fewer than three points, left out: 1 (first in coco image 'a.png')"]


@pytest.mark.parametrize("segmentation", [[], None, {}, [[]], [[1, 2, 3, 4]], "absent"])
def test_an_object_without_a_segmentation_has_a_box_only(make_coco, segmentation):
    content = coco_content()
    annotation = {"image_id": 5, "category_id": 7, "bbox": [1, 2, 3, 4], "segmentation": segmentation}
    if segmentation == "absent":
        del annotation["segmentation"]
    content["annotations"] = [annotation]
    dataset = load_dataset(make_coco(content))
    found = dataset.load_annotations(0)
    assert found.boxes.tolist() == [[2, 1, 6, 4]]
    assert found.areas.tolist() == [12]
    assert found.mask_crops is None
    assert not dataset.has_masks()
    assert f"{ALL_BOXES}: 1 (first in coco image 'a.png')" in dataset.notes


def test_objects_with_a_box_only_beside_masks(make_coco):
    content = coco_content()
    del content["annotations"][1]["segmentation"]
    content["annotations"][1]["bbox"] = [5.5, -3, 2, 4.25]
    content["annotations"].append({"image_id": 5, "category_id": 7, "bbox": [8, 0, 2, 2]})
    dataset = load_dataset(make_coco(content))
    found = dataset.load_annotations(0)
    assert found.has_mask.tolist() == [True, False, True]
    assert found.boxes.tolist() == [[2, 1, 5, 4], [0, 5.5, 1.25, 7.5], [0, 6, 6, 8]]
    assert found.areas.tolist() == [9, 2.5, 12]
    assert dataset.load_boxes(0).boxes.tolist() == found.boxes.tolist()
    masks, class_ids = dataset.load_mask(0)
    assert (masks.any(axis=(0, 1)).tolist(), class_ids.tolist()) == ([True, False, True], [1, 2, -2])
    assert dataset.has_masks()
    assert dataset.subset([0]).has_masks()
    assert f"{BOXES}: 2 (first in coco image 'a.png')" in dataset.notes
    assert "objects without a pixel inside the picture, left out: 1 (first in coco image 'a.png')" in dataset.notes
    written = coco.to_coco(dataset)["annotations"]
    assert ["segmentation" in annotation for annotation in written] == [True, False, True]
    assert written[1]["bbox"] == [5.5, 0, 2, 1.25]


def test_masks_of_another_subset_count(make_coco):
    path = make_coco(coco_content(), "train.json")
    content = coco_content()
    for annotation in content["annotations"]:
        annotation.pop("segmentation", None)
        annotation["bbox"] = [1, 2, 3, 4]
    make_coco(content, "val.json")
    dataset = load_dataset(path.parent, subset="val")
    assert dataset.load_annotations(0).has_mask.tolist() == [False] * 3
    assert dataset.load_annotations(0).mask_crops is not None
    assert not load_dataset(path.parent / "val.json").has_masks()


def test_polygons_outside_the_picture_are_cropped(make_coco):
    content = coco_content()
    content["annotations"] = content["annotations"][:1]
    content["annotations"][0]["segmentation"] = [[-3, -2, 2, -2, 2, 9, -3, 9]]
    dataset = load_dataset(make_coco(content))
    assert dataset.load_annotations(0).boxes.tolist() == [[0, 0, 6, 2]]
    assert dataset.load_boxes(0).boxes.tolist() == [[0, 0, 6, 2]]


def test_coco_pictures_without_objects(make_coco):
    content = coco_content()
    content["annotations"] = []
    dataset = load_dataset(make_coco(content))
    assert len(dataset.load_annotations(0)) == 0
    assert dataset.class_names == ["BG", "square", "triangle"]  # unused, but each with a name of its own
    assert dataset.statistics()["images_without_objects"] == 1


def test_unused_category_with_a_repeated_name_is_no_class(make_coco):
    content = coco_content()
    content["categories"] = [{"id": 0, "name": "square"}, {"id": 3, "name": "square"}, {"id": 7, "name": "x"}]
    content["annotations"][0]["category_id"] = 3
    dataset = load_dataset(make_coco(content))
    assert dataset.category_ids == [0, 3, 7]
    assert dataset.class_names == ["BG", "square", "x"]
    assert dataset.notes == [SQUARE_NOTE]
    content["annotations"] = []  # with both unused, the first stays
    assert load_dataset(make_coco(content)).category_ids == [0, 0, 7]


def test_used_categories_with_the_same_name_stay_two_classes(make_coco):
    content = coco_content()
    content["categories"][1]["name"] = "square"
    dataset = load_dataset(make_coco(content))
    assert dataset.class_names == ["BG", "square", "square (7)"]
    assert "has the name 'square' of another one" in dataset.notes[0]


def test_roboflow_group_category_is_no_class(make_coco):
    content = coco_content()
    content["categories"] = [
        {"id": 0, "name": "shapes", "supercategory": "none"},
        {"id": 1, "name": "square", "supercategory": "shapes"},
        {"id": 7, "name": "triangle", "supercategory": "shapes"},
    ]
    content["annotations"][0]["category_id"] = 1
    assert load_dataset(make_coco(content)).class_names == ["BG", "square", "triangle"]
    content["annotations"][0]["category_id"] = 0
    assert load_dataset(make_coco(content)).class_names == ["BG", "shapes", "square", "triangle"]


def test_cvat_pixel_masks_are_no_crowds(make_coco):
    content = coco_content()
    content["annotations"][2]["attributes"] = {"occluded": False}
    dataset = load_dataset(make_coco(content))
    assert dataset.load_annotations(0).class_ids.tolist() == [1, 2, 2]
    assert dataset.notes == ["CVAT pixel masks marked iscrowd, read as single objects: 1 (first in coco image 'a.png')"]
    content["annotations"][2]["attributes"]["is_crowd"] = True
    assert load_dataset(make_coco(content)).load_annotations(0).class_ids.tolist() == [1, 2, -2]


def test_counts_are_those_of_the_masks_whatever_the_boxes_say(make_coco):
    content = coco_content()
    content["annotations"][0]["bbox"] = [1, 1, 2, 2]
    dataset = load_dataset(make_coco(content))
    assert dataset.load_boxes(0).boxes.tolist() == dataset.load_annotations(0).boxes.tolist()
    assert dataset.load_boxes(0).boxes.tolist() == [[2, 1, 5, 4], [0, 6, 2, 8], [0, 6, 6, 8]]
    statistics = dataset.statistics()
    assert statistics["per_class"] == {"square": 1, "triangle": 1}
    assert (statistics["crowds"], statistics["max_instances"], statistics["width"]) == (1, 3, [8, 8, 8])


def test_picture_sizes_may_be_absent(make_coco):
    content = coco_content()
    path = make_coco(content)
    del content["images"][0]["width"], content["images"][0]["height"]
    path.write_text("\ufeff" + json.dumps(content))
    assert load_dataset(path).load_annotations(0).size == (6, 8)


def test_annotated_size_decides_about_exif_orientation(make_coco, tmp_path):
    """Annotated as stored, 6 x 8, or as shown, 8 x 6: the size in the file decides."""
    content = coco_content()
    path = make_coco(content)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (8, 6)).save(tmp_path / "a.png", exif=exif)
    assert load_dataset(path).load_example(0)[0].shape == (6, 8, 3)
    content["images"][0].update(width=6, height=8)
    content["annotations"] = content["annotations"][:1]
    path.write_text(json.dumps(content))
    assert load_dataset(path).load_example(0)[0].shape == (8, 6, 3)
    content["images"][0].update(width=6, height=9)
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="is 8 x 6 pixels but its annotations say 9 x 6"):
        load_dataset(path).load_example(0)


def changed(change):
    content = coco_content()
    change(content)
    return content


MISTAKES = {
    "no images": (lambda c: c.pop("images"), "has no list 'images'"),
    "images of another type": (lambda c: c.update(images={}), "has no list 'images'"),
    "no picture": (lambda c: c.update(images=[], annotations=[]), "has no picture; export it"),
    "no category": (lambda c: c.update(categories=[], annotations=[]), "has no category"),
    "a category that is a number": (lambda c: c["categories"].append(3), "has '3' among its categories"),
    "a category without name": (lambda c: c["categories"][0].pop("name"), "has the category {'id': 0}"),
    "a category with a wrong id": (lambda c: c["categories"][0].update(id="x"), "has the category {'id': 'x'"),
    "two categories of one id": (lambda c: c["categories"][1].update(id=0), "has two categories of id 0, 'square' and"),
    "an absent picture": (lambda c: c["images"][0].update(file_name="b.png"), "'b.png' of .* does not exist; put"),
    "a picture outside": (lambda c: c["images"][0].update(file_name="../../etc/passwd"), "etc/passwd' of .* not exist"),
    "an absolute path": (lambda c: c["images"][0].update(file_name="/etc/passwd"), "'/etc/passwd' of .* not exist"),
    "a folder as picture": (lambda c: c["images"][0].update(file_name="."), "does not exist"),
    "COCO panoptic": (lambda c: c["annotations"][0].update(segments_info=[]), "is COCO panoptic, .* use COCO's"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_coco_files_are_refused_on_loading(make_coco, mistake):
    path = make_coco(coco_content())
    change, words = MISTAKES[mistake]
    path.write_text(json.dumps(changed(change)))
    with pytest.raises(UserError, match=words) as error:
        load_dataset(path)
    assert "annotations.json" in str(error.value)
    assert "\n" not in str(error.value)


def box(value):
    """The first annotation has this bbox and no outline."""
    return lambda c: c["annotations"][0].update(bbox=value, segmentation=[])


def outline(value):
    return lambda c: c["annotations"][0].update(segmentation=value)


# Mistakes in one entry, its kind, and the words on it.
BAD_ENTRIES = {
    "an image that is a number": (lambda c: c["images"].append(3), "has '3' among its images"),
    "an image without id": (lambda c: c["images"][1].pop("id"), "has an image of id None"),
    "an image with a list as id": (lambda c: c["images"][1].update(id=[1]), r"has an image of id \[1\]"),
    "no file name": (lambda c: c["images"][1].pop("file_name"), "no 'file_name' for image 9"),
    "an absent picture": (lambda c: c["images"][1].update(file_name="c.png"), "picture 'c.png' of .* does not exist"),
    "no width": (lambda c: c["images"][1].update(width=None), "of height 6, width None"),
    "no height": (lambda c: c["images"][1].update(height=0), "of height 0, width 8"),
    "an absurd size": (lambda c: c["images"][1].update(height=10**6, width=10**6), "write its size in pixels"),
    "an annotation that is a number": (lambda c: c["annotations"].append(7), "has '7' among its annotations"),
    "a missing image": (lambda c: c["annotations"][0].update(image_id=6), "annotation 1 of the missing image 6"),
    "a list as image": (lambda c: c["annotations"][0].update(image_id=[5]), r"annotation 1 of the missing image \[5"),
    "an unknown category": (lambda c: c["annotations"][0].update(category_id=1), "1 of the unknown category 1"),
    "a crowd of 2": (lambda c: c["annotations"][0].update(iscrowd=2), "annotation 1 of 'a.png' with iscrowd 2"),
    "a box of three": (box([1, 2, 3]), r"bbox \[1, 2, 3\]"),
    "a box of words": (box(["a", 2, 3, 4]), "bbox"),
    "a box that is not a list": (box(7), "bbox 7"),
    "a box without end": (box([0, 0, float("inf"), 1]), r"annotation 1 of 'a.png' with bbox \[0, 0, inf"),
    "a box of nothing": (box([float("inf"), float("inf"), -float("inf"), -float("inf")]), r"bbox \[inf, inf, -inf"),
    "a box far outside": (box([0, 0, 500, 1]), r"point \(x 500, y 1\), far outside"),
    "no number in a polygon": (outline([[0, 0, 1, 0, float("nan"), 1]]), "the polygon"),
    "an odd polygon": (outline([[1, 2, 3, 4, 5, 6, 7]]), "the polygon"),
    "a word as segmentation": (outline("x"), "with segmentation x"),
    "mixed outlines": (outline([[1, 2, 3, 4, 5, 6], 7]), "with segmentation"),
    "a point far outside": (outline([[0, 0, 500, 0, 0, 5]]), r"picture 'a.png': .* the point \(x 500, y 0\)"),
    "neither": (lambda c: c["annotations"][0].pop("segmentation"), "neither segmentation nor bbox"),
    "run lengths of another size": (lambda c: c["annotations"][2]["segmentation"].update(size=[8, 6]), r"\[8, 6\]"),
    "run lengths without counts": (lambda c: c["annotations"][2]["segmentation"].pop("counts"), "not a list of whole"),
    "run lengths of too few pixels": (
        lambda c: c["annotations"][2]["segmentation"].update(counts="123"),
        "annotation 3 of 'a.png', whose run lengths add up to 6 pixels",
    ),
}


@pytest.mark.parametrize("mistake", BAD_ENTRIES)
def test_one_bad_entry_is_left_out_and_named(make_coco, mistake):
    content = coco_content()
    content["images"].append({"id": 9, "file_name": "b.png", "height": 6, "width": 8})
    path = make_coco(content)
    change, words = BAD_ENTRIES[mistake]
    change(content)
    path.write_text(json.dumps(content))
    dataset = load_dataset(path)
    (sentence,) = dataset.skipped
    assert re.search(words, sentence)
    assert "annotations.json" in sentence
    assert dataset.subset([0]).skipped == dataset.skipped
    objects = sum(len(dataset.load_annotations(i)) for i in dataset.image_ids)
    assert (dataset.num_images, objects) in ((1, 3), (2, 2), (2, 3))  # a picture less, an annotation less, one too many
    with pytest.raises(UserError, match="1 of . (pictures|annotations) cannot be read, more than the 0 %") as error:
        load_dataset(path, skip_bad=0)
    assert re.search(words, str(error.value))
    assert "skip_bad=0." in str(error.value)
    assert len(str(error.value)) < 700
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"is not JSON \(Expecting value"),
        ('{"images": [', "is not JSON"),
        ('{"images": [' + "[" * 100_000, "is not JSON"),
        ('{"images": [' + "9" * 5000 + "]}", "is not JSON"),
        ("[1, 2]", "is a JSON list, not an object"),
        ("\xff\xfe", "is not JSON"),
        ('{"figures": []}', "is JSON, but not in a known annotation format"),
    ],
    ids=["nothing", "cut off", "deep", "a long number", "a list", "not UTF-8", "another format"],
)
def test_files_that_are_not_coco(tmp_path, text, words):
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=words):
        load_dataset(tmp_path / "a.json")


def test_to_coco_writes_annotations_that_load_again(make_coco, tmp_path):
    path = make_coco(coco_content())
    first = load_dataset(path)
    content = coco.to_coco(first)
    assert [category["id"] for category in content["categories"]] == [0, 7]
    assert content["images"] == [{"id": 5, "file_name": "a.png", "height": 6, "width": 8}]
    assert [entry["category_id"] for entry in content["annotations"]] == [0, 7, 7]
    assert [entry["iscrowd"] for entry in content["annotations"]] == [0, 0, 1]
    assert content["annotations"][0]["bbox"] == [1, 2, 3, 3]
    assert content["annotations"][0]["area"] == 9
    (tmp_path / "again.json").write_text(json.dumps(content))
    again = load_dataset(tmp_path / "again.json")
    for part, same in zip(first.load_annotations(0), again.load_annotations(0), strict=True):
        assert np.array_equal(part, same)
    assert again.class_info == first.class_info


def test_to_coco_replaces_ids_that_are_not_unique(squares):
    dataset = squares([(1, 0, 0, 5, 5)], [])
    dataset.add_class("others", 1, "x")
    dataset.image_info[1]["id"] = 0
    content = coco.to_coco(dataset)
    assert [image["id"] for image in content["images"]] == [0, 1]
    assert [category["id"] for category in content["categories"]] == [1, 2, 3]


def test_a_good_outline_with_a_broken_bbox_is_used(make_coco):
    content = coco_content()
    content["annotations"][0]["bbox"] = [float("nan"), 0, 1, 1]
    dataset = load_dataset(make_coco(content))
    assert dataset.load_annotations(0).boxes.tolist()[0] == [2, 1, 5, 4]
    assert dataset.load_boxes(0).boxes.tolist()[0] == [2, 1, 5, 4]
    assert dataset.skipped == []
    assert dataset.notes == [
        "annotations with a bbox that is not [x, y, width, height], their outline used: 1 (first in coco image 'a.png')"
    ]


@pytest.mark.parametrize(
    "segmentation", [[1, 2, 4, 2, 4, 5, 1, 5], [[[1, 2], [4, 2], [4, 5], [1, 5]]]], ids=["flat", "points"]
)
def test_outlines_nested_otherwise_are_read(make_coco, segmentation):
    content = coco_content()
    content["annotations"][0]["segmentation"] = segmentation
    dataset = load_dataset(make_coco(content))
    assert dataset.load_annotations(0).areas.tolist()[0] == 9
    assert (len(dataset.notes), dataset.skipped) == (1, [])


@pytest.mark.parametrize("write", [str, float, lambda i: f"{i}.0"], ids=["text", "float", "text of a float"])
def test_ids_and_sizes_are_the_same_however_they_are_written(make_coco, write):
    content = coco_content()
    path = make_coco(content)
    content["annotations"][0] |= {"image_id": write(5), "category_id": write(0), "iscrowd": write(0)}
    content["categories"][1]["id"] = write(7)
    content["images"][0] |= {"width": write(8), "height": write(6)}
    path.write_text(json.dumps(content))
    dataset = load_dataset(path)
    assert dataset.load_annotations(0).class_ids.tolist() == [1, 2, -2]
    assert dataset.category_ids == [0, 0, 7]
    assert dataset.load_example(0)[0].shape == (6, 8, 3)
    content["images"][0]["id"] = write(5)
    content["annotations"][0]["image_id"] = 5
    path.write_text(json.dumps(content))
    assert len(load_dataset(path).load_annotations(0)) == 3


def test_text_that_is_no_number_stays_an_id(make_coco):
    content = coco_content()
    content["images"] = [
        {**content["images"][0], "id": image_id, "file_name": f"{image_id}.png"} for image_id in ("a", "01")
    ]
    for annotation, image_id in zip(content["annotations"], ("a", "01", 1), strict=True):
        annotation["image_id"] = image_id
    dataset = load_dataset(make_coco(content))
    assert [info["id"] for info in dataset.image_info] == ["a", "01"]
    assert [len(dataset.load_annotations(i)) for i in (0, 1)] == [1, 2]


def test_two_images_of_one_id_are_left_out_unless_they_are_one(make_coco):
    content = coco_content()
    content["images"] += [content["images"][0], {**content["images"][0], "id": 6, "file_name": "b.png"}]
    content["images"] += [{**content["images"][0], "id": 6, "file_name": "c.png"}]
    path = make_coco(content)
    with pytest.raises(UserError, match="2 of 4 pictures .* two images of id 6, 'b.png' and 'c.png', so that"):
        load_dataset(path)
    dataset = load_dataset(path, skip_bad=0.5)
    assert [info["id"] for info in dataset.image_info] == [5]
    assert len(dataset.load_annotations(0)) == 3
    assert dataset.notes == ["pictures listed twice under one id, read once: 1 (first in coco image 'a.png')"]


def test_annotations_of_a_picture_that_is_left_out_are_not_bad_themselves(make_coco):
    content = coco_content()
    content["images"].append({"id": 6, "file_name": "b.png", "height": 6, "width": 8})
    content["annotations"][0]["image_id"] = content["annotations"][1]["image_id"] = 6
    path = make_coco(content)
    for broken in ({"width": -3}, {"file_name": "absent.png"}):
        content["images"][1] |= broken
        path.write_text(json.dumps(content))
        dataset = load_dataset(path)
        assert (dataset.num_images, len(dataset.skipped)) == (1, 1)
        assert dataset.load_annotations(0).class_ids.tolist() == [-2]


def test_unused_background_category_is_no_class(make_coco):
    content = coco_content()
    for name in ("_background_", "Background", "BG"):
        content["categories"] = [{"id": 0, "name": name}, {"id": 7, "name": "triangle"}]
        dataset = load_dataset(make_coco({**content, "annotations": content["annotations"][1:]}))
        assert dataset.class_names == ["BG", "triangle"]
        assert dataset.load_annotations(0).class_ids.tolist() == [1, -1]
        assert dataset.notes == [f"category 0 ({name!r}) left out: no object, and the background is not a class"]
        assert load_dataset(make_coco(content)).class_names == ["BG", name, "triangle"]  # with an outline


@pytest.mark.parametrize(
    "nothing", [{"bbox": [0, 0, 0, 0], "segmentation": []}, {"bbox": [3, 3, 0, 5]}, {"segmentation": []}]
)
def test_background_without_outline_means_a_picture_without_objects(make_coco, nothing):
    content = coco_content()
    content["images"].append({"id": 6, "file_name": "b.png", "height": 6, "width": 8})
    content["categories"][0]["name"] = "background"
    content["annotations"][0] = {"id": 1, "image_id": 6, "category_id": 0, **nothing}
    dataset = load_dataset(make_coco(content))
    assert dataset.class_names == ["BG", "triangle"]
    assert [len(dataset.load_annotations(i)) for i in (0, 1)] == [2, 0]
    assert dataset.statistics()["images_without_objects"] == 1
    assert dataset.skipped == []
    assert "annotations of 'background' without an outline, read as pictures without objects: 1" in dataset.notes[1]


@pytest.mark.parametrize("other", ["traffic_light ", "trafficlight", "Traffic lights", "TRAFFIC-LIGHT (2)"])
def test_class_names_that_differ_by_case_spaces_and_number_are_noted(make_coco, other):
    content = coco_content()
    content["categories"] = [{"id": 0, "name": "Traffic light"}, {"id": 7, "name": other}]
    dataset = load_dataset(make_coco(content))
    assert dataset.class_names == ["BG", "Traffic light", other]
    assert dataset.notes == [
        f"classes 'Traffic light', {other!r} have almost the same name; if they are one, give them one category"
    ]


def test_a_picture_listed_twice_is_noted_and_not_split(make_coco):
    content = coco_content()
    content["images"] = [{**content["images"][0], "id": i, "file_name": f"{i % 4}.png"} for i in range(8)]
    content["annotations"] = []
    path = make_coco(content)
    for i in range(4):
        Image.new("L", (8, 6), 50 * i).save(path.with_name(f"{i}.png"))
    dataset = load_dataset(path)
    note = "pictures whose file was listed before under another id; both are used: 4 (first in coco image '0.png')"
    assert dataset.notes == [note]
    for seed in range(5):
        parts = [{info["path"] for info in part.image_info} for part in dataset.split(0.5, seed)]
        assert [len(paths) for paths in parts] == [2, 2]
        assert not parts[0] & parts[1]
        assert [part.num_images for part in dataset.subset(range(8)).split(0.25, seed)] == [6, 2]


def test_to_coco_keeps_ids_of_numpy_types(squares):
    dataset = squares([(1, 0, 0, 5, 5)], [])
    for info, image_id in zip(dataset.image_info, np.array([40, 50]), strict=True):
        info["id"] = image_id
    dataset.class_info[2]["id"] = np.int32(9)
    content = json.loads(json.dumps(coco.to_coco(dataset)))
    assert [image["id"] for image in content["images"]] == [40, 50]
    assert [category["id"] for category in content["categories"]] == [1, 9]


def test_a_file_in_utf_16_is_read(make_coco):
    path = make_coco(coco_content())
    text = path.read_text()
    for encoding in ("utf-16", "utf-16-le", "utf-8-sig"):
        path.write_bytes(text.encode(encoding))
        assert load_dataset(path).num_images == load_dataset(path.parent).num_images > 0
