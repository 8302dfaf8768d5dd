"""The RUN|MODEL argument with --set: a model opened with other settings than it was trained with."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from mrcnn_keras.cli import main
from mrcnn_keras.cli.models import load_model, lowest_score
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN

COMMANDS = {
    "detect": ("detect", "RUN", "PICTURE"),
    "evaluate": ("evaluate", "RUN", "DATA"),
    "export": ("export", "RUN", "--to", "savedmodel", "--out", "served"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_that_opens_a_model_takes_settings(command, trained, tiny_coco, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    places = {"RUN": trained, "PICTURE": tiny_coco / "valid" / "1.png", "DATA": tiny_coco / "valid"}
    words = [str(places.get(word, word)) for word in COMMANDS[command]]
    assert main([*words, "--set", "DETECTION_THRESHOLD=0.3"]) == 2
    assert "DETECTION_THRESHOLD is not a setting; did you mean DETECTION_NMS_THRESHOLD?" in capsys.readouterr().err


def test_detect_with_settings_finds_what_they_say(trained, tiny_coco, tmp_path, capsys):
    picture = tmp_path / "1.png"
    shutil.copy(tiny_coco / "valid" / "1.png", picture)
    words = ["detect", str(trained), str(picture), "--out", str(tmp_path / "out"), "--min-score", "0"]
    assert main([*words, "--set", "DETECTION_MAX_INSTANCES=1", "--set", "DETECTION_MIN_CONFIDENCE=0"]) == 0
    assert len(json.loads((tmp_path / "out" / "detections.json").read_text())) == 1
    printed = capsys.readouterr().out
    assert "variables loaded" not in printed
    assert "scores start at" not in printed


def test_settings_leave_the_weights_as_they_are(trained):
    model, changed = MaskRCNN.load(trained), load_model(trained, ["DETECTION_NMS_THRESHOLD=0.3"], "float32")
    assert changed.config == model.config.replace(DETECTION_NMS_THRESHOLD=0.3)
    for one, other in zip(model.weights, changed.weights, strict=True):
        if one.dtype == "float32":  # not the counters of the training
            np.testing.assert_array_equal(one, other)
    with pytest.raises(UserError, match="--set NUM_CLASSES=9: with these settings box_head/class_logits has other"):
        load_model(trained, ["NUM_CLASSES=9"])


def test_a_score_below_what_the_model_finds_gets_a_message(capsys):
    model = SimpleNamespace(config=SimpleNamespace(DETECTION_MIN_CONFIDENCE=0.7))
    assert lowest_score(model, 0.8) == 0.8
    assert not capsys.readouterr().out
    assert lowest_score(model, 0.5) is None
    printed = capsys.readouterr().out
    assert printed.startswith("scores start at 0.7, the model's DETECTION_MIN_CONFIDENCE; for lower ones add")
    assert printed.endswith("--set DETECTION_MIN_CONFIDENCE=0.5\n")
