"""Learning curves of a run as a picture."""

import csv
import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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


def plot_curves(metrics_csv, out_png):
    """Draws the learning curves of a run: each loss with its validation loss, and average precision below.

    Args:
        metrics_csv: Path of a file with one row per epoch, and columns epoch, step, seconds, learning_rate, loss,
            <losses>, val_loss, val_<losses>, and keys of `evaluate` such as segm/AP; cells may be empty and columns
            missing.
        out_png: Path of the picture, which is written completely or not at all.

    Raises:
        UserError: If `metrics_csv` cannot be read or has no row.
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
