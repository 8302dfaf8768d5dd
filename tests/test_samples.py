"""Each sample, at its smallest."""

import contextlib
import csv
import importlib.util
import io
import json
import shutil
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pycocotools.mask import area, toBbox

import mrcnn_keras as mk
from mrcnn_keras.cli import main as command
from mrcnn_keras.cli.demo import demo_config
from mrcnn_keras.config import Config
from mrcnn_keras.data import load_dataset
from mrcnn_keras.data.generated import ShapesDataset
from mrcnn_keras.visualize import Frames, open_video
from tests.blobs import BlobModel, blobs
from tests.tiny import TINY

ROOT = Path(__file__).resolve().parents[1]
SHAPES = ROOT / "samples" / "shapes" / "shapes.py"
PAPER = ROOT / "samples" / "paper" / "compare.py"
NUCLEUS = ROOT / "samples" / "nucleus" / "nucleus.py"
POSE = ROOT / "samples" / "pose" / "pose.py"
LEARNING = ROOT / "samples" / "learning" / "learning.py"
LABEL_LOOP = ROOT / "samples" / "label_loop" / "label_loop.py"
BALLOON = ROOT / "samples" / "balloon" / "balloon.py"
COCO_SAMPLE = ROOT / "samples" / "coco" / "coco.py"
CUSTOM = ROOT / "samples" / "custom" / "custom.py"
WEBCAM = ROOT / "samples" / "video" / "webcam.py"


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


RED, SKY = (220, 40, 30), (90, 140, 200)


def party(places, size=(64, 96)):
    """-> [H, W, 3] uint8: red squares of 20 pixels with these upper left corners (y, x), before a blue sky."""
    image = np.full((*size, 3), SKY, np.uint8)
    for y, x in places:
        image[y : y + 20, x : x + 20] = RED
    return image


@pytest.fixture
def balloons(tmp_path):
    """A folder as Matterport's: train/ and val/ with photographs and what VIA 1 exports, without attributes."""
    for subset, pictures in {"train": [[(4, 8), (30, 60)], [(20, 20)]], "val": [[(30, 40)]]}.items():
        folder = tmp_path / "balloon" / subset
        folder.mkdir(parents=True)
        exported = {}
        for number, places in enumerate(pictures):
            name = f"{subset}{number}.png"
            Image.fromarray(party(places)).save(folder / name)
            regions = {}
            for i, (y, x) in enumerate(places):
                outline = {"all_points_x": [x, x + 20, x + 20, x], "all_points_y": [y, y, y + 20, y + 20]}
                regions[str(i)] = {"shape_attributes": {"name": "polygon", **outline}, "region_attributes": {}}
            exported[f"{name}1234"] = {"filename": name, "size": 1234, "regions": regions, "file_attributes": {}}
        (folder / "via_region_data.json").write_text(json.dumps(exported))
    return tmp_path / "balloon"


