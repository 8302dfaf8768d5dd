"""The page of an evaluation: its numbers are those of evaluate and of the measures, at any place of the slider."""

import dataclasses
import json
import re
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.detections import Detections
from mrcnn_keras.evaluation import confusion_matrix, error_types, evaluate
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.training import RunFolder, report_evaluation
from mrcnn_keras.training.evaluation_report import report_training
from tests.evaluation.pictures import Answers, Pictures, instances, predicted, random_predictions

CONFIG = Config.preset("resnet18_fpn", NUM_CLASSES=3)


def report(path, predictions, **options):
    """Writes a page of black pictures, and returns its text."""

    def load_image(image_id):
        return np.zeros((*predictions.truths[image_id].size, 3), np.uint8)

    report_evaluation(path, predictions, load_image, title="a", config=CONFIG, **options)
    return path.read_text(encoding="utf-8")


def dataset(predictions):
    """The annotated pictures of predictions, which `Answers` knows by their grey."""
    pictures = Pictures(dict(enumerate(predictions.truths)))
    pictures.class_names = predictions.class_names
    pictures.load_image = lambda i: np.full((*pictures.truths[i].size, 3), i, np.uint8)
    pictures.load_example = lambda i: (pictures.load_image(i), pictures.truths[i])
    return pictures


def payload(words):
    return json.loads(re.search(r'id="data">(.*?)</script>', words)[1])


def test_scores_are_those_of_evaluate(tmp_path):
    predictions = random_predictions(3, classes=2)
    scores = evaluate(Answers(dict(enumerate(predictions.founds))), dataset(predictions))
    words = report(tmp_path / "report.html", predictions)
    shown = {key: float(value) for key, value in re.findall(r'data-key="([^"]+)" data-value="([^"]+)"', words)}
    assert shown == pytest.approx({key: v for key, v in scores.items() if "/AP/" not in key}, nan_ok=True, abs=0)
    by_class = re.findall(r'<th scope="row">class (\d)</th><td class="number">\d+</td>.*?data-value="([^"]+)"', words)
    assert {f"segm/AP/class {i}": float(v) for i, v in by_class} == {k: v for k, v in scores.items() if "segm/AP/" in k}


def test_the_confusion_matrix_counts_the_objects_of_the_pictures(tmp_path):
    for seed in range(4):
        predictions = random_predictions(seed)
        words = report(tmp_path / "report.html", predictions)
        low = float(re.search(r'id="matrix" data-score="([^"]+)"', words)[1])
        buttons = re.findall(r'data-cell="(\d) (\d)"[^>]*>(\d+)</button>', words)
        matrix = confusion_matrix(predictions, min_score=low)
        assert {(int(i), int(j)): int(n) for i, j, n in buttons} == {
            place: n for place, n in np.ndenumerate(matrix) if n
        }
        cells = Counter()
        for picture in payload(words)["pictures"]:
            cells.update((row[6], row[0]) for row in picture["found"] if row[6] >= 0)
            cells.update((row[0], 0) for row in picture["truth"] if row[4] == 0)
        assert cells == {(int(i), int(j)): int(n) for i, j, n in buttons}


def test_the_worst_picture_is_the_first(tmp_path):
    truth = instances([(0, 0, 40, 40), (100, 0, 140, 40)], [1, 1])
    right = instances([(0, 0, 40, 40), (100, 0, 140, 40)], [1, 1], [0.9, 0.8])
    words = report(tmp_path / "report.html", predicted([truth] * 3, [right, right[:0], right[:1]]))
    assert [picture["name"] for picture in payload(words)["pictures"]] == ["1.png", "2.png", "0.png"]


@pytest.mark.parametrize("masks", [True, False])
def test_nothing_annotated_and_nothing_found(tmp_path, masks):
    nothing = Detections.empty((30, 40), masks)
    words = report(tmp_path / "report.html", predicted([nothing], [nothing]))
    assert "no object was found" in words
    assert payload(words)["pictures"][0]["truth"] == []


def test_the_slider_sorts_errors_as_tide_does_above_that_score(browser, tmp_path):
    predictions = random_predictions(5, pictures=12, classes=3)
    for i, truth in enumerate(predictions.truths):  # some have boxes only
        crops = [None if i % 3 == 0 and j == 0 else crop for j, crop in enumerate(truth.mask_crops)]
        predictions.truths[i] = dataclasses.replace(truth, mask_crops=crops)
    report(tmp_path / "report.html", predictions)
    browser.open(tmp_path / "report.html")
    for low in (0, 0.3, 0.62, 1):
        browser.evaluate(
            f"(() => {{ const e = document.getElementById('by-score'); e.value = {low}; "
            "e.dispatchEvent(new Event('input', { bubbles: true })); })()"
        )
        browser.settle()
        shown = browser.evaluate(
            "Object.fromEntries([...document.querySelectorAll('[data-count]')]"
            ".map(e => [e.dataset.count, Number(e.textContent)]))"
        )
        above = [found.above(low) for found in predictions.founds]
        errors = error_types(predicted(predictions.truths, above, predictions.class_names))
        expected = Counter(name for picture in errors.founds for name in picture)
        expected["missed"] = sum(picture.count("missed") for picture in errors.truths)
        assert shown == {name: expected[name] for name in shown}
        assert low or min(expected[name] for name in ("class", "location", "duplicate", "background", "missed"))


def test_a_resumed_training_measures_best_keras_again(tmp_path, monkeypatch):
    predictions = random_predictions(3, classes=2)
    pictures = dataset(predictions)
    run = RunFolder(tmp_path / "run")
    loaded = {run.best: Answers(dict(enumerate(predictions.founds)))}
    monkeypatch.setattr(MaskRCNN, "load", loaded.get)
    recorder = SimpleNamespace(validation=pictures, measured_pictures=pictures, best_predictions=None)
    report_training(run, CONFIG, recorder, {"trained": "9 steps"})
    words = run.report.read_text(encoding="utf-8")
    assert f'data-key="segm/AP" data-value="{evaluate(loaded[run.best], pictures)["segm/AP"]!r}"' in words
    assert "9 steps" in words


def test_a_training_without_validation_has_curves(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.write_rows([{"epoch": 1, "step": 5, "loss": 2.0}, {"epoch": 2, "step": 10, "loss": 1.0}])
    report_training(run, CONFIG, SimpleNamespace(validation=None), {})
    words = run.report.read_text(encoding="utf-8")
    assert "total loss" in words
    assert "nothing was measured" in words
    assert 'id="gallery"' not in words
