"""The page of an evaluation as a file: what is in it, and how large it is."""

import re

import numpy as np
import pytest

from mrcnn_keras.detections import Detections
from mrcnn_keras.report import Chart, Confusion, Curve, Picture, Table, write_report
from mrcnn_keras.report.charts import learning_charts, ticks

EMPTY = Detections.empty((8, 8))


def written(path, **content):
    write_report(path, **{"title": "a", "class_names": ["background", "cat"], **content})
    return path.read_text(encoding="utf-8")


def test_scores_are_there_in_full(tmp_path):
    scores = {"bbox/AP": 1 / 3, "segm/AP": 0.1 + 0.2, "segm/APl": float("nan"), "segm/AP/cat": 0.5}
    words = written(tmp_path / "a.html", scores=scores)
    found = dict(re.findall(r'data-key="([^"]+)" data-value="([^"]+)"', words))
    assert {key: float(value) for key, value in found.items()} == pytest.approx(
        {"bbox/AP": 1 / 3, "segm/AP": 0.1 + 0.2, "segm/APl": float("nan")}, nan_ok=True, abs=0
    )


def test_an_evaluation_without_anything_is_a_page(tmp_path):
    words = written(tmp_path / "a.html")
    assert "<section" not in words
    assert "<nav" in words


def test_200_pictures_of_noise_are_under_10_megabytes(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8)
    masks = np.zeros((400, 400, 40), bool)
    for i in range(40):
        masks[i * 5 : i * 5 + 150, i * 3 : i * 3 + 90, i] = True
    truth = Detections.from_masks(masks, np.ones(40, int))
    found = Detections.from_masks(masks, np.ones(40, int), np.full(40, 0.5))
    example = Picture("noise", lambda: image, truth, found)
    words = written(tmp_path / "a.html", pictures=(example for _ in range(300)), shown=300, total=300)
    assert 5_000_000 < (tmp_path / "a.html").stat().st_size < 10_000_000
    assert "The 200 worst of 300 pictures" in words
    assert words.count('"jpeg"') == 200


def test_many_classes_with_long_names_leave_room(tmp_path):
    names = ["background", *(f"\N{CJK UNIFIED IDEOGRAPH-4E00}{i}" * 20 for i in range(1200))]
    counts = np.random.default_rng(0).integers(0, 3, (1201, 1201))
    curves = [Curve(name, np.linspace(0, 1, 101), np.linspace(1, 0, 101), i) for i, name in enumerate(names) if i]
    words = written(
        tmp_path / "a.html",
        class_names=names,
        confusion=Confusion(counts, 0.5, 0.5),
        tables=[Table("Classes", ("class", "AP"), [(name, 0.5) for name in names])],
        charts=[Chart("precision", "recall", "precision", curves)],
    )
    assert "1140 classes are not drawn" in words
    assert "The 1140 classes that are confused the least are left out" in words
    assert len(words.encode()) < 4_000_000


def test_names_are_escaped_everywhere(tmp_path):
    evil = "</script><img src=x onerror=alert(1)>"
    words = written(
        tmp_path / "a.html",
        title=evil,
        class_names=["background", evil],
        facts={evil: evil},
        settings={evil: evil},
        rows=[{"epoch": 1, evil: 0.5, "loss": 1.0}],
        scores={"segm/AP": 0.5},
        tables=[Table(evil, (evil, evil), [(evil, evil)], evil)],
        charts=[Chart(evil, evil, evil, [Curve(evil, [0, 1], [0, 1], 1, evil)])],
        confusion=Confusion([[0, 1], [1, 1]], 0.5, 0.5),
        pictures=[Picture(evil, lambda: np.zeros((8, 8, 3), np.uint8), EMPTY, EMPTY)],
        shown=1,
    )
    assert "<img" not in words
    assert words.count("<script") == words.count("</script>") == 2
    assert len(re.findall("onerror", words)) > 10


def test_learning_charts():
    rows = [{"epoch": 1, "step": 9, "loss": 2.0, "a_loss": 1.0, "val_loss": None, "segm/AP": None, "other/figure": 1.0}]
    rows.append(
        {"epoch": 2, "step": 18, "loss": 1.0, "a_loss": 0.5, "val_loss": 1.5, "segm/AP": 0.25, "learning_rate": 0.1}
    )
    charts = {chart.title: chart for chart in learning_charts(rows)}
    assert list(charts) == ["average precision, validation pictures", "total loss", "a loss", "learning rate"]
    (curve,) = charts["average precision, validation pictures"].curves
    assert curve.note == "best 0.250 at 2"
    assert [curve.name for curve in charts["total loss"].curves] == ["training", "validation"]
    assert learning_charts([]) == []


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0, 20, [0, 5, 10, 15, 20]), (0, 2.2, [0, 0.5, 1, 1.5, 2])],
)
def test_numbers_on_an_axis_are_round(low, high, numbers):
    assert ticks(low, high) == numbers
