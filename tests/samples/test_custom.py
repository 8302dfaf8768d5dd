"""samples/custom: a format of its own."""

import csv

import pytest
from PIL import Image

import mrcnn_keras as mk
from tests.samples.loading import SAMPLES, sample
from tests.samples.party import party
from tests.tiny import TINY

CUSTOM = SAMPLES / "custom" / "custom.py"


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
