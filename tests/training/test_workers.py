"""Several processes that train one model together."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mrcnn_keras.cli import main
from mrcnn_keras.model import MaskRCNN

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds until a test gives up
# `mrcnn` in a process that saves after each epoch, and is killed at the beginning of a step if it is told so.
COMMAND = """
import os, signal, sys
from mrcnn_keras.cli import main
from mrcnn_keras.training import callbacks

callbacks.SAVING_SHARE = 1e9
begin = callbacks.Schedule.on_train_batch_begin

def on_train_batch_begin(self, batch, logs=None):
    if str(self.step) == os.environ.get("KILLED_AT_STEP"):
        os.kill(os.getpid(), signal.SIGKILL)
    begin(self, batch, logs)

callbacks.Schedule.on_train_batch_begin = on_train_batch_begin
sys.exit(main(sys.argv[1:]))
"""


def free_ports(count):
    places = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [place.getsockname()[1] for place in places]
    for place in places:
        place.close()
    return ports


def run_workers(words, killed_at=()):
    """Runs `mrcnn` with these words in two processes -> [(exit code, output)]. killed_at: {worker: step}."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    processes = []
    for index in range(2):
        own = {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})}
        own |= {"KILLED_AT_STEP": str(killed_at[index])} if index in killed_at else {}
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words],
            cwd=ROOT,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
    try:
        outputs = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, output) for process, output in zip(processes, outputs, strict=True)]


@pytest.mark.slow
def test_two_workers_one_of_them_killed_and_both_started_again_end_like_one(tiny_coco, tiny_options, tmp_path):
    clipped = ["--set", "GRADIENT_CLIP_NORM=0.5", "--set", "LEARNING_MOMENTUM=0.9", "--precision", "float32"]
    words = ["train", str(tiny_coco), "--epochs", "3", "--seed", "5", *tiny_options, *clipped]
    together = [*words, "--out", str(tmp_path / "together"), "--resume"]
    (code, said), (killed, _) = run_workers(together, killed_at={1: 4})
    assert killed == -9
    assert code == 2, said
    assert "another worker has stopped; start all 2 again" in said
    (code, said), (other, _) = run_workers(together)
    assert (code, other) == (0, 0), said
    assert "from step 3" in said

    assert main([*words, "--out", str(tmp_path / "alone")]) == 0
    models = [MaskRCNN.load(tmp_path / name / "last.keras") for name in ("together", "alone")]
    for mine, its in zip(*(model.weights + model.optimizer.variables for model in models), strict=True):
        np.testing.assert_allclose(np.array(mine), np.array(its), rtol=1e-4, atol=1e-5, err_msg=mine.path)
