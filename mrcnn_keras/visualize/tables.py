"""Tables for notebooks, and the table of a model's weights that shows dead and exploded ones."""

import numpy as np

from mrcnn_keras import page

LARGE = 1000  # weights beyond it have most likely diverged, as in Matterport's package


class Table:
    """Rows of text; a notebook shows it as HTML, `print` as text.

    Args:
        rows: List of lists; the first one is the head.
    """

    def __init__(self, rows):
        self.rows = [[str(cell) for cell in row] for row in rows]

    def _repr_html_(self):
        return page.table(self.rows[0], self.rows[1:]) if self.rows else ""

    def __repr__(self):
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=False)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in self.rows
        ]
        return "\n".join(lines)


def display_table(table):
    """Makes a table that a notebook shows.

    Args:
        table: List of rows, each a list of cells; the first one is the head.

    Returns:
        `Table`.
    """
    return Table(table)


def display_weight_stats(model):
    """Makes a table of all weights of a model: shape, smallest, largest, standard deviation, and what looks wrong.

    Args:
        model: `keras.Model`, such as a `MaskRCNN`.

    Returns:
        `Table`, which a notebook shows.
    """
    rows = [["weight", "shape", "min", "max", "std", "remarks"]]
    for variable in model.weights:
        if not str(variable.dtype).startswith(("float", "bfloat")):
            continue  # counters and seeds
        values = np.asarray(variable, np.float32)
        figures = [f"{number:+.4f}" for number in (values.min(), values.max())] if values.size else ["", ""]
        spread = f"{values.std(dtype=np.float64):.4f}" if values.size else ""
        rows.append([variable.path, values.shape, *figures, spread, _remark(variable.path, values)])
    return Table(rows)


def _remark(path, values):
    """What looks wrong with a weight; biases, means and scales may well be all equal, before training."""
    if not np.isfinite(values).all():
        return "*** not finite"
    if np.abs(values).max(initial=0) > LARGE:
        return "*** overflow?"
    is_kernel = path.rsplit("/", 1)[-1].startswith(("kernel", "depthwise", "embedding"))
    return "*** dead?" if is_kernel and values.size > 1 and values.min() == values.max() else ""
