"""Instances for other projects: COCO's annotations, labelme's shapes, supervision."""

import json
import sys

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from mrcnn_keras.data import load_dataset
from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.errors import UserError

NAMES = ["BG", "ring", "pieces"]


def instances(scores=True, boxes_only=True):
    """A ring; two pieces; a crowd; and a box only, in a picture of 40 x 60."""
    ring = np.ones((12, 14), bool)
    ring[4:8, 4:10] = False
    pieces = np.zeros((10, 20), bool)
    pieces[:4, :6] = pieces[6:, 15:] = True
    crops = [MaskCrop(2, 3, ring), MaskCrop(20, 30, pieces), MaskCrop(30, 2, np.ones((5, 9), bool)), None]
    boxes, ids = [(2, 3, 14, 17), (20, 30, 30, 50), (30, 2, 35, 11), (5.5, 40, 12, 58)], [1, 2, -1, 1]
    count = 4 if boxes_only else 3
    given = [0.9, 0.8, 0.7, 0.6][:count] if scores else None
    return Detections((40, 60), boxes[:count], ids[:count], given, crops[:count])


def test_pycocotools_reads_the_annotations_as_the_same_masks(tmp_path):
    found = instances()
    annotations = found.to_coco(image_id=np.int64(7), category_ids=[0, 5, 9], first_id=11)
    assert [a["id"] for a in annotations] == [11, 12, 13, 14]
    assert [a["category_id"] for a in annotations] == [5, 9, 5, 5]
    assert [a["iscrowd"] for a in annotations] == [0, 0, 1, 0]
    assert [type(a.get("segmentation")) for a in annotations] == [dict, list, dict, type(None)]
    assert annotations[3]["bbox"] == [40, 5.5, 18, 6.5]
    assert [a["score"] for a in annotations] == pytest.approx([0.9, 0.8, 0.7, 0.6])
    content = {"images": [{"id": 7, "height": 40, "width": 60}], "annotations": annotations[:3]}
    content["categories"] = [{"id": i, "name": str(i)} for i in (5, 9)]
    (tmp_path / "a.json").write_text(json.dumps(content))
    coco = COCO(tmp_path / "a.json")
    for i, annotation in enumerate(coco.loadAnns([11, 12, 13])):
        assert np.array_equal(coco.annToMask(annotation), found.mask(i))
        assert annotation["area"] == found.areas[i]


def test_annotations_of_keypoints_and_of_nothing():
    points = [[(10.5, 20.5, 2), (0, 0, 0)]]
    [annotation] = Detections((40, 60), [(2, 3, 14, 17)], [1], None, None, points).to_coco()
    assert (annotation["keypoints"], annotation["num_keypoints"]) == ([20, 10, 2, 0, 0, 0], 1)
    assert "score" not in annotation
    assert "segmentation" not in annotation
    assert Detections.empty((4, 6)).to_coco() == []


def test_labelme_shapes_come_back_as_the_same_masks(tmp_path):
    found = instances(boxes_only=False)
    shapes = found.to_labelme(NAMES)
    assert [(s["label"], s["group_id"], s["shape_type"]) for s in shapes] == [
        ("ring", None, "polygon"),
        ("pieces", 2, "polygon"),
        ("pieces", 2, "polygon"),
    ]
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "a.png")
    content = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": "a.png", "imageData": None}
    (tmp_path / "a.json").write_text(json.dumps({**content, "imageHeight": 40, "imageWidth": 60}))
    data = load_dataset(tmp_path)
    read = data.load_annotations(0)
    assert sorted(data.class_names[i] for i in read.class_ids) == ["pieces", "ring"]
    for i in range(2):
        [place] = [k for k, class_id in enumerate(read.class_ids) if data.class_names[class_id] == NAMES[i + 1]]
        assert np.array_equal(read.mask(place), found.mask(i))


def test_labelme_has_rectangles_for_boxes_and_no_crowds():
    shapes = instances().to_labelme(NAMES)
    assert shapes[-1]["shape_type"] == "rectangle"
    assert shapes[-1]["points"] == [[40, 5.5], [58, 12]]
    assert len(shapes) == 4
    assert json.loads(json.dumps(shapes)) == shapes
    with pytest.raises(UserError, match="class id 2 has no name among the 2 class_names"):
        instances().to_labelme(NAMES[:2])
    assert Detections.empty((4, 6)).to_labelme(["BG"]) == []


def test_simplified_outlines_have_fewer_points():
    y, x = np.mgrid[:60, :60]
    disc = Detections.from_masks((np.hypot(y - 30, x - 30) < 25)[..., None], [1])
    exact, simple = (disc.to_labelme(NAMES, tolerance)[0]["points"] for tolerance in (0, 1))
    assert len(simple) < len(exact) / 2
    [exact, simple] = (disc.to_coco(tolerance=tolerance)[0]["segmentation"][0] for tolerance in (0, 1))
    assert len(simple) < len(exact) / 2


def test_supervision():
    pytest.importorskip("supervision", reason="supervision, which is optional, is not installed")
    found = instances()
    theirs = found.to_supervision(NAMES)
    assert np.array_equal(theirs.xyxy, found.boxes[:, [1, 0, 3, 2]])
    assert np.array_equal(theirs.mask, np.moveaxis(found.masks, -1, 0))
    assert theirs.confidence.tolist() == found.scores.tolist()
    assert theirs.class_id.tolist() == [1, 2, 1, 1]
    assert theirs.data["class_name"].tolist() == ["ring", "pieces", "ring", "ring"]
    assert theirs.data["iscrowd"].tolist() == [False, False, True, False]
    assert theirs[theirs.confidence > 0.75].class_id.tolist() == [1, 2]
    assert len(Detections.empty((4, 6)).to_supervision()) == 0
    truth = Detections((4, 6), [(1, 1, 3, 4)], [1]).to_supervision()
    assert (truth.mask, truth.confidence) == (None, None)
    with pytest.raises(UserError, match="class id 2 has no name"):
        found.to_supervision(NAMES[:2])


def test_without_supervision_its_installation_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(UserError, match="pip install supervision"):
        instances().to_supervision()
