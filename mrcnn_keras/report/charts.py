"""Line charts as SVG for a page, sharp at any size and in the colours of the page, light or dark."""

import math
from typing import NamedTuple

import numpy as np

from mrcnn_keras.page import text
from mrcnn_keras.report.learning import NOT_LOSSES, SCORES

WIDTH, HEIGHT = 360, 230  # units of a drawing
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 10, 36  # of them around the lines
TICKS = 5  # numbers on an axis, about
DISTINCT = 8  # curves of a chart with a colour of their own and a place in the legend; beyond, a class is chosen
DRAWN = 60  # curves of single classes in a chart, at most
POINTS = 200  # of a curve, at most


class Curve(NamedTuple):
    """A line: x and y are lists of K numbers, of which those that are not finite are left out; class_id: 0 for all
    classes. note: String behind the name in the legend.
    """

    name: str
    x: list
    y: list
    class_id: int = 0
    note: str = ""


class Chart(NamedTuple):
    """Curves over the same axes; y_top: the number at the top, or None: of the curves. diagonal: also draws y = x."""

    title: str
    x_name: str
    y_name: str
    curves: list
    x_range: tuple = (0, 1)
    y_top: float | None = 1
    diagonal: bool = False


def draw_chart(chart):
    """Draws a chart with its legend.

    Args:
        chart: `Chart`.

    Returns:
        String, a piece of HTML.
    """
    shown = [curve for curve in chart.curves if not curve.class_id]
    classes = [curve for curve in chart.curves if curve.class_id]
    distinct = len(chart.curves) <= DISTINCT
    shown = [*classes[:DRAWN], *shown]  # those of all classes lie on top
    low, high = chart.x_range
    top = chart.y_top or 1.1 * _largest(shown)
    scale_x = (WIDTH - LEFT - RIGHT) / ((high - low) or 1)
    scale_y = (HEIGHT - TOP - BOTTOM) / top

    def place(x, y):
        return LEFT + (x - low) * scale_x, HEIGHT - BOTTOM - y * scale_y

    drawn = _axes(chart, place, (low, high, top))
    if chart.diagonal:
        (x1, y1), (x2, y2) = place(low, low), place(high, high)
        drawn.append(f'<line class="diagonal" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>')
    names = []
    for number, curve in enumerate(shown):
        kind = _kind(curve, number, distinct, len(shown))
        drawn.append(_line(curve, place, kind))
        if distinct or not curve.class_id:
            note = f' <span class="note">{text(curve.note)}</span>' if curve.note else ""
            names.append(f'<li><span class="swatch {kind}"></span>{text(curve.name)}{note}</li>')
    left_out = len(classes) - len(classes[:DRAWN])
    if not distinct and classes:
        more = f"; {left_out} classes are not drawn" if left_out else ""
        names.append(f'<li class="note">grey: single classes; the filter by class marks one{more}</li>')
    label = text(f"{chart.title}: {chart.y_name} over {chart.x_name}")
    svg = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'
    legend = f'<ul class="legend">{"".join(names)}</ul>'
    return f"<figure><h3>{text(chart.title)}</h3>{svg}<figcaption>{legend}</figcaption></figure>"


def learning_charts(rows):
    """Makes the charts of a training: each loss with that of the validation pictures, and average precision.

    Args:
        rows: List of dicts of numbers, one per epoch, as `RunFolder.rows` reads them; `None` where none was measured.

    Returns:
        List of `Chart`.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [_number(row.get(name)) for row in rows] for name in names}
    epochs = columns.get("epoch", [])
    reach = (0, max([1, *filter(math.isfinite, epochs)]))
    charts = []
    scores = [name for name in SCORES if np.isfinite(columns.get(name, [])).any()]
    if scores:
        curves = [Curve(name, epochs, columns[name], note=_best(columns[name], epochs)) for name in scores]
        charts.append(Chart("average precision, validation pictures", "epoch", "AP", curves, reach))
    for name in names:
        if name in NOT_LOSSES or name.startswith("val_") or "/" in name:
            continue
        curves = [Curve("training", epochs, columns[name])]
        if f"val_{name}" in columns:
            curves.append(Curve("validation", epochs, columns[f"val_{name}"]))
        title = "total loss" if name == "loss" else name.replace("_", " ")
        charts.append(Chart(title, "epoch", "loss", curves, reach, y_top=None))
    if np.isfinite(columns.get("learning_rate", [])).any():
        curves = [Curve("learning rate", epochs, columns["learning_rate"])]
        charts.append(Chart("learning rate", "epoch", "rate", curves, reach, y_top=None))
    return charts


def ticks(low, high):
    """Round numbers on an axis.

    Args:
        low: Number.
        high: Number above `low`.

    Returns:
        List of about five floats from `low` to `high`.
    """
    step = 10 ** math.floor(math.log10((high - low) / TICKS))
    step = next(step * factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= TICKS)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _best(values, epochs):
    best = int(np.nanargmax(values))
    return f"best {values[best]:.3f} at {epochs[best]:g}"


def _number(value):
    return math.nan if value is None else float(value)


def _largest(curves):
    """The largest finite y of the curves, above 0."""
    finite = [y for curve in curves for y in curve.y if y is not None and math.isfinite(y)]
    return max([1e-6, *finite])


def _kind(curve, number, distinct, count):
    """The CSS classes of a curve: of all classes, one with its own colour, or one of many."""
    if distinct:
        return f"curve hue{number}" if curve.class_id or count > 1 else "curve hue0"
    return "curve one-of-many" if curve.class_id else "curve overall"


def _axes(chart, place, limits):
    low, high, top = limits
    drawn = []
    for y in ticks(0, top):
        x1, at = place(low, y)
        drawn.append(f'<line class="grid-line" x1="{x1:.1f}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        drawn.append(f'<text x="{LEFT - 5}" y="{at + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in ticks(low, high):
        at, y1 = place(x, 0)
        drawn.append(f'<line class="grid-line" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{y1:.1f}"/>')
        drawn.append(f'<text x="{at:.1f}" y="{y1 + 14:.1f}" text-anchor="middle">{x:g}</text>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    drawn.append(f'<text x="{middle:.1f}" y="{HEIGHT - 4}" text-anchor="middle">{text(chart.x_name)}</text>')
    height = TOP + (HEIGHT - TOP - BOTTOM) / 2
    turned = f'transform="rotate(-90 10 {height:.1f})"'
    drawn.append(f'<text x="10" y="{height:.1f}" text-anchor="middle" {turned}>{text(chart.y_name)}</text>')
    return drawn


def _line(curve, place, kind):
    """A path through the finite points, with a dot where there are few."""
    step = max(1, math.ceil(len(curve.x) / POINTS))
    points = [place(x, y) for x, y in zip(curve.x, curve.y, strict=True) if _finite(x, y)]
    points = [*points[:-1:step], *points[-1:]]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in points) if len(points) <= 30 else ""
    of = f' data-class="{curve.class_id}"' if curve.class_id else ""
    name = text(f"{curve.name} {curve.note}".strip())
    return f'<g class="{kind}"{of}><title>{name}</title><path d="{path}"/>{dots}</g>'


def _finite(*numbers):
    return all(number is not None and math.isfinite(number) for number in numbers)
