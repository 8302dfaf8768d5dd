"""Pictures in rows."""

import numpy as np
from PIL import Image

from mrcnn_keras.report import contact_sheet


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
