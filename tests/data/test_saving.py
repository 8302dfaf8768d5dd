"""What is written in another format and read again is the same; and what the formats cannot hold is counted."""

import json
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from mrcnn_keras.data import Dataset, ShapesDataset, find_subsets, load_dataset, save_dataset, select_classes
from mrcnn_keras.data.formats import FORMATS
from mrcnn_keras.data.formats.writers import WRITERS
from mrcnn_keras.data.formats.writers.labels import LEFT_OUT
from mrcnn_keras.data.formats.writers.writer import BOXES, CROWDS
from mrcnn_keras.data.saving import file_names
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError

READ = [name for name in WRITERS if name == "labels" or name in FORMATS]
RING = [[1, 1, 7, 1, 7, 7, 1, 7]]
TRIANGLE = [5.5, 2.25, 9.5, 2.25, 9.5, 6.75]


class Rings(Dataset):
    """A picture of 8 x 12 with a ring that has a piece beside it, of class "a: b", and a square of class "größe"."""

    def __init__(self, path=None):
        super().__init__()
        self.add_class("rings", 1, "a: b")
        self.add_class("rings", 2, "größe")
        self.add_image("rings", "one/1", path)

    def load_image(self, image_id):
        return np.arange(8 * 12 * 3, dtype=np.uint8).reshape(8, 12, 3)

    def load_mask(self, image_id):
        masks = np.zeros((8, 12, 2), bool)
        masks[1:7, 1:7, 0] = masks[3, 9:11, 0] = masks[6:8, 8:12, 1] = True
        masks[3:5, 3:5, 0] = False
        return masks, np.array([1, 2])


@pytest.fixture
def polygons(make_coco):
    """A picture of 10 x 12 with a triangle, an object of two polygons that overlap, one that leaves it, and a crowd."""
    outlines = {
        1: [TRIANGLE],
        2: [[0, 0, 4, 0, 4, 4, 0, 4], [2, 2, 6, 2, 6, 6, 2, 6]],
        3: [[8, 7, 20, 7, 20, 9, 8, 9]],
        4: {"size": [10, 12], "counts": [100, 20]},
    }
    content = {
        "images": [{"id": 5, "file_name": "a.png", "height": 10, "width": 12}],
        "categories": [{"id": 3, "name": "thing"}, {"id": 8, "name": "other"}],
        "annotations": [
            {"id": i, "image_id": 5, "category_id": 3, "iscrowd": int(i == 4), "segmentation": outline}
            for i, outline in outlines.items()
        ],
    }
    return load_dataset(make_coco(content))


def same(first, second, name=lambda name: name):
    """Whether all pictures, classes and masks of two datasets are the same, in whatever order."""
    assert first.num_images == second.num_images
    pictures = {second.load_image(i).tobytes(): i for i in second.image_ids}
    for i in first.image_ids:
        there = pictures[first.load_image(i).tobytes()]
        sides = [(first, first.load_annotations(i)), (second, second.load_annotations(there))]
        objects = [
            sorted(
                (
                    name(dataset.class_names[class_id]) if dataset is first else dataset.class_names[class_id],
                    rle["counts"],
                )
                for class_id, rle in zip(found.class_ids.tolist(), found.rle(), strict=True)
            )
            for dataset, found in sides
        ]
        assert objects[0] == objects[1]


@pytest.mark.parametrize("format", READ)
def test_what_was_written_is_read_again(format, tmp_path):
    subsets = {"train": ShapesDataset(5, (48, 64), seed=1), "val": ShapesDataset(2, (48, 64), seed=2)}
    lost = save_dataset(subsets, tmp_path / "out", format)
    assert list(find_subsets(tmp_path / "out")) == ["train", "val"]
    for name, dataset in subsets.items():
        again = load_dataset(tmp_path / "out", subset=name)
        if format != "labels":  # without classes and overlaps, see below
            assert again.class_names == dataset.class_names
            same(dataset, again)
            assert not lost
    assert load_dataset(tmp_path / "out").num_images == 7


@pytest.mark.parametrize("format", READ)
def test_holes_pieces_and_names_are_read_again(format, tmp_path):
    lost = save_dataset({"": Rings()}, tmp_path / "out", format)
    again = load_dataset(tmp_path / "out")
    if format == "labels":
        same(Rings(), again, lambda name: "object")
        assert lost == {"objects without their class, which label pictures do not have": 2}
    else:
        same(Rings(), again)
        assert not lost


@pytest.mark.parametrize("format", READ)
def test_own_polygons_are_read_again(format, polygons, tmp_path):
    lost = save_dataset({"": polygons}, tmp_path / "out", format, tolerance=1)
    again = load_dataset(tmp_path / "out").load_annotations(0)
    before = polygons.load_annotations(0)
    assert (CROWDS in lost) == (format != "coco")
    before = before if format == "coco" else before[:3]
    if format != "labels":
        assert sorted(rle["counts"] for rle in again.rle()) == sorted(rle["counts"] for rle in before.rle())


