import csv

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.errors import UserError
from mrcnn_keras.report import contact_sheet, counted, dataset_report, plot_curves


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


def test_contact_sheet_has_each_picture_in_its_place(tmp_path):
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    sizes = [(20, 30), (40, 10), (10, 10)]
    pictures = [np.full((*size, 3), color, np.uint8) for size, color in zip(sizes, colors, strict=True)]
    sheet = contact_sheet(pictures, 2, tmp_path / "sheet.png")
    assert sheet.shape == (6 + 40 + 6 + 10 + 6, 6 + 30 + 6 + 30 + 6, 3)
    assert sheet[6, 6].tolist() == [200, 0, 0]
    assert sheet[45, 42].tolist() == [0, 200, 0]
    assert sheet[52, 6].tolist() == [0, 0, 200]
    assert sheet[60, 60].tolist() == [255, 255, 255]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "sheet.png")), sheet)


def test_contact_sheet_of_large_pictures_and_of_none():
    assert contact_sheet([np.zeros((2000, 3000, 3), np.uint8)], 4).shape == (427 + 12, 640 + 12, 3)
    assert contact_sheet([], 3).size


def test_dataset_report():
    text = dataset_report(
        {
            "images": 45,
            "images_without_objects": 3,
            "instances": 20,
            "crowds": 2,
            "per_class": {"cat": 5, "traffic light": 15, "dog": 0},
            "width": [300, 612.5, 640],
            "height": [200, 480, 640],
            "object_side": [8.2, 41.0, 300.1],
            "max_instances": 7,
        }
    )
    lines = text.splitlines()
    assert lines[0] == "images         45, 3 of them without objects"
    assert lines[1] == "objects        20, at most 7 in an image"
    assert lines[3] == "image width    300 to 640 pixels, median 612"
    assert [line.split("  ")[0] for line in lines[-3:]] == ["traffic light", "cat", "dog"]
    assert lines[-3].split()[-3:] == ["15", "75%", "#" * 30]
    assert lines[-2].split() == ["cat", "5", "25%", "#" * 10]
    assert lines[-1].endswith("no example")


def test_dataset_report_of_many_unused_classes_and_one_size():
    names = [f"thing {i}" for i in range(60)]
    statistics = {
        "images": 2,
        "images_without_objects": 0,
        "instances": 2,
        "crowds": 1,
        "per_class": {"cat": 2, **dict.fromkeys(names, 0)},
        "width": [640, 640, 640],
        "height": [480, 480, 480],
        "object_side": [27.2, 27.4, 27.4],
        "max_instances": 1,
    }
    lines = dataset_report(statistics).splitlines()
    assert lines[3] == "image width    640 pixels"
    assert lines[5] == "object side    27 pixels"
    assert lines[-2].split() == ["cat", "2", "100%", "#" * 30]
    assert lines[-1] == f"60 classes without an example: {', '.join(names)}"
    assert counted(statistics) == "images 2 (0 without objects), objects 2, crowd regions 1"


def test_dataset_report_of_an_empty_dataset():
    text = dataset_report(
        {
            "images": 0,
            "images_without_objects": 0,
            "instances": 0,
            "crowds": 0,
            "per_class": {},
            "width": [],
            "height": None,
            "object_side": [float("nan")] * 3,
            "max_instances": 0,
        }
    )
    assert "object side    none" in text
