"""Learning curves as a picture."""

import csv

import pytest
from PIL import Image

from mrcnn_keras.errors import UserError
from mrcnn_keras.report import plot_curves


def write(path, rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def epoch(number, **more):
    return {"epoch": number, "step": 100 * number, "seconds": 9, "learning_rate": 0.01, "loss": 2 / number, **more}


def test_plot_curves_of_a_run_with_missing_cells(tmp_path):
    rows = [epoch(n, mask_loss=1 / n) for n in range(1, 8)]
    rows[3] |= {"val_loss": 0.7, "val_mask_loss": 0.3, "segm/AP": 0.25, "segm/AP50": 0.5, "bbox/AP": "nan"}
    plot_curves(write(tmp_path / "metrics.csv", rows), tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 600
        assert picture.height > 600  # losses, and below them precision
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curves.png", "metrics.csv"]


@pytest.mark.parametrize(
    "row", [epoch(1), {"epoch": 1}, epoch(1) | {"loss": "inf"}, {"epoch": 3, "segm/AP": 0.0}, epoch(1, val_loss="")]
)
def test_plot_curves_of_one_row(tmp_path, row):
    plot_curves(write(tmp_path / "metrics.csv", [row]), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_plot_curves_does_not_use_pyplot(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "no such backend")
    plot_curves(write(tmp_path / "metrics.csv", [epoch(1), epoch(2)]), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "has no row yet"),
        (b"epoch,loss\n", "has no row yet"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"loss\n1\n", "lacks the epoch"),
        (b"epoch,loss\n1,2\nx,3\n", "lacks the epoch"),
    ],
)
def test_plot_curves_refuses_other_files(tmp_path, content, message):
    path = tmp_path / "metrics.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        plot_curves(path, tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()
