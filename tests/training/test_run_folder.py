"""RunFolder: what it refuses, and that its files are complete."""

from types import SimpleNamespace

import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.training import RunFolder
from mrcnn_keras.training.schedule import Clock


class Model:
    """Saves its number of steps, or fails half-way."""

    def __init__(self, steps, fails=False):
        self.optimizer = SimpleNamespace(iterations=steps)
        self.fails = fails

    def save(self, path):
        path.write_text(str(self.optimizer.iterations))
        if self.fails:
            raise OSError("the disk is full")


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "run")


def test_unused_run_folder_is_the_first_free_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(RunFolder.unused().path) == "run"
    for name in ("run", "run-2"):
        (tmp_path / name).mkdir()
    assert str(RunFolder.unused().path) == "run-3"


def test_open_writes_settings_and_removes_incomplete_files(run):
    run.path.mkdir()
    for name in (".123-last.keras", ".123-metrics.csv", "notes-of-mine.txt", ".hidden"):
        (run.path / name).write_text("x")
    run.open(Config.preset("resnet18_fpn", NUM_CLASSES=4), resume=False)
    assert sorted(p.name for p in run.path.iterdir()) == [".hidden", "config.json", "notes-of-mine.txt"]
    assert Config.load(run.config).NUM_CLASSES == 4


def test_resume_does_not_change_config_json(run):
    run.open(Config(), resume=False)
    run.open(Config(NUM_CLASSES=7), resume=True)
    assert Config.load(run.config) == Config()


def test_run_folder_does_not_overwrite_another_training(run):
    run.check(resume=False)
    run.open(Config(), resume=False)
    run.save_last(Model(0), Clock(total_steps=8))
    run.check(resume=False)  # nothing has been learnt yet
    run.save_last(Model(3), Clock(total_steps=8))
    with pytest.raises(UserError, match="already holds a training; resume it or choose another folder"):
        run.check(resume=False)
    run.check(resume=True)
    run.last.unlink()
    run.write_rows([{"epoch": 1, "step": 3}])
    with pytest.raises(UserError, match="already holds a training"):
        run.check(resume=False)


def test_run_folder_does_not_overwrite_last_keras_of_unknown_steps(run):
    run.path.mkdir()
    run.last.write_text("a model")
    with pytest.raises(UserError, match="already holds a training"):
        run.check(resume=False)


def test_resume_without_last_keras_is_refused(run):
    with pytest.raises(UserError, match="has no last.keras to resume from"):
        run.check(resume=True)


def test_run_folder_refuses_a_file(tmp_path):
    (tmp_path / "run").write_text("x")
    with pytest.raises(UserError, match="run is a file; give a folder"):
        RunFolder(tmp_path / "run").check(resume=False)


def test_progress_json_round_trip(run):
    run.path.mkdir()
    assert run.so_far() == {}
    clock = Clock(total_seconds=100, seconds=50, scheduled=25)
    run.save_last(Model(12), clock)
    so_far = run.so_far()
    assert so_far["step"] == 12
    assert so_far["scheduled"] == pytest.approx(25)
    assert so_far["seconds"] == pytest.approx(50, abs=5)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"step": 1}', '{"step": "x", "seconds": 1, "scheduled": 1}'])
def test_damaged_progress_json_counts_as_none(run, text):
    run.path.mkdir()
    run.progress.write_text(text)
    assert run.so_far() == {}


def test_failed_save_keeps_the_older_last_keras(run):
    run.path.mkdir()
    run.save_last(Model(1), Clock(total_steps=8))
    with pytest.raises(OSError, match="the disk is full"):
        run.save_last(Model(2, fails=True), Clock(total_steps=8))
    assert run.last.read_text() == "1"
    assert run.so_far()["step"] == 1
    assert sorted(p.name for p in run.path.iterdir()) == ["last.keras", "progress.json"]


def test_metrics_csv_round_trip(run):
    run.path.mkdir()
    assert run.rows() == []
    rows = [
        {"epoch": 1, "step": 10, "seconds": 2.5, "loss": 1.23456789, "segm/AP": None},
        {"epoch": 2, "step": 20, "seconds": 5, "loss": 1e-7, "segm/AP": 0.25, "bbox/AP": float("nan")},
    ]
    run.write_rows(rows)
    lines = run.metrics.read_text().splitlines()
    assert lines == ["epoch,step,seconds,loss,segm/AP,bbox/AP", "1,10,2.5,1.23457,,", "2,20,5,1e-07,0.25,nan"]
    back = run.rows()
    assert back[0] == {"epoch": 1, "step": 10, "seconds": 2.5, "loss": 1.23457, "segm/AP": None, "bbox/AP": None}
    assert back[1]["bbox/AP"] != back[1]["bbox/AP"]
    run.write_rows(back[:1])
    assert run.metrics.read_text().splitlines()[1:] == ["1,10,2.5,1.23457,,"]


@pytest.mark.parametrize("text", ["epoch,loss\n1,2\n", "epoch,step\n1,x\n", "epoch,step\n1,\n", "epoch,step\n1\n"])
def test_foreign_metrics_csv_is_refused(run, text):
    run.path.mkdir()
    run.metrics.write_text(text)
    with pytest.raises(UserError, match=r"metrics\.csv was not written by a training; remove it"):
        run.rows()


def test_say_prints_and_logs(run, capsys):
    run.path.mkdir()
    run.say("epoch 1: käse")
    assert capsys.readouterr().out == "epoch 1: käse\n"
    time, text = run.log.read_text(encoding="utf-8").split(" ", 1)
    assert text == "epoch 1: käse\n"
    assert len(time) == len("12:00:00")
