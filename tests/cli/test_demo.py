"""mrcnn demo: what it writes, and how long it says that it takes."""

import json

from mrcnn_keras.cli import demo, main


def test_demo_of_two_steps_writes_all_that_it_names(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "UNSEEN", 3)
    monkeypatch.setattr(demo, "DRAWN", 2)
    out, figures = tmp_path / "demo-run", tmp_path / "figures.json"
    assert main(["demo", "--steps", "2", "--out", str(out), "--json", str(figures)]) == 0
    names = {"best.keras", "last.keras", "curves.png", "metrics.csv", "picture-00.png", "picture-01.png"}
    assert {path.name for path in out.iterdir()} >= names
    assert json.loads((out / "savedmodel-check.json").read_text())["pictures"] == 2
    assert (out / "savedmodel" / "1" / "saved_model.pb").exists()
    assert 0 <= json.loads(figures.read_text())["segm/AP50"] <= 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("on 3 unseen pictures")


def test_demo_says_after_its_first_steps_how_long_it_takes(monkeypatch, capsys):
    now = iter([0.0, *(30.0 + 0.5 * step for step in range(demo.FIRST_STEPS + 5))])  # 30 s to build, 0.5 s per step
    monkeypatch.setattr(demo.time, "monotonic", lambda: next(now))
    estimate = demo.Estimate(1000)
    for step in range(demo.FIRST_STEPS + 5):
        estimate.on_train_batch_end(step)
    seconds = 30 + 0.5 * (1000 * (1 + demo.MEASURING) + demo.FINISHING)
    said = capsys.readouterr().out
    assert said == f"1000 steps of training and all that follows take about {seconds / 60:.0f} minutes\n"
