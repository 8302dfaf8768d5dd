"""A training that loses power or is stopped ends as if it had not been interrupted."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import pytest

from mrcnn_keras.cli import main
from mrcnn_keras.cli.parser import _parser
from mrcnn_keras.cli.train import _recall
from mrcnn_keras.training import RunFolder
from tests.graphs import AS_MADE
from tests.tiny import ONE_MAP, as_options

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds until a test gives up

# Trains for 2 epochs of 3 steps, once uninterrupted and once with Ctrl-C after step 1 and a new model that resumes.
EXACT = """
import json, sys
import tensorflow as tf
tf.config.experimental.enable_op_determinism()  # without it, sums of gradients may add up in any order
import keras
import numpy as np
import mrcnn_keras as mk

settings, out = json.loads(sys.argv[1]), sys.argv[2]
data = mk.ShapesDataset(count=6, image_size=(64, 64), seed=0)
config = mk.Config.preset("resnet18_fpn", NUM_CLASSES=4, **settings)

def press(batch, logs):
    if batch == 0:
        raise KeyboardInterrupt

keras.utils.set_random_seed(1)
model = mk.MaskRCNN(config)
model.compile()
model.optimizer.build(model.trainable_variables)
variables = model.weights + model.optimizer.variables
at_first = [np.array(v) for v in variables]
mk.train(model, data, epochs=2, out=f"{out}/straight", seed=5)
straight = [np.array(w) for w in model.weights]

for variable, value in zip(variables, at_first):
    variable.assign(value)
try:
    mk.train(model, data, epochs=2, out=f"{out}/broken", seed=5, callbacks=[
        keras.callbacks.LambdaCallback(on_train_batch_end=press)])
except KeyboardInterrupt:
    print("stopped")
keras.utils.set_random_seed(2)
resumed = mk.MaskRCNN(config)
mk.train(resumed, data, epochs=2, out=f"{out}/broken", seed=5, resume=True)
differing = [w.path for w, value in zip(resumed.weights, straight) if not np.array_equal(w, value)]
last = [mk.MaskRCNN.load(f"{out}/{name}/last.keras") for name in ("straight", "broken")]
whole, again = ([np.array(v) for v in one.weights + one.optimizer.variables] for one in last)
differing += [i for i, (a, b) in enumerate(zip(whole, again, strict=True)) if not np.array_equal(a, b)]
best = [np.array(w) for w in mk.MaskRCNN.load(f"{out}/broken/best.keras").weights]
differing += [w.path for w, value in zip(resumed.weights, best) if not np.array_equal(w, value)]
assert any(not np.array_equal(a, b) for a, b in zip(whole, best)), "the average is that of the last step"
moved = sum(not np.array_equal(old, new) for old, new in zip(at_first, straight))
print("moved", moved, "of", len(straight), "differing", differing)
"""


@pytest.mark.slow
def test_resumed_training_has_bit_equal_weights(tmp_path):
    # Interrupted between two updates, with gradients that wait for the second step, and with an average of the weights.
    several = {"GRADIENT_ACCUMULATION": 2, "EMA_MOMENTUM": 0.5, "AUGMENT": "few"}
    own = {"OPTIMIZER": "adamw", "LEARNING_RATE": 0.001, "BACKBONE_NORM": "bn"}
    settings = json.dumps({**ONE_MAP, **own, **several})
    command = [sys.executable, "-c", AS_MADE + EXACT, settings, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "stopped" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.endswith("differing []"), last
    assert int(last.split()[1]) > 50, last


COMMAND = """
import sys
from mrcnn_keras.cli import main
sys.exit(main(sys.argv[1:]))
"""


def iterations(path):
    """Of the optimizer in a .keras file."""
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        return int(file["optimizer/vars/0"][()])


def test_deterministic_is_switched_on_remembered_and_not_for_a_time(
    tiny_coco, tiny_options, tmp_path, capsys, monkeypatch
):
    switched = []
    monkeypatch.setattr("tensorflow.config.experimental.enable_op_determinism", lambda: switched.append(True))
    monkeypatch.setattr("mrcnn_keras.cli.train.train", lambda *data, **options: {})
    run = tmp_path / "run"
    run.mkdir()
    words = ["train", str(tiny_coco / "train"), "--out", str(run), *tiny_options]
    assert main([*words, "--deterministic", "--minutes", "1"]) == 2
    assert capsys.readouterr().err.endswith("how far a training gets in a time differs; give --epochs\n")
    assert not switched
    assert main([*words, "--deterministic", "--epochs", "1"]) == 0
    assert len(switched) == 1
    assert json.loads((run / "options.json").read_text())["deterministic"] is True
    resumed = _parser().parse_args([*words, "--resume"])
    resumed.stratified = None  # no option
    _recall(resumed, RunFolder(run))
    assert resumed.deterministic
    assert main([*words, "--epochs", "1"]) == 0
    assert len(switched) == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX systems")
def test_killed_training_can_be_resumed(tiny_coco, tmp_path, capsys, without_graphs):
    run = RunFolder(tmp_path / "run")
    length = ["--epochs", "5", "--steps-per-epoch", "2", "--seed", "3"]
    words = ["train", str(tiny_coco / "train"), "--out", str(run.path)]
    command = [sys.executable, "-c", AS_MADE + COMMAND, *words, *length, *as_options(ONE_MAP)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as training:
        assert any(line.startswith("epoch 1:") for line in training.stdout), "ended before its first epoch"
        training.send_signal(signal.SIGKILL)
        assert training.wait() == -signal.SIGKILL

    saved = iterations(run.last)
    before = [row for row in run.rows() if row["step"] <= saved]
    assert main([*words, "--resume", "--seed", "4"]) == 2
    assert "--seed 4: the training in" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0  # the options of the first start are remembered
    assert f"from step {saved}" in capsys.readouterr().out or saved == 0
    rows = run.rows()
    assert [row["step"] for row in rows] == list(range(2, 11, 2))
    assert rows[: len(before)] == before
    assert iterations(run.last) == 10
    assert run.best.exists()
    assert not list(run.path.glob(".*"))
