"""docs/gallery.md: each picture of its script is on it, small, and the data that a model learns for it are right."""

import ast
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "gallery.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"!\[[^\]]+\]\(pictures/gallery/(\w+)\.jpg\)", PAGE)


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    yield importlib.import_module("gallery_pictures")
    for name in ("gallery_pictures", "readme_pictures", "augmentation_pictures"):
        sys.modules.pop(name, None)


def test_the_page_shows_what_the_script_makes(script):
    assert sorted(SHOWN) == sorted(make.__name__ for make in script.PICTURES)
    files = sorted((DOCS / "pictures" / "gallery").iterdir())
    assert [file.stem for file in files] == sorted(SHOWN)
    assert sum(file.stat().st_size for file in files) < 1_000_000
    for file in files:
        with Image.open(file) as picture:
            assert picture.format == "JPEG"
            assert picture.width <= script.WIDTH


def test_each_picture_has_the_command_or_the_python_that_makes_it():
    for part in PAGE.split("![")[1:]:
        below = part.split("\n## ")[0]
        blocks = re.findall(r"```python\n(.*?)```", below, re.DOTALL)
        assert blocks or re.search(r"^    mrcnn ", below, re.MULTILINE)
        for block in blocks:
            lines = [node for node in ast.parse(block).body if not isinstance(node, ast.Import)]
            assert len(lines) <= 3


def test_what_is_learnt_and_what_is_shown_are_different_parts_of_the_photographs(script):
    left, right = script.PhotographsDataset("left"), script.PhotographsDataset("right")
    assert left.class_names == ["BG", "coin", "galaxy"]
    for image_id, (_, picture, labels) in enumerate((script.coins(), script.galaxies())):
        parts = [data.image_info[image_id] for data in (left, right)]
        assert np.array_equal(np.hstack([part["picture"] for part in parts]), picture)
        assert np.array_equal(np.hstack([part["labels"] for part in parts]), labels)
    _, _, labels = script.coins()
    assert labels.max() == 24  # there are 24 coins
    masks = [data.load_annotations(0).masks.any(axis=2) for data in (left, right)]
    assert np.array_equal(np.hstack(masks), labels > 0)
