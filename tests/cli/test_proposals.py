"""--proposals of `mrcnn train`, `evaluate` and `detect`."""

import json
from pathlib import Path

import numpy as np
import pytest

from mrcnn_keras.cli import main
from mrcnn_keras.config import Config
from mrcnn_keras.data import load_dataset
from tests.model.proposed import proposed_boxes


@pytest.fixture
def proposals(tiny_coco, tmp_path, monkeypatch):
    """Two files: of the training pictures by name, and of the validation pictures as COCO results."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    arrays, rows = {}, []
    data = load_dataset(tiny_coco, subset="train")
    for image_id in data.image_ids:
        name = data.image_info[image_id]["path"].rpartition("/")[2]
        arrays[name] = proposed_boxes(data.load_annotations(image_id), rng)
    np.savez(tmp_path / "train.npz", **arrays)
    data = load_dataset(tiny_coco, subset="val")
    for image_id in data.image_ids:
        for y1, x1, y2, x2 in proposed_boxes(data.load_annotations(image_id), rng).tolist():
            box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "score": rng.random()}
            rows.append({"image_id": data.image_info[image_id]["id"], **box})
    (tmp_path / "val.json").write_text(json.dumps(rows))
    return ["--proposals", "train.npz", "--proposals", "val.json"]


@pytest.fixture
def mistake(capsys):
    """A function: words -> the one line on stderr."""

    def run(*words):
        assert main([str(word) for word in words]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line.removeprefix("mrcnn: ")

    return run


@pytest.mark.slow
def test_train_evaluate_and_detect_with_proposals(proposals, tiny_coco, tiny_options, mistake, capsys, without_graphs):
    train = ["train", str(tiny_coco), "--steps-per-epoch", "2", "--out", "run"]
    options = [*tiny_options, "--set", "MASKS=False"]
    assert main([*train, *options, "--epochs", "1", *proposals]) == 0
    assert Config.load("run/config.json").PROPOSALS == "given"
    printed = capsys.readouterr().out
    assert "RPN_ANCHOR_SCALES" not in printed
    assert main([*train, "--resume", "--epochs", "2"]) == 0  # the run remembers the files
    assert "resuming in run" in capsys.readouterr().out

    valid = tiny_coco / "valid"
    assert mistake("evaluate", "run", valid) == "run takes proposals with each picture; give --proposals FILE"
    sentence = mistake("evaluate", "run", valid, "--proposals", "absent.pkl")
    assert sentence == "absent.pkl is not a file; give one with proposals"
    assert main(["evaluate", "run", str(valid), *proposals[2:], "--json", "scores.json", "--out", "drawn"]) == 0
    assert "bbox/AP50" in json.loads(Path("scores.json").read_text())

    pictures = [str(tiny_coco / "train" / f"{i}.png") for i in (1, 2)]
    assert mistake("detect", "run", *pictures) == "run takes proposals with each picture; give --proposals FILE"
    np.savez("one.npz", **{"1.png": [[0, 0, 30, 30]]})
    assert mistake("detect", "run", *pictures, "--proposals", "one.npz").startswith("there are no proposals for ")
    assert main(["detect", "run", *pictures, "--min-score", "0.01", *proposals]) == 0
    assert {row["file_name"] for row in json.loads(Path("detections/detections.json").read_text())} == {
        "1.png",
        "2.png",
    }


def test_train_refuses_wrong_proposals(proposals, tiny_coco, tiny_options, mistake):
    train = ["train", tiny_coco, "--epochs", "1", *tiny_options]
    assert mistake(*train, "--set", "PROPOSALS=given") == "PROPOSALS='given' needs proposals; give --proposals FILE"
    sentence = mistake("train", tiny_coco / "valid", "--epochs", "1", *tiny_options, "--proposals", "other.npz")
    assert sentence == "other.npz is not a file; give one with proposals"
    np.savez("other.npz", **{"elsewhere.jpg": [[0, 0, 30, 30]]})
    sentence = mistake("train", tiny_coco / "valid", "--epochs", "1", *tiny_options, "--proposals", "other.npz")
    assert sentence.startswith("the proposals are for 'elsewhere.jpg' and so on, not for coco image ")


@pytest.mark.slow
def test_model_with_an_rpn_refuses_proposals(trained, tiny_coco, proposals, mistake):
    sentence = mistake("evaluate", trained, tiny_coco / "valid", *proposals)
    assert sentence == f"{trained} finds its proposals itself; leave out --proposals"
