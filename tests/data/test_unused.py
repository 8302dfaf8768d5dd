"""Pictures that lie in a data set without belonging to it."""

import json
import shutil

from PIL import Image

from mrcnn_keras.data import load_dataset, unused_pictures
from tests.data.small_coco import coco_content


def names(path):
    return [file.name for file in unused_pictures(path, [load_dataset(path)])]


def save(path, size=(8, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, 7).save(path)


def test_pictures_that_no_annotation_names(make_coco, tmp_path):
    file = make_coco(coco_content())
    assert names(tmp_path) == names(file) == []
    save(tmp_path / "b.png")
    save(tmp_path / "inside" / "c.jpg")
    save(tmp_path / "masks" / "a.png")
    save(tmp_path / "__MACOSX" / "d.png")
    save(tmp_path / "a_mask.png")
    assert names(tmp_path) == ["b.png", "c.jpg"]
    assert names(file) == ["b.png"]
    shutil.copy(file, tmp_path / "other.json")  # which may name the rest
    assert names(file) == []


def test_pictures_of_entries_that_are_left_out_are_known(make_coco, tmp_path):
    content = coco_content()
    content["images"].append({"id": 6, "file_name": "wrong.png", "height": 6, "width": 8})
    file = make_coco(content)
    content["images"][1]["height"] = -1
    file.write_text(json.dumps(content))
    assert names(tmp_path) == []


def test_mask_files_are_no_pictures(tmp_path):
    save(tmp_path / "p" / "images" / "a.png")
    save(tmp_path / "p" / "masks" / "1.png")
    assert names(tmp_path) == []
    save(tmp_path / "images" / "x.png")
    assert names(tmp_path / "p" / ".." / "p" / "..") == ["x.png"]
