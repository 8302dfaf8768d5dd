"""samples/balloon: trains on regions of VIA, and leaves balloons their colours."""

import json

import numpy as np
import pytest
from PIL import Image

import mrcnn_keras as mk
from mrcnn_keras.visualize import Frames, open_video
from tests.blobs import BlobModel
from tests.samples.loading import SAMPLES, sample
from tests.samples.party import RED, SKY, party
from tests.tiny import TINY

BALLOON = SAMPLES / "balloon" / "balloon.py"


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
