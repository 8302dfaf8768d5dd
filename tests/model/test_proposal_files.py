"""Files of proposals: the three forms, and what is said about others."""

import json
import pickle
import sys
import types

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import read_proposals

BOXES = np.array([[0, 0, 15, 30], [20, 20, 40, 60]])


def test_read_proposals_from_npz(tmp_path):
    path = tmp_path / "boxes.npz"
    np.savez_compressed(path, **{"a.jpg": BOXES, "b.jpg": np.asfortranarray(BOXES[:1], ">f8"), "c": np.zeros((0, 4))})
    found = read_proposals(path)
    assert {key: boxes.tolist() for key, boxes in found.items()} == {
        "a.jpg": BOXES.tolist(),
        "b.jpg": BOXES[:1].tolist(),
        "c": [],
    }
    assert all(boxes.dtype == np.float32 for boxes in found.values())


def test_read_proposals_from_coco_results_sorted_by_score(tmp_path):
    """[x, y, width, height]: (10, 20, 30, 5) are rows 20 to 25, columns 10 to 40."""
    path = tmp_path / "results.json"
    rows = [(139, [10, 20, 30, 5], 0.2), (139, [0, 0, 1, 2], 0.9), (785, [1, 1, 1, 1], 1)]
    path.write_text(json.dumps([dict(zip(("image_id", "bbox", "score"), row, strict=True)) for row in rows]))
    found = read_proposals(path)
    assert {key: boxes.tolist() for key, boxes in found.items()} == {
        139: [[0, 0, 2, 1], [20, 10, 25, 40]],
        785: [[1, 1, 2, 2]],
    }
    path.write_text(json.dumps([{"image_id": 1, "file_name": "a.jpg", "bbox": [1, 1, 1, 1], "score": 0.5}]))
    assert list(read_proposals(path)) == ["a.jpg"]


@pytest.mark.parametrize("protocol", [2, 4])
def test_read_proposals_from_detectron2(tmp_path, protocol, monkeypatch):
    path = tmp_path / "proposals.pkl"
    content = {
        "ids": [139, "b.jpg"],
        "boxes": [np.float32([[10, 20, 40, 25], [0, 0, 1, 2]]), np.zeros((0, 4), np.float32)],
        "objectness_logits": [np.float32([-3, 2]), np.zeros(0, np.float32)],
        "bbox_mode": 0,
    }
    path.write_bytes(pickle.dumps(content, protocol))
    found = read_proposals(path)
    assert {key: boxes.tolist() for key, boxes in found.items()} == {139: [[0, 0, 2, 1], [20, 10, 25, 40]], "b.jpg": []}
    # As an enumeration of Detectron2, and under the names that Detectron had.
    module = types.ModuleType("detectron2.structures.boxes")
    module.BoxMode = type(
        "BoxMode", (int,), {"__module__": module.__name__, "__reduce__": lambda s: (type(s), (int(s),))}
    )
    monkeypatch.setitem(sys.modules, "detectron2", types.ModuleType("detectron2"))
    monkeypatch.setitem(sys.modules, "detectron2.structures", types.ModuleType("detectron2.structures"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    older = {"indexes": [7], "boxes": content["boxes"][:1], "scores": content["objectness_logits"][:1]}
    path.write_bytes(pickle.dumps({**older, "bbox_mode": module.BoxMode(1)}, protocol))
    assert read_proposals(path)[7].tolist() == [[0, 0, 2, 1], [20, 10, 45, 50]]


def npz(path, **arrays):
    np.savez(path, **arrays)


SPOILT = {
    "boxes.txt": (
        lambda path: path.write_text("1 2 3 4"),
        "boxes.txt: proposals are read from .npz, .json, .pkl; give",
    ),
    "absent.npz": (lambda path: None, "absent.npz is not a file; give one with proposals"),
    "empty.npz": (npz, "empty.npz holds no proposals; give a file with some"),
    "torn.npz": (lambda path: path.write_bytes(b"PK\3\4torn"), "torn.npz is damaged or not what it seems"),
    "three.npz": (lambda path: npz(path, a=np.zeros((2, 3))), r"three.npz has 'a' of shape \(2, 3\), float64; save"),
    "object.npz": (lambda path: npz(path, a=np.array([[{}] * 4])), "object.npz has 'a' of shape .*, object; save"),
    "swapped.npz": (lambda path: npz(path, a=BOXES[:, ::-1]), "swapped.npz: proposals of 'a': box 0 is"),
    "coco.json": (lambda path: path.write_text("{}"), "coco.json is not a list; write rows"),
    "scores.json": (
        lambda path: path.write_text('[{"image_id": 3}]'),
        "scores.json has the row {'image_id': 3}; write",
    ),
    "four.json": (
        lambda path: path.write_text('[{"image_id": 3, "score": 1, "bbox": [1, 2]}]'),
        "four.json has boxes of 3 that are not four numbers and a score each",
    ),
    "code.pkl": (lambda path: path.write_bytes(pickle.dumps(print)), "code.pkl .*print"),
    "list.pkl": (lambda path: path.write_bytes(pickle.dumps([1])), "list.pkl holds no dict; give proposals that"),
    "parts.pkl": (
        lambda path: path.write_bytes(pickle.dumps({"ids": [1], "boxes": [], "scores": []})),
        "parts.pkl lacks ids, boxes and objectness_logits of equal length",
    ),
    "mode.pkl": (
        lambda path: path.write_bytes(pickle.dumps({"ids": [1], "boxes": [[]], "scores": [[]], "bbox_mode": 4})),
        "mode.pkl has boxes of mode 4; convert them to BoxMode.XYXY_ABS",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_read_proposals_refuses_spoilt_files(name, tmp_path):
    write, sentence = SPOILT[name]
    write(tmp_path / name)
    with pytest.raises(UserError, match=sentence):
        read_proposals(tmp_path / name)


def test_read_proposals_refuses_a_zip_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr("mrcnn_keras.model.proposal_files.MOST_BYTES", 100)
    npz(tmp_path / "a.npz", a=BOXES, b=BOXES)  # of 64 bytes each
    with pytest.raises(UserError, match="a.npz unpacks to more than 0 GB of boxes; cut it into several files"):
        read_proposals(tmp_path / "a.npz")
