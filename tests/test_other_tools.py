"""docs/other_tools.md: its Python does what it says, with the tools that are installed."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import mrcnn_keras
from mrcnn_keras.data import load_dataset
from mrcnn_keras.detections import Detections

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "other_tools.md").read_text(encoding="utf-8")
NAMES = ("BG", "circle", "square", "triangle")
SIZE = (40, 60)
SCORES = np.array([0.9, 0.6], np.float32)


def boxes_drawn(picture):
    """Masks [H, W, 2]: what is red, and what is green."""
    return np.dstack([picture[..., 0] > 100, picture[..., 1] > 100])


class FakeModel:
    """Finds red squares and green triangles; `pictures` has what it was shown."""

    class_names = NAMES

    def __init__(self):
        self.pictures = []

    def detect(self, images, min_score=None):
        picture = np.asarray(images[0])
        self.pictures.append(picture.shape[:2])
        masks = boxes_drawn(picture)
        seen = masks.any(axis=(0, 1))
        return [Detections.from_masks(masks[..., seen], np.array([2, 3])[seen], SCORES[seen])]


@pytest.fixture
def image():
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[4:14, 6:16, 0] = 255
    picture[20:36, 30:55, 1] = 255
    return picture


@pytest.fixture
def page(monkeypatch, tmp_path, image):
    """A function: heading, number of a Python block below it -> the names that it leaves, in a folder of its own.

    slices: pixels, in place of SAHI's.
    """
    model = FakeModel()
    monkeypatch.setitem(vars(mrcnn_keras), "MaskRCNN", SimpleNamespace(load=lambda path: model))
    monkeypatch.chdir(tmp_path)

    def run(heading, number=0, slices="512"):
        blocks = re.findall(
            r"```python\n(.*?)```", re.split(rf"^## {heading}$", PAGE, flags=re.MULTILINE)[1], re.DOTALL
        )
        names = {"image": image, "__name__": heading}
        exec(compile(blocks[number].replace("512", slices), f"docs/other_tools.md: {heading}", "exec"), names)
        return names

    return run


def test_supervision_counts_what_lies_in_a_half(page, capsys):
    pytest.importorskip("supervision", reason="supervision is not installed")
    drawn = page("supervision")["drawn"]
    assert "1 of 2 in the left half" in capsys.readouterr().out
    assert not np.array_equal(drawn, np.zeros_like(drawn))


def test_label_studio_gets_polygons_in_percent_under_the_names_of_its_interface(page, image, tmp_path):
    (tmp_path / "photos").mkdir()
    Image.fromarray(image).save(tmp_path / "photos" / "1.jpg", quality=100, subsampling=0)
    page("Label Studio")
    [task] = json.loads((tmp_path / "tasks.json").read_text())
    assert task["data"] == {"image": "/data/local-files/?d=photos/1.jpg"}
    square, triangle = task["predictions"][0]["result"]
    points = np.array(square["value"]["points"]) * (60, 40) / 100
    assert [*points.min(axis=0), *points.max(axis=0)] == pytest.approx([6, 4, 16, 14])
    assert triangle["value"]["polygonlabels"] == ["triangle"]
    view = ElementTree.fromstring(re.search(r"```xml\n(.*?)```", PAGE, re.DOTALL)[1])
    control = view.find("PolygonLabels")
    assert (control.get("name"), control.get("toName")) == (square["from_name"], square["to_name"])
    assert view.find("Image").get("name") == square["to_name"]
    assert [label.get("value") for label in control] == [*NAMES[1:]]


def test_label_studios_own_export_is_read(page, image, tmp_path):
    converter = pytest.importorskip("label_studio_sdk.converter", reason="label-studio-sdk is not installed")
    (tmp_path / "photos").mkdir()
    Image.fromarray(image).save(tmp_path / "photos" / "1.jpg", quality=100, subsampling=0)
    page("Label Studio")
    [task] = json.loads((tmp_path / "tasks.json").read_text())
    corrected = {"id": 1, "result": task["predictions"][0]["result"], "was_cancelled": False}
    (tmp_path / "exported").mkdir()
    task = {"id": 1, "data": {"image": "photos/1.jpg"}, "annotations": [corrected]}
    (tmp_path / "exported" / "1.json").write_text(json.dumps(task))
    interface = re.search(r"```xml\n(.*?)```", PAGE, re.DOTALL)[1]
    tool = converter.Converter(interface, str(tmp_path), download_resources=False)
    tool.convert_to_coco(str(tmp_path / "exported"), str(tmp_path), output_image_dir=str(tmp_path / "photos"))
    data = load_dataset(tmp_path / "result.json")
    assert data.class_names == [*NAMES]
    assert masks_overlap(data.load_annotations(0).masks, boxes_drawn(image))


def masks_overlap(masks, others):
    return ((masks & others).sum(axis=(0, 1)) / (masks | others).sum(axis=(0, 1)) > 0.95).all()


def test_sahi_finds_in_slices_and_in_the_whole_picture(page, image):
    pytest.importorskip("sahi", reason="sahi is not installed")
    names = page("SAHI", slices="30")
    assert {*names["model"].model.pictures} == {(30, 30), (40, 60)}
    found = {one["category_name"]: one for one in names["annotations"]}
    assert {name: one["bbox"] for name, one in found.items()} == {
        "square": [6, 4, 10, 10],
        "triangle": [30, 20, 25, 16],
    }
    for name, (x1, y1, x2, y2) in {"square": (6, 4, 16, 14), "triangle": (30, 20, 55, 36)}.items():
        [outline] = found[name]["segmentation"]
        assert {*outline[::2]} >= {x1, x2}
        assert {*outline[1::2]} >= {y1, y2}


@pytest.fixture
def fiftyone():
    return pytest.importorskip("fiftyone", reason="FiftyOne is not installed")


def test_fiftyone_has_masks_in_their_places(fiftyone, page, image, tmp_path, write_coco):
    from mrcnn_keras.data.generated import ShapesDataset

    write_coco(tmp_path / "photos", ShapesDataset(count=1, image_size=(64, 64), seed=0))
    names = page("FiftyOne", 1)
    [sample] = names["samples"]
    truth = load_dataset(tmp_path / "photos").load_annotations(0)
    for i, label in enumerate(sample["truth"].detections):
        filled = label.to_segmentation(frame_size=(64, 64)).mask > 0
        assert np.array_equal(filled, truth.mask(i))
    found = names["for_fiftyone"](FakeModel().detect([image])[0], NAMES).detections
    assert [(one.label, one.confidence) for one in found] == [("square", SCORES[0]), ("triangle", SCORES[1])]
    assert found[0].bounding_box == [6 / 60, 4 / 40, 10 / 60, 10 / 40]


def test_fiftyones_importer_reads_what_the_package_writes(fiftyone, tmp_path, write_coco):
    from fiftyone.utils.coco import COCODetectionDatasetImporter

    from mrcnn_keras.data.generated import ShapesDataset
    from mrcnn_keras.data.saving import save_dataset

    data = ShapesDataset(count=1, image_size=(64, 64), seed=0)
    write_coco(tmp_path / "photos", data)
    save_dataset({"": load_dataset(tmp_path / "photos")}, tmp_path / "new", "coco")
    folder = tmp_path / "new"
    [labels] = (folder / "annotations").iterdir()
    given = {"data_path": str(folder / "images"), "labels_path": str(labels), "label_types": "segmentations"}
    with COCODetectionDatasetImporter(**given) as importer:
        [(_, _, content)] = list(importer)
    truth = load_dataset(tmp_path / "photos").load_annotations(0)
    masks = [label.to_segmentation(frame_size=(64, 64)).mask > 0 for label in content.detections]
    assert masks_overlap(np.dstack(masks), truth.masks)
