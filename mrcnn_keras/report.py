"""Learning curves of a run, contact sheets, and a table of a dataset's statistics."""

import csv
import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file

TRAINING, VALIDATION = "#0072B2", "#D55E00"  # Okabe and Ito's blue and vermilion
NOT_LOSSES = ("epoch", "step", "seconds", "learning_rate")
SCORES = {  # drawn if measured, in this style
    "segm/AP": {"color": "#D55E00", "linestyle": "-"},
    "segm/AP50": {"color": "#D55E00", "linestyle": ":"},
    "bbox/AP": {"color": "#009E73", "linestyle": "-"},
    "bbox/AP50": {"color": "#009E73", "linestyle": ":"},
    "keypoints/AP": {"color": "#CC79A7", "linestyle": "-"},
    "keypoints/AP50": {"color": "#CC79A7", "linestyle": ":"},
}
PANELS_PER_ROW = 3
MARGIN = 6  # pixels around the pictures of a sheet
LARGEST = 640  # pixels of a picture's side in a sheet
BAR = 30  # characters of the longest bar in a table
UNUSED_ROWS = 5  # rows of a table for names without an example


def plot_curves(metrics_csv, out_png):
    """Draws the learning curves of a run: each loss with its validation loss, and average precision below.

    metrics_csv: one row per epoch, with columns epoch, step, seconds, learning_rate, loss, <losses>, val_loss,
    val_<losses>, and keys of `evaluate` such as segm/AP; cells may be empty and columns missing. out_png is written
    completely or not at all. Raises UserError if metrics_csv cannot be read or has no row.
    """
    columns = _read_columns(metrics_csv)
    losses = [name for name in columns if not name.startswith("val_") and "/" not in name]
    losses = [name for name in losses if name not in NOT_LOSSES]
    scores = [name for name in SCORES if np.isfinite(columns.get(name, math.nan)).any()]
    loss_rows = math.ceil(len(losses) / PANELS_PER_ROW)
    rows, width = max(1, loss_rows + bool(scores)), max(1, min(len(losses), PANELS_PER_ROW))
    figure = Figure(figsize=(max(6, 4 * width), 3 * rows), dpi=110, layout="constrained")
    grid = figure.add_gridspec(rows, width)
    epochs = columns["epoch"]
    for place, name in enumerate(losses):
        axes = figure.add_subplot(grid[divmod(place, width)])
        _curve(axes, epochs, columns[name], label="training", color=TRAINING)
        if f"val_{name}" in columns:
            _curve(axes, epochs, columns[f"val_{name}"], label="validation", color=VALIDATION)
        _finish(axes, "total loss" if name == "loss" else name.replace("_", " "), epochs)
    if scores:
        axes = figure.add_subplot(grid[loss_rows, :])
        for name in scores:
            best = int(np.nanargmax(columns[name]))
            label = f"{name}, best {columns[name][best]:.3f} at {epochs[best]:g}"
            _curve(axes, epochs, columns[name], label=label, **SCORES[name])
        _finish(axes, "average precision on the validation pictures", epochs, top=1)
    with replace_file(out_png) as temporary:
        figure.savefig(temporary, format="png")


def contact_sheet(images, columns, out_png=None):
    """Arranges pictures in rows of `columns` on white; writes to `out_png` if given, returns [H, W, 3] uint8 RGB.

    images: [h, w, 3] uint8 RGB of any sizes; longer sides than 640 pixels are scaled down.
    """
    pictures = []
    for image in images:
        picture = Image.fromarray(image)
        picture.thumbnail((LARGEST, LARGEST))
        pictures.append(np.asarray(picture))
    columns = max(1, min(columns, len(pictures)))
    rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    tops = MARGIN + np.cumsum([0, *(MARGIN + max(len(picture) for picture in row) for row in rows)])
    width = MARGIN + max((picture.shape[1] for picture in pictures), default=0)
    sheet = np.full((tops[-1], MARGIN + columns * width, 3), 255, np.uint8)
    for top, row in zip(tops, rows, strict=False):
        for column, picture in enumerate(row):
            left = MARGIN + column * width
            sheet[top : top + len(picture), left : left + picture.shape[1]] = picture
    if out_png is not None:
        with replace_file(out_png) as temporary:
            Image.fromarray(sheet).save(temporary, format="png")
    return sheet


