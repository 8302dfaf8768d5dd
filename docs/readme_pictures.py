"""Makes the pictures of the README: `python docs/readme_pictures.py demo-run`, after `mrcnn demo`.

The second is a screenshot, for which Chromium has to be installed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import mrcnn_keras as mk
from mrcnn_keras.training.evaluation_report import report_evaluation

PICTURES = Path(__file__).resolve().parent / "pictures"
SHOWN = 3  # comparisons beside each other
WINDOW = "1200,3400"  # pixels
GALLERY = (0, 2270, 1200, 3270)  # pixels: the part of the page that shows its pictures
WIDTH = 1500  # pixels
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


def main():
    model = mk.MaskRCNN.load(sys.argv[1])
    val = mk.ShapesDataset(count=48, image_size=(128, 128), seed=3)
    found = mk.evaluation.collect(model, val, progress=True)
    rows = []
    for index in sorted(val.image_ids, key=lambda i: -len(found.truths[i]))[:SHOWN]:
        above = found.founds[index].above(0.5)
        rows.append(mk.visualize.draw_comparison(val.load_image(index), found.truths[index], above, val.class_names))
    gap = np.full((rows[0].shape[0], 16, 3), 255, np.uint8)
    beside = np.hstack([part for row in rows for part in (row, gap)][:-1])
    picture = Image.fromarray(beside)
    save(picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS), "demo.png")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        report_evaluation(page, found, val.load_image, title="Shapes", config=model.config)
        shot = Path(folder) / "shot.png"
        options = [f"--window-size={WINDOW}", f"--user-data-dir={folder}/browser", f"--screenshot={shot}"]
        subprocess.run(["chromium", *FLAGS, *options, page.as_uri()], check=True, capture_output=True)
        save(Image.open(shot).convert("RGB").crop(GALLERY), "report.png")


def save(picture, name):
    PICTURES.mkdir(exist_ok=True)
    picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    main()
