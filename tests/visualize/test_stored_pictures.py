"""Pictures as they were when somebody last looked at them: `python -m tests.visualize.test_stored_pictures` makes them.

Look at each one before it is committed. They are compared by tolerance, as fonts and OpenCV's lines differ a little.
"""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from mrcnn_keras import visualize
from tests.visualize.samples import NAMES, gradient, many, mixed

FOLDER = Path(__file__).parent / "pictures"
MEAN, CHANGED = 2.0, 0.02  # grey levels, and the share of values that may differ by more than a quarter of the range


def found():
    return visualize.draw_detections(gradient(80, 120), mixed(), NAMES, zoom=3, skeleton=[(0, 1)])


def by_class():
    plain = np.full((80, 120), 150, np.uint8)
    return visualize.draw_detections(plain, mixed(), NAMES, zoom=2, colors="class", scores=False, boxes=False)


def crowded():
    return visualize.draw_detections(np.full((60, 90), 100, np.uint8), many(300, (60, 90), 5), NAMES)


def compared():
    truth = mixed()[:3]
    return visualize.draw_comparison(gradient(80, 120), truth, truth[::2], NAMES, zoom=1, labels=False)


def as_array(figure):
    """[h, w, 3] uint8 of a figure of 2.4 x 1.8 inches."""
    figure.set_size_inches(2.4, 1.8)
    figure.set_dpi(100)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def on_axes(draw):
    axes = Figure().add_axes((0, 0, 1, 1))
    draw(axes)
    return as_array(axes.figure)


def boxes():
    instances = mixed()[:4]
    moved, words = instances.boxes + (4, 4, -2, 6), ["a", "b", "c", ""]
    return on_axes(
        lambda ax: visualize.draw_boxes(
            gradient(80, 120), instances.boxes, moved, instances.masks, words, [1, 2, 1, 0], ax=ax
        )
    )


def anchors():
    grid = np.mgrid[:80:16, :120:16].reshape(2, -1).T + 8.0
    levels = [np.concatenate([grid - half, grid + half], axis=1) for half in ((8, 4), (24, 24), (4, 50))]
    return on_axes(lambda ax: visualize.draw_anchors(gradient(80, 120), levels, ax=ax))


def mask_targets():
    truth = mixed()[:3]
    return as_array(visualize.display_mask_targets(gradient(80, 120), truth.boxes + 3, truth, NAMES, size=(14, 14)))


PICTURES = (found, by_class, crowded, compared, boxes, anchors, mask_targets)


@pytest.mark.parametrize("make", PICTURES, ids=lambda make: make.__name__)
def test_pictures_are_as_they_were(make):
    drawn, stored = make().astype(int), np.asarray(Image.open(FOLDER / f"{make.__name__}.png").convert("RGB"), int)
    assert drawn.shape == stored.shape
    apart = np.abs(drawn - stored)
    assert apart.mean() <= MEAN
    assert (apart > 64).mean() <= CHANGED


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for make in PICTURES:
        Image.fromarray(make()).save(FOLDER / f"{make.__name__}.png", optimize=True)
