"""Pictures are written completely or not at all, and large ones without a copy."""

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras import files


@pytest.mark.parametrize("strip", [1, 3 * 20 * 5, 1 << 24])  # a row, five rows, all
def test_a_large_png_is_the_picture(tmp_path, monkeypatch, strip):
    monkeypatch.setattr(files, "LARGE", 0)
    monkeypatch.setattr(files, "STRIP", strip)
    image = np.random.default_rng(0).integers(0, 256, (37, 20, 3), np.uint8)
    files.write_image(tmp_path / "a.png", image)
    with Image.open(tmp_path / "a.png") as file:
        file.load()
        assert (file.mode, file.format) == ("RGB", "PNG")
        assert np.array_equal(np.asarray(file), image)
    with Image.open(tmp_path / "a.png") as file:
        file.verify()  # check sums
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
