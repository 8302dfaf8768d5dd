"""Several processes that train one model together."""

import json
import os
import socket
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.cli import main
from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.training import Workers, cluster_strategy, device_strategy
from mrcnn_keras.training.workers import ChiefsClock, FolderOfTheChief
from tests.graphs import AS_MADE
from tests.tiny import ONE_MAP, as_options

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds until a test gives up
# `mrcnn` in a process that saves after each epoch, and is killed at the beginning of a step if asked to.
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
            [sys.executable, "-c", AS_MADE + COMMAND, *words],
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
def test_two_workers_one_of_them_killed_and_both_started_again_end_like_one(tiny_coco, tmp_path):
    clipped = ["--set", "GRADIENT_CLIP_NORM=0.5", "--set", "LEARNING_MOMENTUM=0.9", "--precision", "float32"]
    words = ["train", str(tiny_coco), "--epochs", "2", "--seed", "5", *as_options(ONE_MAP), *clipped]
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
        np.testing.assert_allclose(np.array(mine), np.array(its), rtol=1e-4, atol=1e-6, err_msg=mine.path)


def in_cluster(task, **cluster):
    return json.dumps({"cluster": cluster, "task": task})


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("{", "is not understood"),
        ("[]", "is not understood"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', "is not understood"),
        (in_cluster({"type": "worker", "index": 2}, worker=["a:1", "b:1"]), "is not understood"),
        (in_cluster({"type": "worker", "index": 0}, worker=["a:1", "b:1"], ps=["c:1"]), "TF_CONFIG has ps"),
    ],
)
def test_a_wrong_tf_config_is_refused(monkeypatch, config, sentence):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(UserError, match=sentence):
        cluster_strategy()


def test_a_tf_config_of_one_worker_is_no_cluster(monkeypatch):
    assert cluster_strategy() is None
    monkeypatch.setenv("TF_CONFIG", in_cluster({"type": "worker", "index": 0}, worker=["a:1"]))
    assert cluster_strategy() is None


@pytest.mark.parametrize(
    ("gpus", "batch_size", "used", "sentence"),
    [
        (1, 4, 1, ""),
        (2, 4, 2, "training on 2 of 2 GPUs, 2 pictures"),
        (4, 6, 3, "a BATCH_SIZE that 4 divides uses all"),
    ],
)
def test_as_many_gpus_are_used_as_can_have_equal_parts(monkeypatch, capsys, gpus, batch_size, used, sentence):
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda devices: devices)
    names = [f"GPU:{i}" for i in range(gpus)]
    assert device_strategy(batch_size, names) == (names[:used] if used > 1 else tf.distribute.get_strategy())
    assert sentence in capsys.readouterr().out


class TwoWorkers(Workers):
    """The second of two workers; the chief says what `said` has."""

    def __init__(self):
        super().__init__(tf.distribute.get_strategy())
        self.count, self.index, self.is_chief, self.said = 2, 1, False, None

    def from_chief(self, decide):
        return self.said

    def _sum(self, values):
        return values


def test_what_differs_from_the_chief_is_named():
    workers = TwoWorkers()
    workers.said = {"settings": zlib.crc32(b'{"BATCH_SIZE": 4}'), "seed": zlib.crc32(b"5")}
    with pytest.raises(UserError, match="worker 1 has other settings than the chief"):
        workers.check_same({"settings": {"BATCH_SIZE": 2}, "seed": 5})


def test_other_workers_write_nothing_and_need_a_folder(tmp_path):
    workers = TwoWorkers()
    with pytest.raises(UserError, match="2 workers need one folder"):
        workers.run_folder(None)
    run = workers.run_folder(tmp_path / "run")
    assert isinstance(run, FolderOfTheChief)
    run.check(resume=True)
    run.open(Config(), resume=False)
    run.say("training")
    run.write_rows([{"epoch": 1, "step": 3}])
    run.save_model(None, run.best)
    run.save_last(None, None)
    run.draw_curves()
    assert run.rows() == [{"epoch": 1, "step": 3}]
    assert not run.path.exists()


def test_time_is_the_chiefs_in_a_timed_training():
    workers = TwoWorkers()
    clock = workers.clock(total_seconds=60)
    assert isinstance(clock, ChiefsClock)
    assert clock.progress(0) == 0
    workers.said = 10.0
    clock.tick()
    workers.said = 35.0
    clock.tick()
    assert clock.progress(2) == pytest.approx(0.5)  # of the 50 seconds after the first step


def test_a_batch_that_cannot_be_shared_is_refused():
    workers = Workers(tf.distribute.get_strategy())
    workers.check_batch_size(3)
    workers.strategy = type("", (), {"num_replicas_in_sync": 2})
    with pytest.raises(UserError, match="set it to a multiple of 2"):
        workers.check_batch_size(3)
