"""mrcnn demo: what it writes, and its estimate of the time."""

import json

import pytest

from mrcnn_keras.cli import demo, main
from mrcnn_keras.config import Config


@pytest.mark.slow
def test_demo_of_two_steps_writes_all_that_it_names(tiny, tmp_path, monkeypatch, capsys):
    config = Config.preset("resnet18_fpn", **tiny, NUM_CLASSES=4)
    for name, value in {"UNSEEN": 3, "DRAWN": 2, "demo_config": lambda dataset: config}.items():
        monkeypatch.setattr(demo, name, value)
    out, figures = tmp_path / "demo-run", tmp_path / "figures.json"
    assert main(["demo", "--steps", "2", "--out", str(out), "--json", str(figures)]) == 0
    names = {"best.keras", "last.keras", "curves.png", "metrics.csv", "picture-00.png", "picture-01.png"}
    assert {path.name for path in out.iterdir()} >= names
    assert json.loads((out / "savedmodel-check.json").read_text())["pictures"] == 2
    assert (out / "savedmodel" / "1" / "saved_model.pb").exists()
    assert 0 <= json.loads(figures.read_text())["segm/AP50"] <= 1
    assert "on 3 unseen pictures" in capsys.readouterr().out


def test_demo_estimates_its_time_after_the_first_steps(monkeypatch, capsys):
    times = iter([0.0, *(30 + 0.5 * step for step in range(20))])  # 30 s to build the graph, 0.5 s per step
    monkeypatch.setattr(demo.time, "monotonic", lambda: next(times))
    estimate = demo.Estimate(1000)
    for step in range(15):
        estimate.on_train_batch_end(step)
    assert capsys.readouterr().out == "1000 steps of training and all that follows take about 10 minutes\n"
