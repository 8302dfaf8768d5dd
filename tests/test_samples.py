"""Each sample, at its smallest."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.cli import main as command
from mrcnn_keras.cli.demo import demo_config
from mrcnn_keras.config import Config
from mrcnn_keras.data import load_dataset
from mrcnn_keras.data.generated import ShapesDataset
from tests.tiny import TINY

ROOT = Path(__file__).resolve().parents[1]
SHAPES = ROOT / "samples" / "shapes" / "shapes.py"
PAPER = ROOT / "samples" / "paper" / "compare.py"
NUCLEUS = ROOT / "samples" / "nucleus" / "nucleus.py"
POSE = ROOT / "samples" / "pose" / "pose.py"
LEARNING = ROOT / "samples" / "learning" / "learning.py"
LABEL_LOOP = ROOT / "samples" / "label_loop" / "label_loop.py"


def sample(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def main(monkeypatch, without_graphs):
    """A function: path of a sample, words -> runs its `main` with these words and a thin model.

    Its own process would take as long to begin as the sample takes to run, and graphs longer.
    """

    def run_main(path, *words):
        module = sample(path)
        if hasattr(module, "make_config"):
            thin = {"BACKBONE_WIDTH": 16, "BACKBONE_NORM": "frozen_bn", "HEAD_NORM": "none"}
            make_config = module.make_config
            monkeypatch.setattr(module, "make_config", lambda data: make_config(data).replace(**thin))
        monkeypatch.setattr(sys, "argv", [path.name, *map(str, words)])
        module.main()

    return run_main


def test_shapes_shows_the_settings_of_the_demo():
    data = ShapesDataset(count=1)
    assert sample(SHAPES).make_config(data) == demo_config(data)


@pytest.mark.slow
def test_shapes(main, tmp_path, capsys):
    main(SHAPES, "--minutes", 0.01, "--pictures", 1, "--out", tmp_path / "run")
    assert "segm/AP50" in capsys.readouterr().out
    assert (tmp_path / "run" / "best.keras").exists()


@pytest.fixture
def nuclei(tmp_path):
    """A folder of pictures with 2, 1 and 0 bright discs, in the layout of the competition."""
    y, x = np.mgrid[:64, :80]
    for number, places in enumerate([[(20, 20), (40, 60)], [(30, 40)], []]):
        folder = tmp_path / "nuclei" / f"picture{number}"
        for name in ("images", "masks"):
            (folder / name).mkdir(parents=True)
        discs = [(y - row) ** 2 + (x - column) ** 2 < 81 for row, column in places]
        image = np.full((64, 80, 3), 20, np.uint8)
        for i, disc in enumerate(discs):
            image[disc] = 200
            Image.fromarray(disc.astype(np.uint8) * 255).save(folder / "masks" / f"{i}.png")
        Image.fromarray(image).save(folder / "images" / f"picture{number}.png")
    return tmp_path / "nuclei"


def test_nucleus_reads_its_layout(nuclei):
    data = sample(NUCLEUS).NucleusDataset().load_folder(nuclei)
    assert data.class_names == ["BG", "nucleus"]
    assert [len(data.load_annotations(i)) for i in data.image_ids] == [2, 1, 0]
    assert data.load_annotations(1).masks.sum() == 249  # pixels whose centre is less than 9 from that of (30, 40)
    assert data.image_reference(2) == "picture2"


def test_nucleus_codes():
    nucleus = sample(NUCLEUS)
    # Columns first, counted from 1: pixels 3, 4 in the first column, 7 in the second.
    mask = np.array([[0, 0], [0, 0], [1, 1], [1, 0]], bool)
    assert nucleus.encode(mask) == "3 2 7 1"
    below = np.array([[1, 1], [0, 0], [1, 1], [0, 0]], bool)
    assert nucleus.encode_masks(np.stack([below, mask], axis=2), np.array([0.5, 0.9])) == ["3 2 7 1", "1 1 5 1"]


@pytest.mark.slow
def test_nucleus(main, nuclei, tmp_path):
    main(NUCLEUS, "train", nuclei, "--val", nuclei, "--epochs", 1, "--out", tmp_path / "run")
    model, table = tmp_path / "run" / "best.keras", tmp_path / "nuclei.csv"
    main(NUCLEUS, "detect", model, nuclei, "--min-score", 0.9, "--out", table)
    lines = table.read_text().splitlines()
    assert lines[0] == "ImageId,EncodedPixels"
    assert {line.split(",")[0] for line in lines[1:]} == {"picture0", "picture1", "picture2"}


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


@pytest.mark.slow
def test_pose(main, tmp_path, capsys):
    main(POSE, "--minutes", 0.01, "--pictures", 2, "--out", tmp_path / "run")
    assert "keypoints/AP50" in capsys.readouterr().out
    assert (tmp_path / "run" / "picture-1.png").exists()


def test_pose_of_people(shared):
    pose = sample(POSE)
    for place in (shared / "data" / "coco", shared / "data" / "coco" / "train"):
        data, val = pose.read_people(place)
        assert (data.num_images, val.num_images) == ((10, 7) if place.name == "coco" else (8, 2))
        config = pose.make_photograph_config(data)
        assert (config.NUM_KEYPOINTS, len(config.KEYPOINT_FLIP_PAIRS), config.NUM_CLASSES) == (17, 8, 2)


@pytest.fixture
def in_process(monkeypatch, without_graphs):
    """The command of the samples in this process, with a thin model; the list of its calls."""
    monkeypatch.syspath_prepend(LEARNING.parent)
    subsets = importlib.import_module("subsets")
    thin = [word for name, value in TINY.items() for word in ("--set", f"{name}={_plain(value)}")]
    calls = []

    def mrcnn(*words):
        calls.append(words[0])
        fresh = words[0] == "train" and "--resume" not in words
        assert command([*map(str, words), *(thin if fresh else [])]) == 0

    monkeypatch.setattr(subsets, "mrcnn", mrcnn)
    return calls


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


@pytest.fixture
def words(monkeypatch):
    """A function: module of a sample, words -> runs its `main` with them."""

    def run(module, *given):
        monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, given)])
        module.main()

    return run


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
    page = (ROOT / "docs" / "learning.md").read_text(encoding="utf-8")
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


@pytest.mark.slow
def test_label_loop(in_process, words, tmp_path, capsys):
    loop = sample(LABEL_LOOP)
    given = ["--drawn", 6, 2, "--labelled", 2, "--proposed", 2, "--seeds", 1, "--minutes", 0.01, "--out", tmp_path]
    words(loop, *given)
    assert in_process == ["inspect", "train", "detect", "train", "train"]
    assert "suggested - random" in capsys.readouterr().out
    [found] = json.loads((tmp_path / "label-loop.json").read_text())["circles"]
    labelled = json.loads((tmp_path / "data" / "annotations" / "seed-0-labelled.json").read_text())
    for way in loop.WAYS:
        assert len(found[way]["pictures"]) == 2
        assert not {image["file_name"] for image in labelled["images"]} & {*found[way]["pictures"]}
        work = found[way]["corrections"]
        truth = json.loads((tmp_path / "data" / "annotations" / f"seed-0-{way}.json").read_text())
        assert work["keep"] + work["draw"] == len(truth["annotations"])
    words(loop, *given)  # nothing is made again
    assert len(in_process) == 5