def dataset_report(statistics):
    """Returns `Dataset.statistics()` as a table, a string of several lines."""
    per_class = statistics["per_class"]
    total = max(1, sum(per_class.values()))
    lines = [
        ("images", f"{statistics['images']}, {statistics['images_without_objects']} of them without objects"),
        ("objects", f"{statistics['instances']}, at most {statistics['max_instances']} in an image"),
        ("crowd regions", f"{statistics['crowds']}"),
        ("image width", _spread(statistics["width"], "{0} to {2} pixels, median {1}")),
        ("image height", _spread(statistics["height"], "{0} to {2} pixels, median {1}")),
        ("object side", _spread(statistics["object_side"], "median {1} pixels; 5 % are below {0}, 5 % above {2}")),
    ]
    keypoints = statistics.get("keypoints", {})
    if keypoints:
        lines.append(("keypoints", f"of {statistics['instances_with_keypoints']} objects"))
    table = [f"{name:<15}{value}" for name, value in lines]
    table += ["", *_bars("class", dict(sorted(per_class.items(), key=lambda item: -item[1])), total)]
    if keypoints:
        table += ["", *_bars("keypoint", keypoints, max(1, statistics["instances_with_keypoints"]))]
    return "\n".join(table)


def counted(statistics):
    """Returns what `Dataset.statistics()` has counted in some words."""
    return (
        f"images {statistics['images']} ({statistics['images_without_objects']} without objects), "
        f"objects {statistics['instances']}, crowd regions {statistics['crowds']}"
    )


def _bars(what, counts, total):
    """Lines of a table: a heading, and for each name its number of objects, their share of `total` and a bar."""
    unused = [name for name, count in counts.items() if not count]
    together = len(unused) > UNUSED_ROWS  # in one line instead of a page
    shown = {name: count for name, count in counts.items() if count or not together}
    width = max([len(what), *map(len, shown)])
    most = max([1, *shown.values()])
    lines = [f"{what:<{width}}  objects"]
    for name, count in shown.items():
        bar = "#" * math.ceil(BAR * count / most) or "no example"
        lines.append(f"{name:<{width}}  {count:>7}  {count / total:>4.0%}  {bar}")
    if together:
        plural = f"{what}es" if what.endswith("s") else f"{what}s"
        lines.append(f"{len(unused)} {plural} without an example: {', '.join(unused)}")
    return lines


def _spread(numbers, template):
    numbers = [] if numbers is None else list(numbers)
    if len(numbers) < 3 or not np.isfinite(numbers).all():
        return "none"
    rounded = [f"{number:.0f}" for number in numbers]
    return template.format(*rounded) if len({*rounded}) > 1 else f"{rounded[0]} pixels"


def _read_columns(path):
    """Returns {name: [rows] float64}, NaN for a cell that is not a number."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read ({error}); give the metrics.csv of a run") from error
    if not rows:
        raise UserError(f"{path} has no row yet; a run writes a row at the end of each epoch")
    columns = {name: np.array([_number(row[name]) for row in rows]) for name in rows[0] if name}
    if not np.isfinite(columns.get("epoch", math.nan)).all():
        raise UserError(f"{path} lacks the epoch of some row; give the metrics.csv of a run")
    return columns


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def _curve(axes, epochs, values, **style):
    """Draws a line through the measured values, which may be fewer than the epochs."""
    measured = np.isfinite(values) & np.isfinite(epochs)
    marker = "o" if measured.sum() <= 30 else None
    axes.plot(epochs[measured], values[measured], marker=marker, markersize=3, linewidth=1.4, **style)


def _finish(axes, title, epochs, top=None):
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("epoch", fontsize=8)
    axes.set_xlim(epochs.min() - 0.5, epochs.max() + 0.5)
    axes.set_ylim(0, top or 1.1 * max(axes.dataLim.y1, 1e-6))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
