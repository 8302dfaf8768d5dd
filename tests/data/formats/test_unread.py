"""A format that is known but not read is called by its name, with what to export instead."""

import json

import pytest

from mrcnn_keras.data import load_dataset
from mrcnn_keras.errors import UserError

FILES = {
    "VIA 3": ("via.json", {"project": {}, "config": {}, "file": {}, "metadata": {}}, "VIA 3"),
    "CVAT for video": (
        "annotations.xml",
        '<?xml version="1.0"?><annotations><track id="0" label="x"><box frame="0"/></track></annotations>',
        "CVAT for video .XML. without images",
    ),
    "TFRecord": ("train.tfrecord", "", "TFRecord"),
    "parts of a TFRecord": ("train.record-00001-of-00010", "\0\1", "TFRecord"),
    "Label Studio": ("a.json", [{"id": 1, "data": {"image": "a.png"}, "annotations": []}], "Label Studio again"),
    "COCO results": ("a.json", [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}], "detections"),
    "COCO captions": ("x.json", {"images": [], "annotations": [{"caption": "a cat"}]}, "COCO's file of instances"),
}


@pytest.mark.parametrize("kind", FILES)
def test_known_formats_are_named(tmp_path, kind):
    name, content, words = FILES[kind]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    (tmp_path / "__MACOSX").mkdir()
    for place in (tmp_path, path):
        with pytest.raises(UserError, match=words) as error:
            load_dataset(place)
        assert name in str(error.value)
        assert "not read yet; " in str(error.value)
        assert "load_dataset" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "0 0.5 0.5 0.1 0.1\n2 0.1 0.2 0.3 1e-2\n"),
        ("a.txt", "0 0.5 0.5 0.1 0.1 0.2 0.9"),
        ("data.yaml", "train: images/train\nnc: 1\nnames: ['x']\n"),
        ("data.yml", "names:\n- x\nnc: 1\ntrain: ../train\n"),
        ("obj.names", "circle\n"),
    ],
)
def test_parts_of_yolo_without_its_pictures(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match="is of YOLO but without its pictures; give the folder that holds"):
        load_dataset(tmp_path / name)
    with pytest.raises(UserError, match="of YOLO but without its pictures|has no picture of its name"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("notes.txt", "what I did\n"), ("a.json", '{"a": 1}'), ("b.csv", "a,b\n1,2\n"), ("c.xml", "<x/>")],
)
def test_other_files_are_no_annotations(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=r"no annotations were found in .* \(pictures in it: 0.*; put a COCO") as error:
        load_dataset(tmp_path)
    assert "load_dataset" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON .*; export it again"),
        ('// made by hand\n{"images": []}', "is not JSON .*; export it again"),
        ("F\u00fc\u00dfe".encode("latin-1"), "is not text in UTF-8 .*; save it as UTF-8"),
    ],
    ids=["damaged", "comment", "latin-1"],
)
def test_json_that_cannot_be_read_is_named(tmp_path, content, words):
    (tmp_path / "a.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=f"no annotations were found in .*: '.*a.json' {words}"):
        load_dataset(tmp_path)


def test_files_that_are_no_annotations_are_refused_in_other_words(tmp_path):
    for name, words in {"a.zip": "unpack it and give the folder", "a.png": "give a COCO JSON file"}.items():
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(UserError, match=f"{name}', which is not an annotation file; {words}"):
            load_dataset(tmp_path / name)


def test_pictures_that_are_called_like_masks_are_named(tmp_path):
    for name in ("a.png", "a_mask.png", "b_Masks.png", "mask.png"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match="in folders inside: 0; 2 of them are called like masks, such as a"):
        load_dataset(tmp_path)
