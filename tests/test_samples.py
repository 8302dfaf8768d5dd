"""Each sample, at its smallest."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.cli.demo import demo_config
from mrcnn_keras.config import Config
from mrcnn_keras.data.generated import ShapesDataset

ROOT = Path(__file__).resolve().parents[1]
SHAPES = ROOT / "samples" / "shapes" / "shapes.py"
PAPER = ROOT / "samples" / "paper" / "compare.py"
NUCLEUS = ROOT / "samples" / "nucleus" / "nucleus.py"
POSE = ROOT / "samples" / "pose" / "pose.py"


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
