"""samples/learning: rows are made once, and their table has mean and spread."""

import importlib.util
import json
from pathlib import Path

import pytest

from mrcnn_keras.data import load_dataset
from tests.samples.loading import LABEL_LOOP, LEARNING, SAMPLES, sample


def test_learning_makes_each_row_once_and_its_table(in_process, words, tmp_path, capsys):
    learning = sample(LEARNING)
    cells = sample(LABEL_LOOP).draw_cells(tmp_path / "cells", {"": 6})
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- rows -->\nold\n<!-- end of rows -->\nafter\n")
    rows = tmp_path / "rows"
    given = [cells, "--pictures", 2, 4, "--seeds", 1, "--minutes", 0.01, "--out", rows, "--work", tmp_path / "work"]
    words(learning, *given, "--only", "cells-2-0")
    assert [file.name for file in rows.iterdir()] == ["cells-2-0.json"]
    words(learning, *given, "--docs", page)
    assert in_process == ["inspect", "train", "train"]
    assert [file.name for file in sorted(rows.iterdir())] == ["cells-2-0.json", "cells-4-0.json"]
    printed = capsys.readouterr().out
    assert "cells, 0.01 minutes, from scratch:" in printed
    assert page.read_text() == f"before\n<!-- rows -->\n{learning.tables(rows)}\n<!-- end of rows -->\nafter\n"
    with pytest.raises(SystemExit):
        words(learning, *given, "--only", "cells-3-0")
    assert "no row cells-3-0" in capsys.readouterr().err


def test_a_table_of_learning_has_mean_and_spread(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(LEARNING.parent)
    learning = sample(LEARNING)
    for seed, (ap, steps) in enumerate([(0.2, 100), (0.3, 120)]):
        settings = {"data": "cells", "pictures": 20, "seed": seed, "minutes": 10, "weights": "first", "settings": []}
        scores = {"segm/AP": ap, "segm/AP50": 0.5, "bowl": 0.4}
        row = {"settings": settings, "scores": scores, "steps": steps}
        (tmp_path / f"{seed}.json").write_text(json.dumps(row))
    title, _, _, _, line = learning.tables(tmp_path).splitlines()
    assert title == "cells, 10 minutes, from the weights of first:"
    assert line == "| 20 | 2 | 0.250 ± 0.071 | 0.500 ± 0.000 | 0.400 ± 0.000 | 110 |"


def test_the_page_of_learning_has_the_rows_that_exist(monkeypatch):
    monkeypatch.syspath_prepend(LEARNING.parent)
    learning = sample(LEARNING)
    page = (SAMPLES.parent / "docs" / "learning.md").read_text(encoding="utf-8")
    assert f"{learning.BEGIN}\n{learning.tables(LEARNING.parent / 'rows')}\n{learning.END}" in page


def test_parts_of_pictures_are_the_same_for_a_seed_and_lose_none(in_process, tmp_path):
    subsets = importlib.import_module("subsets")
    cells = sample(LABEL_LOOP).draw_cells(tmp_path / "cells", {"train": 5, "val": 2})
    pictures = subsets.Pictures(cells, tmp_path / "coco")
    again = subsets.Pictures(cells, tmp_path / "coco")
    assert in_process == ["inspect"]
    assert pictures.order(1) == again.order(1) != pictures.order(2)
    assert sorted(pictures.order(1)) == [f"train/train-{i:03}.png" for i in range(5)]
    part = load_dataset(pictures.write("part", pictures.order(1)[:3]))
    whole = load_dataset(cells, subset="train")
    objects = {Path(info["path"]).name: len(whole.load_boxes(i)) for i, info in enumerate(whole.image_info)}
    assert [objects[Path(info["path"]).name] for info in part.image_info] == [
        len(part.load_boxes(i)) for i in part.image_ids
    ]
    assert load_dataset(pictures.measured).num_images == 2
