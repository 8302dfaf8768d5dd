"""The commands on pictures with keypoints, as a user calls them."""

import json

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.cli import main
from mrcnn_keras.config import Config
from mrcnn_keras.data.formats.coco import to_coco
from mrcnn_keras.data.generated import StickFiguresDataset


def write_figures(folder, count, seed):
    """Pictures of stick figures with a COCO file of their keypoints."""
    folder.mkdir(parents=True)
    data = StickFiguresDataset(count=count, image_size=(64, 64), seed=seed)
    for i in data.image_ids:
        Image.fromarray(data.load_image(i)).save(folder / data.image_info[i]["path"])
    (folder / "_annotations.coco.json").write_text(json.dumps(to_coco(data)))


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """A folder with train/ (4 pictures) and valid/ (2)."""
    folder = tmp_path_factory.mktemp("figures")
    write_figures(folder / "train", 4, 0)
    write_figures(folder / "valid", 2, 1)
    return folder


def test_inspect_counts_keypoints(figures, tmp_path, capsys):
    assert main(["inspect", str(figures), "--out", str(tmp_path / "a.png"), "--json", str(tmp_path / "a.json")]) == 0
    counted = json.loads((tmp_path / "a.json").read_text())
    assert counted["instances_with_keypoints"] == counted["instances"] > 5
    assert len(counted["keypoints"]) == 13
    assert "left_ankle" in capsys.readouterr().out


@pytest.mark.slow
def test_train_evaluate_and_detect_keypoints(figures, tiny_options, tmp_path, capsys, without_graphs):
    run, words = tmp_path / "run", ["--set", "MASKS=False", "--set", "KEYPOINT_HEAD_CONVS=1"]
    words += ["--set", "KEYPOINT_HEAD_CHANNELS=16", "--set", "KEYPOINT_POOL_SIZE=7"]
    assert main(["train", str(figures), "--epochs", "1", "--out", str(run), *tiny_options, *words]) == 0
    printed = capsys.readouterr().out
    assert "NUM_KEYPOINTS = 13 (head, left_shoulder, right_shoulder, left_elbow, right_elbow, ...)" in printed
    assert "KEYPOINT_FLIP_PAIRS = ((1, 2)" in printed
    assert "keypoints/AP" in (run / "metrics.csv").read_text()
    config = Config.load(run / "config.json")
    assert config.KEYPOINT_NAMES[1] == "left_shoulder"
    assert config.KEYPOINT_SIGMAS[1] == 0.079

    scores = tmp_path / "scores.json"
    assert main(["evaluate", str(run), str(figures), "--out", str(tmp_path / "drawn"), "--json", str(scores)]) == 0
    assert {"keypoints/AP", "keypoints/AP50", "keypoints/AP75"} <= set(json.loads(scores.read_text()))
    picture = next((figures / "valid").glob("*.png"))
    found = tmp_path / "found"
    assert main(["detect", str(run), str(picture), "--min-score", "0", "--out", str(found)]) == 0
    for row in json.loads((found / "detections.json").read_text()):
        assert len(row["keypoints"]) == 3 * 13
        assert np.isfinite(row["keypoints"]).all()


def test_set_num_keypoints_0_overrides_the_data(figures, monkeypatch, tmp_path):
    configs = []
    monkeypatch.setattr("mrcnn_keras.cli.train.MaskRCNN", lambda config: configs.append(config) or 1 / 0)
    words = ["train", str(figures), "--out", str(tmp_path / "run"), "--set"]
    with pytest.raises(ZeroDivisionError):
        main([*words, "NUM_KEYPOINTS=0"])
    assert (configs[0].NUM_KEYPOINTS, configs[0].KEYPOINT_NAMES) == (0, ())