@pytest.mark.slow
def test_balloon_trains_on_regions_of_via_and_goes_on(words, without_graphs, balloons, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    balloon = sample(BALLOON)
    data = balloon.load_balloons(balloons, "train")
    assert data.class_names == ["BG", "balloon"]
    assert [data.load_annotations(i).areas.tolist() for i in data.image_ids] == [[400, 400], [400]]
    make_config = balloon.make_config
    monkeypatch.setattr(balloon, "make_config", lambda *given: make_config(*given).replace(**TINY))
    words(balloon, "train", f"--dataset={balloons}", "--weights=none", "--minutes=0.01")
    assert mk.Config.load("balloon-run/config.json").CLASS_NAMES == ("BG", "balloon")
    words(balloon, "train", f"--dataset={balloons}", "--weights=last", "--minutes=0.01")
    assert "has already been trained" in capsys.readouterr().out


def test_balloon_trains_the_heads_of_a_whole_network(words, balloons, trained, monkeypatch):
    begun = []
    monkeypatch.setattr(mk, "train", lambda model, *_, **given: begun.append((model.class_names, given["layers"])))
    words(sample(BALLOON), "train", f"--dataset={balloons}", f"--weights={trained / 'best.keras'}")
    assert begun == [(("BG", "balloon"), "heads")]


def test_balloons_keep_their_colours(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mk.MaskRCNN, "load", lambda path: BlobModel())  # finds what is red
    (tmp_path / "run").mkdir()
    image = party([(10, 30)])
    grey = np.rint(np.dot(SKY, (0.299, 0.587, 0.114)))
    Image.fromarray(image).save("a.png")
    words(sample(BALLOON), "splash", "--weights=run", "--image=a.png", "--min-score=0.5")
    found = np.asarray(Image.open("splash-a.png"))
    assert np.array_equal(found[10:30, 30:50], image[10:30, 30:50])
    assert (found[:, 50:] == grey).all()

    with open_video("b.mp4", 10) as file:
        for number in range(4):
            file.write(party([(10, 30 + 2 * number)]))
    words(sample(BALLOON), "splash", "--weights=run", "--video=b.mp4", "--min-score=0.5")
    frames = [*Frames("splash-b.mp4")]
    assert len(frames) == 4
    assert np.abs(frames[3][14:26, 40:52].mean(axis=(0, 1)) - RED).max() < 30
    assert np.abs(frames[3][40:, 60:].mean(axis=(0, 1)) - grey).max() < 8


@pytest.fixture
def coco(tiny_coco, tmp_path):
    """The tiny data set with COCO's names of files and folders."""
    folder = tmp_path / "coco"
    (folder / "annotations").mkdir(parents=True)
    for subset, name in {"train": "train2017", "valid": "val2017"}.items():
        shutil.copytree(tiny_coco / subset, folder / name)
        shutil.move(folder / name / "_annotations.coco.json", folder / "annotations" / f"instances_{name}.json")
    return folder


def test_coco_trains_in_stages(words, without_graphs, coco, trained, tmp_path, monkeypatch):
    stages, logs = sample(COCO_SAMPLE), tmp_path / "logs"
    monkeypatch.setattr(stages, "STAGES", {"heads": (1, 1), "all": (1, 0.1)})
    train, changed = mk.train, []

    def watched(model, *data, **given):
        before = [variable.numpy() for variable in model.network.backbone.weights]
        train(model, *data, **given)
        changed.append(not all(map(np.array_equal, before, model.network.backbone.weights)))

    monkeypatch.setattr(mk, "train", watched)
    model = trained / "best.keras"
    words(stages, "train", f"--dataset={coco}", f"--model={model}", f"--logs={logs}", "--steps=1")
    assert changed == [False, True]
    configs = [mk.Config.load(folder / "config.json") for folder in (trained, logs / "heads", logs / "all")]
    assert [config.LEARNING_RATE for config in configs] == [0.01, 0.01, 0.001]
    assert [config.RECIPE for config in configs] == ["scratch", "finetune", "finetune"]


def test_results_of_the_coco_sample_are_those_of_pycocotools(words, write_coco, tmp_path, monkeypatch, capsys):
    class ShortSighted(BlobModel):
        """Does not see every third object."""

        def _found(self, image):
            found = super()._found(image)
            return found[np.arange(len(found)) % 3 > 0]

    class Blobs(mk.Dataset):
        def load_image(self, image_id):
            return blobs((96, 128), 9, seed=image_id, sides=(5, 14))

        def load_annotations(self, image_id):
            return BlobModel()._found(self.load_image(image_id))

    data = Blobs()
    for number in (1, 2):
        data.add_class("blobs", number, f"blob {number}")
        data.add_image("blobs", number, None)
    write_coco(tmp_path / "val2017", data)
    (tmp_path / "annotations").mkdir()
    truth = tmp_path / "annotations" / "instances_val2017.json"
    content = json.loads((tmp_path / "val2017" / "_annotations.coco.json").read_text())
    for entry in content["annotations"]:
        mask = entry["segmentation"]
        entry |= {"area": float(area(mask)), "bbox": toBbox(mask).tolist()}
    truth.write_text(json.dumps(content))
    monkeypatch.setattr(mk.MaskRCNN, "load", lambda path: ShortSighted())
    results = tmp_path / "results.json"
    words(sample(COCO_SAMPLE), "evaluate", f"--dataset={tmp_path}", f"--model={tmp_path}", f"--results={results}")
    printed = capsys.readouterr().out
    for kind in ("segm", "bbox"):
        with contextlib.redirect_stdout(io.StringIO()):
            annotated = COCO(str(truth))
            evaluation = COCOeval(annotated, annotated.loadRes(str(results)), kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        assert 0.2 < evaluation.stats[0] < 0.8
        assert f"{kind + '/AP':24} {evaluation.stats[0]:.3f}" in printed


@pytest.mark.slow
def test_custom(words, without_graphs, tmp_path, monkeypatch):
    folder = tmp_path / "photos"
    folder.mkdir()
    with open(folder / "outlines.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "class", "outline"])
        for number in range(4):
            y, x = 10 + 3 * number, 20 + 5 * number
            Image.fromarray(party([(y, x)])).save(folder / f"{number}.jpg")
            rows.writerow([f"{number}.jpg", "kite", f"{x} {y} {x + 20} {y} {x + 20} {y + 20} {x} {y + 20}"])
        Image.fromarray(party([])).save(folder / "nothing.jpg")
    custom = sample(CUSTOM)
    data = custom.OwnDataset().load_folder(folder)
    masks, class_ids = data.load_mask(1)
    assert class_ids.tolist() == [1]
    assert masks[13:33, 25:45].all()
    assert masks.sum() == 400
    assert len(data.load_annotations(4)) == 0
    make = mk.MaskRCNN.from_preset
    monkeypatch.setattr(mk.MaskRCNN, "from_preset", lambda name, **own: make(name, **{**TINY, **own}))
    monkeypatch.chdir(tmp_path)
    words(custom, folder, 0.01)
    assert mk.MaskRCNN.load("custom-run").class_names == ("BG", "kite")


class Camera:
    """Stands in for cv2.VideoCapture: a square that goes to the right, for ever."""

    def __init__(self, source):
        self.source, self.number, self.released = source, 0, False
        Camera.made = self

    def get(self, _):
        return 0.0

    def read(self):
        self.number += 1
        return True, party([(10, self.number % 60)])[..., ::-1]

    def release(self):
        self.released = True


@pytest.fixture
def webcam(monkeypatch):
    """The sample, with a model that finds what is red."""
    model = BlobModel()
    model.config = types.SimpleNamespace(KEYPOINT_SKELETON=())
    monkeypatch.setattr(mk.MaskRCNN, "load", lambda path, **settings: model)
    return sample(WEBCAM)


def test_webcam_writes_a_film(webcam, words, tmp_path):
    film, out = tmp_path / "film.mp4", tmp_path / "out.mp4"
    with open_video(film, 10) as file:
        for number in range(12):
            file.write(party([(5, 4 * number), (38, 70)]))
    seen = []
    draw = mk.visualize.draw_tracks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mk.visualize, "draw_tracks", lambda *a, **k: seen.append(a[2].tolist()) or draw(*a, **k))
        words(webcam, "run", film, "--out", out)
    assert [sorted(numbers) for numbers in seen] == [[1, 2]] * 12
    frames = [*Frames(out)]
    assert len(frames) == 12
    written = [frame[50:60, 8:60].max(axis=2) for frame in frames[1:]]  # white on black, in the corner below
    assert all(corner.max() > 200 and corner.min() < 60 for corner in written)


def test_webcam_says_what_to_do_without_a_window(webcam, words, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setitem(sys.modules, "tkinter", None)
    with pytest.raises(SystemExit, match=r"no window can be opened .*; write a video with --out drawn\.mp4"):
        words(webcam, "run")


def test_webcam_shows_a_camera_until_the_window_is_closed(webcam, words, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)

    class Window:
        def __init__(self, title):
            self.frames, Window.made = [], self

        @property
        def is_open(self):
            return len(self.frames) < 5

        def write(self, frame):
            self.frames.append(frame)

    monkeypatch.setattr(webcam, "Window", Window)
    words(webcam, "run")
    assert (Camera.made.source, Camera.made.released) == (0, True)
    assert len(Window.made.frames) == 5
    assert {frame.shape for frame in Window.made.frames} == {(64, 96, 3)}
