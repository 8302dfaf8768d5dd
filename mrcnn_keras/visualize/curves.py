"""Curves and grids of one picture's evaluation: the functions of Matterport's package."""

import numpy as np

from mrcnn_keras.visualize.axes import axes_or_new
from mrcnn_keras.visualize.fonts import figure_names, font_families

LINE = "#0072b2"
MOST_NUMBERS = 600  # cells of a grid; in more of them numbers could not be read


def plot_precision_recall(AP, precisions, recalls, ax=None):  # the name of the argument is the contract
    """Draws the precision-recall curve.

    Args:
        AP: Float, average precision at the IoU that the curve is of, 0.5 in Matterport's notebooks.
        precisions: `[K]`, as `compute_ap` returns them.
        recalls: `[K]`.
        ax: matplotlib `Axes` to draw on, or `None`: a new figure.

    Returns:
        matplotlib `Axes`.
    """
    ax = axes_or_new(ax, (6, 5))
    ax.plot(recalls, precisions, color=LINE)
    ax.set(xlim=(0, 1.1), ylim=(0, 1.1), xlabel="recall", ylabel="precision")
    ax.set_title(f"Precision-Recall Curve. AP@50 = {AP:.3f}")
    ax.grid(alpha=0.3)
    return ax


def plot_overlaps(gt_class_ids, pred_class_ids, pred_scores, overlaps, class_names, threshold=0.5, ax=None):
    """Draws a grid of how much each found instance overlaps each annotated one, and whether their classes agree.

    Args:
        gt_class_ids: `[N]` integers; zeros are padding.
        pred_class_ids: `[M]` integers; zeros are padding.
        pred_scores: `[M]` floats.
        overlaps: `[M, N]` intersection over union.
        class_names: List of strings, background first.
        threshold: Float, the overlap above which two instances are called a match, or wrong.
        ax: matplotlib `Axes` to draw on, or `None`: a new figure.

    Returns:
        matplotlib `Axes`.
    """
    gt_class_ids, pred_class_ids = (np.asarray(ids, int) for ids in (gt_class_ids, pred_class_ids))
    gt_class_ids, pred_class_ids = gt_class_ids[gt_class_ids != 0], pred_class_ids[pred_class_ids != 0]
    names = figure_names(class_names)
    overlaps = np.reshape(overlaps, (-1, np.shape(overlaps)[1] if np.ndim(overlaps) == 2 else 0))
    overlaps = overlaps[: len(pred_class_ids), : len(gt_class_ids)]
    ax = axes_or_new(ax, (12, 10))
    if overlaps.size:
        ax.imshow(overlaps, interpolation="nearest", cmap="Blues", vmin=0, vmax=1, aspect="auto")
    else:
        ax.text(0.5, 0.5, "nothing to compare", ha="center", va="center", transform=ax.transAxes)
    found = [f"{names[i]} ({score:.2f})" for i, score in zip(pred_class_ids, pred_scores, strict=False)]
    fonts = {"fontfamily": font_families(*names)}
    ax.set_yticks(np.arange(len(pred_class_ids)), found, **fonts)
    ax.set_xticks(np.arange(len(gt_class_ids)), [names[i] for i in gt_class_ids], rotation=90, **fonts)
    for (row, column), overlap in np.ndenumerate(overlaps) if overlaps.size <= MOST_NUMBERS else ():
        verdict = "match" if gt_class_ids[column] == pred_class_ids[row] else "wrong"
        verdict = f"\n{verdict}" if overlap > threshold else ""
        color = "white" if overlap > 0.5 else "black" if overlap > 0 else "grey"
        ax.text(column, row, f"{overlap:.2f}{verdict}", ha="center", va="center", fontsize=9, color=color)
    ax.set(xlabel="annotated", ylabel="found")
    return ax