def test_own_polygons_stay_as_they_are_unless_they_leave_the_picture(polygons, tmp_path):
    save_dataset({"": polygons}, tmp_path / "out", "labelme")
    shapes = json.loads((tmp_path / "out/a.json").read_text())["shapes"]
    assert [(shape["label"], shape["group_id"]) for shape in shapes] == [("thing", g) for g in (None, 2, 2, None)]
    assert shapes[0]["points"] == [[5.5, 2.25], [9.5, 2.25], [9.5, 6.75]]
    assert shapes[1]["points"] == [[0, 0], [4, 0], [4, 4], [0, 4]]
    assert sorted(shapes[3]["points"]) == [[8, 7], [8, 9], [12, 7], [12, 9]]


def test_coco_writes_what_pycocotools_reads(polygons, tmp_path, capsys):
    assert save_dataset({"": polygons}, tmp_path / "out", "coco") == {}
    coco = COCO(tmp_path / "out/annotations/instances_default.json")
    truth = polygons.load_annotations(0)
    for annotation, rle in zip(coco.loadAnns(coco.getAnnIds()), truth.rle(), strict=True):
        assert np.array_equal(coco.annToMask(annotation), coco_mask.decode(rle))
    assert {category["id"]: category["name"] for category in coco.dataset["categories"]} == {3: "thing", 8: "other"}
    assert (tmp_path / "out/images/a.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_yolo_writes_what_its_loader_takes(tmp_path):
    subsets = {"train": ShapesDataset(3, (48, 64), seed=1), "val": Rings()}
    subsets["train"] = select_classes(subsets["train"], ["square", "circle"], {"triangle": "square"})
    subsets["val"] = select_classes(Rings(), rename={"a: b": "square", "größe": "circle"})
    save_dataset(subsets, tmp_path / "out", "yolo")
    lines = (tmp_path / "out/data.yaml").read_text().splitlines()
    assert lines == ["train: images/train", "val: images/val", "names:", '  0: "square"', '  1: "circle"']
    for picture in (tmp_path / "out/images").rglob("*.png"):
        labels = tmp_path / "out/labels" / picture.relative_to(tmp_path / "out/images").with_suffix(".txt")
        for line in labels.read_text().splitlines():
            class_id, *shares = line.split()
            assert class_id in "01"
            assert len(shares) >= 6  # otherwise it would be a box
            assert len(shares) % 2 == 0
            assert all(0 <= float(share) <= 1 for share in shares)
    save_dataset({"": Rings()}, tmp_path / "whole", "yolo")
    assert re.findall(r"^(train|val): images$", (tmp_path / "whole/data.yaml").read_text(), re.M) == ["train", "val"]


def test_via_writes_what_its_project_has(tmp_path):
    save_dataset({"train": Rings(), "val": Rings()}, tmp_path / "out", "via")
    project = json.loads((tmp_path / "out/val/via_project.json").read_text(encoding="utf-8"))
    assert {"_via_settings", "_via_img_metadata", "_via_attributes"} <= project.keys()
    ((key, entry),) = project["_via_img_metadata"].items()
    size = (tmp_path / "out/val/1.png").stat().st_size
    assert (key, entry["filename"], entry["size"]) == (f"1.png{size}", "1.png", size)
    assert project["_via_attributes"]["region"]["class"]["options"] == {"a: b": "", "größe": ""}
    ring, square = entry["regions"]
    assert (ring["region_attributes"], square["region_attributes"]) == ({"class": "a: b"}, {"class": "größe"})
    assert sorted(square["shape_attributes"]["all_points_x"]) == [8, 8, 12, 12]


def test_cvat_writes_polygons_and_masks(tmp_path):
    save_dataset({"": Rings()}, tmp_path / "out", "cvat")
    root = ET.parse(tmp_path / "out/annotations.xml").getroot()
    assert [label.text for label in root.iterfind("meta/task/labels/label/name")] == ["a: b", "größe"]
    (image,) = root.iterfind("image")
    assert (image.get("name"), image.get("width"), image.get("height")) == ("1.png", "12", "8")
    mask, polygon = image
    place = [mask.get(name) for name in ("left", "top", "width", "height")]
    assert (mask.tag, *place) == ("mask", "1", "1", "10", "6")
    assert mask.get("rle") == "0, 6, 4, 6, 4, 2, 2, 2, 2, 4, 2, 2, 4, 6, 4, 6, 4"  # row by row, background first
    assert polygon.tag == "polygon"
    assert sorted(polygon.get("points").split(";")) == ["12.0,6.0", "12.0,8.0", "8.0,6.0", "8.0,8.0"]


def test_label_pictures_count_what_they_cover(tmp_path):
    class Covered(Rings):
        def load_mask(self, image_id):
            masks = np.zeros((8, 12, 3), bool)
            masks[0:4, 0:4, 0] = masks[1:3, 1:3, 1] = masks[1:3, 1:3, 2] = True
            return masks, np.array([1, 1, 2])

    lost = save_dataset({"": Covered()}, tmp_path / "out", "labels")
    assert list(lost.values()) == [3, 1, 1]  # without class, hidden, partly behind
    values = np.asarray(Image.open(tmp_path / "out/labels/1.png"))
    assert values.dtype == np.uint16 or values.dtype == np.int32
    assert np.unique(values, return_counts=True)[1].tolist() == [8 * 12 - 16, 12, 4]


def test_boxes_alone_are_written_as_boxes(tmp_path):
    class Boxes(Rings):
        def load_annotations(self, image_id):
            return Detections((8, 12), [[1, 2, 5, 8]], [2])

    for format in WRITERS:
        save_dataset({"": Boxes()}, tmp_path / format, format)
    assert (tmp_path / "yolo/labels/1.txt").read_text() == "1 0.416666667 0.375 0.5 0.5\n"
    (shape,) = json.loads((tmp_path / "labelme/1.json").read_text())["shapes"]
    assert (shape["shape_type"], shape["points"]) == ("rectangle", [[2, 1], [8, 5]])
    (entry,) = json.loads((tmp_path / "via/via_project.json").read_text())["_via_img_metadata"].values()
    assert entry["regions"][0]["shape_attributes"] == {"name": "rect", "x": 2, "y": 1, "width": 6, "height": 4}
    (box,) = ET.parse(tmp_path / "cvat/annotations.xml").getroot().iter("box")
    assert [box.get(name) for name in ("xtl", "ytl", "xbr", "ybr")] == ["2.0", "1.0", "8.0", "5.0"]
    content = json.loads((tmp_path / "coco/annotations/instances_default.json").read_text())
    assert (content["annotations"][0]["bbox"], "segmentation" in content["annotations"][0]) == ([2, 1, 6, 4], False)


def test_boxes_beside_outlines_are_counted_where_they_look_alike(tmp_path):
    class Mixed(Rings):
        def __init__(self):
            super().__init__()
            self.add_image("rings", "there/b.jpg", None)

        def load_annotations(self, image_id):
            return super().load_annotations(0) if image_id else Detections((8, 12), [[1, 2, 5, 8]], [2])

    lost = {format: save_dataset({"": Mixed()}, tmp_path / format, format) for format in WRITERS}
    assert all(lost[format] == {} for format in ("coco", "cvat"))
    assert all(lost[format] == {BOXES: 1} for format in ("yolo", "labelme", "via"))
    assert lost["labels"][LEFT_OUT] == 1
    # YOLO takes outlines or boxes.
    corners = [2 / 12, 1 / 8, 8 / 12, 1 / 8, 8 / 12, 5 / 8, 2 / 12, 5 / 8]
    shares = (tmp_path / "yolo/labels/1.txt").read_text().split()[1:]
    assert [float(share) for share in shares] == pytest.approx(corners)
    assert (tmp_path / "yolo/images/b.png").exists()


def test_pictures_that_tools_show_otherwise_are_rewritten_as_png(tmp_path, make_coco):
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    path = make_coco(
        {
            "images": [{"id": 1, "file_name": "a.png", "height": 6, "width": 8}],
            "categories": [{"id": 1, "name": "x"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": RING}],
        }
    )
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)  # annotated as stored
    dataset = load_dataset(path)
    save_dataset({"": dataset}, tmp_path / "out", "labelme")
    with Image.open(tmp_path / "out/a.png") as file:
        assert 0x0112 not in file.getexif()
        assert np.array_equal(np.asarray(file), pixels)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    save_dataset({"": Rings()}, tmp_path / "out", "labelme")  # an empty one is taken
    with pytest.raises(UserError, match="out' exists, and may hold corrected annotations"):
        save_dataset({"": Rings()}, tmp_path / "out", "labelme")


def test_pictures_of_one_name_get_different_names():
    paths = ["a/1.jpg", "b/1.jpg", "b/1.png", "c/1.JPG", "1.jpg", "2.jpg"]
    assert file_names(paths) == ["1.jpg", "b_1.jpg", "b_1-2.png", "c_1.JPG", "1-2.jpg", "2.jpg"]


@pytest.mark.parametrize("format", WRITERS)
def test_names_that_are_no_text_are_written_nevertheless(format, tmp_path):
    dataset = Rings()
    dataset.class_info[1]["name"] = "a\x00b\ud800"
    dataset.image_info[0]["id"] = "caf\udce9\n"
    save_dataset({"": dataset}, tmp_path / "out", format)
    assert [file.name for file in (tmp_path / "out").rglob("caf*.png")][0] == "caf__.png"
    texts = [file for file in (tmp_path / "out").rglob("*") if file.suffix in (".json", ".yaml", ".xml")]
    assert format == "labels" or all("a?b?" in file.read_text(encoding="utf-8") for file in texts)
