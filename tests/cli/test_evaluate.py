"""What mrcnn evaluate prints and saves beside AP; the model is a stand-in that finds most objects."""

import json
import shutil
import types

import numpy as np
import pytest

import mrcnn_keras as mk
from mrcnn_keras.cli import evaluate, main
from mrcnn_keras.cli.evaluate_tables import tables
from mrcnn_keras.data import load_dataset
from mrcnn_keras.detections import Detections
from tests.blobs import BlobModel, blobs
from tests.evaluation.pictures import SIZE, instances, predicted, rows_of


def test_a_row_for_each_class_and_what_errors_cost():
    boxes = rows_of(5)
    truth = instances(boxes[:4], [1, 1, 1, 1])
    found = instances([boxes[0], boxes[1], boxes[4]], [1, 1, 1], [0.9, 0.8, 0.85])
    # Precision 1 up to a recall of 1/4, 2/3 up to 2/4: 26 and 25 of the 101 recalls. Without the false one, or the
    # missed ones, (51) / 101 and (51 + 50 * 2 / 3) / 101.
    assert tables(predicted([truth], [found])).splitlines() == [
        "masks; precision, recall and F1 at IoU 0.5, from the best score of each class on",
        "class     objects         AP       AP50  precision     recall         F1      score",
        "circle          4      0.422      0.422      0.667      0.500      0.571      0.800",
        "square          0          -          -          -          -          -          -",
        "",
        "errors by type (TIDE), and how much higher AP50 would be without them; AP50 0.422",
        "class                 0  +0.000",
        "location              0  +0.000",
        "both                  0  +0.000",
        "duplicate             0  +0.000",
        "background            1  +0.083",
        "missed                2  +0.413",
        "false positive           +0.083",
        "false negative           +0.413",
    ]


def test_many_classes_are_cut_and_nothing_is_a_table_too():
    names = ("BG", *(f"class {i}" for i in range(1, 31)))
    truth = instances(rows_of(30), range(1, 31), masks=False)
    lines = tables(predicted([truth], [Detections.empty(SIZE, masks=False)], names)).splitlines()
    assert lines[0].startswith("boxes; ")
    assert lines[22] == "and 10 classes with fewer objects"
    assert "AP50 -" in tables(predicted([], []))


class Model:
    """Finds all objects of its dataset but the last of each picture."""

    takes_proposals, max_detections = False, 100

    def __init__(self, config, dataset):
        self.config, self.class_names = config, config.CLASS_NAMES
        self.coming = iter([dataset.load_example(image_id)[1] for image_id in dataset.image_ids])

    def detect(self, images):
        for _ in images:
            truth = next(self.coming)
            scores = np.full(len(truth), 0.625)
            yield Detections(truth.size, truth.boxes, truth.class_ids, scores, truth.mask_crops)[: len(truth) - 1]


@pytest.fixture
def model_file(trained, tiny_coco, tmp_path, monkeypatch):
    """A .keras file whose model is replaced by the stand-in."""
    file = shutil.copy(trained / "best.keras", tmp_path / "mine.keras")
    config = mk.MaskRCNN.load(file).config
    monkeypatch.setattr(evaluate, "load_model", lambda *_: Model(config, load_dataset(tiny_coco / "valid")))
    return file


def test_thresholds_are_saved_in_the_model(model_file, tiny_coco, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    words = ["evaluate", str(model_file), str(tiny_coco / "valid"), "--save-thresholds", "--json", str(figures)]
    assert main([*words, "--out", str(tmp_path / "drawn")]) == 0
    printed = capsys.readouterr().out
    assert "errors by type (TIDE)" in printed
    assert f"saved the best score of each class in {model_file}" in printed
    assert mk.MaskRCNN.load(model_file).config.CLASS_MIN_SCORES == (0.625,) * 3
    found = json.loads(figures.read_text())
    assert {name.split("/")[0] for name in found} == {"bbox", "segm"}
    assert found["segm/AR"] > 0
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["0000.png", "0001.png", "report.html"]


def test_without_the_option_the_model_stays(model_file, tiny_coco):
    before = model_file.read_bytes()
    assert main(["evaluate", str(model_file), str(tiny_coco / "valid")]) == 0
    assert model_file.read_bytes() == before


class Blobs:
    """A data set whose annotations are what BlobModel finds in the whole picture."""

    class_names = BlobModel.class_names
    image_ids = range(2)

    def load_example(self, image_id):
        image = blobs((600, 800), 169, seed=image_id, sides=(6, 20))
        return image, BlobModel().detect([image])[0]


def test_in_tiles_all_objects_of_large_pictures_count(tmp_path, write_coco, monkeypatch, capsys):
    write_coco(tmp_path / "data", Blobs())
    model = BlobModel()
    model.config = types.SimpleNamespace(CLASS_NAMES=BlobModel.class_names, NUM_CLASSES=3)
    monkeypatch.setattr(evaluate, "load_model", lambda *_: model)
    words = ["evaluate", "run", str(tmp_path / "data"), "--tile", "256", "--json", str(tmp_path / "figures.json")]
    assert main(words) == 0
    assert "any number of detections per picture and class" in capsys.readouterr().out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert (figures["segm/AP"], figures["segm/AR"]) == (1, 1)
    assert {*model.seen} == {(256, 256)}
