"""samples/paper: the paper's rows are networks, trained and put into tables."""

import importlib.util
import sys

import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.data.generated import ShapesDataset
from tests.samples.loading import SAMPLES

PAPER = SAMPLES / "paper" / "compare.py"


@pytest.fixture
def paper(monkeypatch):
    """A function: name of a module beside compare.py -> the module."""
    monkeypatch.syspath_prepend(PAPER.parent)
    return importlib.import_module


def test_rows_of_the_paper_are_networks(paper):
    rows = paper("rows")
    assert len({row.name for row in rows.ROWS}) == len(rows.ROWS)
    assert {row.variant for row in rows.ROWS} == set(rows.VARIANTS)
    for variant, settings in rows.VARIANTS.items():
        config = Config.preset("resnet18_fpn", **{**rows.COMMON, **settings})
        assert config.IMAGE_MAX_DIM == 192, variant
    # 7.3 % more masks at stride 32: the largest difference of the paper's tables 2.
    pool, align = (row.paper["segm/AP"] for row in rows.ROWS if row.table == "2d")
    assert align - pool == pytest.approx(7.3)


def test_a_table_has_mean_spread_and_the_papers_numbers(paper, tmp_path):
    rows, results = paper("rows"), paper("results")
    found = results.Results(tmp_path, steps=10)
    for variant, scores in {"c5-pool": (0.2, 0.3), "c5": (0.5, 0.4)}.items():
        for seed, score in enumerate(scores):
            found.write("shapes", variant, seed, {"config": {}, "scores": {"segm/AP": score}})
    lines = results.tables([row for row in rows.ROWS if row.table == "2d"], found, "shapes", range(3)).splitlines()
    assert lines[1] == "Table 2d, shapes, 10 steps"
    assert lines[5].startswith("| RoIPool | 2 | 25.0 ± 7.1 (23.6) | - (46.5) |")
    assert lines[7].startswith("| RoIAlign less RoIPool | | +20.0 ± 14.1 (+7.3) |")
    assert found.read("shapes", "c5", 0, config={"MASKS": True}) is None  # of other settings


@pytest.mark.slow
def test_two_rows_of_the_paper(paper, tmp_path, monkeypatch, capsys):
    """One was finished before; the other is trained and evaluated in a process of its own."""
    results, runs = paper("results"), paper("runs")
    config = runs.make_config("c5-pool", ShapesDataset(count=1), {}).to_dict()
    content = {"config": config, "scores": {"segm/AP": 0.25}}
    results.Results(tmp_path, steps=2).write("shapes", "c5-pool", 0, content)
    words = ["--rows", "2d-RoIPool", "2d-RoIAlign", "--seeds", 1, "--steps", 2, "--pictures", 2, "--out", tmp_path]
    monkeypatch.setattr(sys, "argv", ["compare.py", *map(str, words)])
    paper("compare").main()
    printed = capsys.readouterr().out
    assert "1 of 1 done: c5, seed 0" in printed
    assert "| RoIPool | 1 | 25.0 (23.6) |" in printed
    assert "| RoIAlign less RoIPool | |" in printed
    assert not list((tmp_path / "training").iterdir())
