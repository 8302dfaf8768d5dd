"""samples/nucleus: reads the layout of the 2018 Data Science Bowl and writes its codes."""

import numpy as np
import pytest
from PIL import Image

from tests.samples.loading import SAMPLES, sample

NUCLEUS = SAMPLES / "nucleus" / "nucleus.py"


@pytest.fixture
def nuclei(tmp_path):
    """A folder of pictures with 2, 1 and 0 bright discs, in the layout of the competition."""
    y, x = np.mgrid[:64, :80]
    for number, places in enumerate([[(20, 20), (40, 60)], [(30, 40)], []]):
        folder = tmp_path / "nuclei" / f"picture{number}"
        for name in ("images", "masks"):
            (folder / name).mkdir(parents=True)
        discs = [(y - row) ** 2 + (x - column) ** 2 < 81 for row, column in places]
        image = np.full((64, 80, 3), 20, np.uint8)
        for i, disc in enumerate(discs):
            image[disc] = 200
            Image.fromarray(disc.astype(np.uint8) * 255).save(folder / "masks" / f"{i}.png")
        Image.fromarray(image).save(folder / "images" / f"picture{number}.png")
    return tmp_path / "nuclei"


def test_nucleus_reads_its_layout(nuclei):
    data = sample(NUCLEUS).NucleusDataset().load_folder(nuclei)
    assert data.class_names == ["BG", "nucleus"]
    assert [len(data.load_annotations(i)) for i in data.image_ids] == [2, 1, 0]
    assert data.load_annotations(1).masks.sum() == 249  # pixels whose centre is less than 9 from that of (30, 40)
    assert data.image_reference(2) == "picture2"


def test_nucleus_codes():
    nucleus = sample(NUCLEUS)
    # Columns first, counted from 1: pixels 3, 4 in the first column, 7 in the second.
    mask = np.array([[0, 0], [0, 0], [1, 1], [1, 0]], bool)
    assert nucleus.encode(mask) == "3 2 7 1"
    below = np.array([[1, 1], [0, 0], [1, 1], [0, 0]], bool)
    assert nucleus.encode_masks(np.stack([below, mask], axis=2), np.array([0.5, 0.9])) == ["3 2 7 1", "1 1 5 1"]


@pytest.mark.slow
def test_nucleus(main, nuclei, tmp_path):
    main(NUCLEUS, "train", nuclei, "--val", nuclei, "--epochs", 1, "--out", tmp_path / "run")
    model, table = tmp_path / "run" / "best.keras", tmp_path / "nuclei.csv"
    main(NUCLEUS, "detect", model, nuclei, "--min-score", 0.9, "--out", table)
    lines = table.read_text().splitlines()
    assert lines[0] == "ImageId,EncodedPixels"
    assert {line.split(",")[0] for line in lines[1:]} == {"picture0", "picture1", "picture2"}
