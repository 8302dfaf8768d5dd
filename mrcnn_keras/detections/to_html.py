"""Instances as a drawing for notebooks: outlines, boxes, classes and scores, without the photograph."""

import cv2
import numpy as np

from mrcnn_keras.detections.mask_crop import MaskCrop
from mrcnn_keras.detections.okabe_ito import palette
from mrcnn_keras.page import text

WIDTH, HEIGHT = 480, 360  # pixels of the drawing, at most
MOST = 300  # instances that are drawn
POINTS = 6000  # of all outlines together, so that a notebook stays small
LEAST_POINTS = 8  # of an outline that is simplified
LABELLED = 60  # labels at most, where there is room; each instance shows what it is under the pointer
ROWS = 20  # of the table
OPACITY = 0.45
TOLERANCE = 0.5  # pixels of the drawing
FINENESS = 2  # rows of a mask per pixel of the drawing, at most
FONT, LETTER = 11, 6.3  # height of the text, and about the width of a letter


def html_view(found):
    """Instances -> an SVG drawing and a table, as HTML. It holds nothing but numbers, and words from here."""
    scale = min(WIDTH / found.size[1], HEIGHT / found.size[0])
    height, width = (max(1.0, side * scale) for side in found.size)
    order = np.argsort(-found.areas, kind="stable")  # small ones are drawn over large ones
    if len(found) > MOST:
        order = np.sort(np.argsort(-found.scores, kind="stable")[:MOST]) if found.scores is not None else order[:MOST]
    colors = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in palette(len(found)).tolist()]
    pieces, words, taken = [], [], []
    for i in order.tolist():
        name = _name(found, i)
        pieces.append(f'<g fill="{colors[i]}" stroke="{colors[i]}"><title>{text(name)}</title>')
        pieces.append(_outlines(found, i, scale, POINTS // max(1, len(order))))
        y1, x1, y2, x2 = (np.clip(found.boxes[i], 0, (*found.size, *found.size)) * scale).tolist()
        pieces.append(f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" fill="none"/></g>')
        label, y = name.removeprefix("class "), max(y1 - 2, FONT)
        place = (y - FONT, x1, y, x1 + LETTER * len(label))
        free = all(place[0] >= p[2] or place[2] <= p[0] or place[1] >= p[3] or place[3] <= p[1] for p in taken)
        if len(taken) < LABELLED and free:
            taken.append(place)
            words.append(f'<text x="{x1:.1f}" y="{y:.1f}">{text(label)}</text>')
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" style="max-width:100%;height:auto;background:#8882">'
        f"<title>{text(found)}</title>{''.join(pieces)}"
        f'<g fill="currentColor" font-family="sans-serif" font-size="{FONT}">{"".join(words)}</g></svg>'
    )
    more = f"<div>{len(found) - MOST} more are not drawn</div>" if len(found) > MOST else ""
    return f"<div><div>{text(found)}</div>{drawing}{more}{_table(found)}</div>"


def _name(found, i):
    class_id = int(found.class_ids[i])
    score = "" if found.scores is None else f" {found.scores[i]:.2f}"
    return f"class {abs(class_id)}{' (crowd)' if class_id < 0 else ''}{score}"


def _outlines(found, i, scale, limit):
    """The mask of an instance as a path, holes included, with about `limit` points."""
    if not found.has_mask[i] or not found.mask_crops[i].bits.size:
        return ""
    crop = found.mask_crops[i]
    sides = np.maximum(np.rint(np.multiply(crop.bits.shape, min(1.0, FINENESS * scale))), 1).astype(int)
    small = cv2.resize(crop.bits.astype(np.float32), sides[::-1].tolist(), interpolation=cv2.INTER_AREA) >= 0.5
    factor = np.multiply(crop.bits.shape, scale) / sides
    start = np.multiply((crop.top, crop.left), scale)
    rings = [ring for outer, holes in MaskCrop(0, 0, small).parts() for ring in (outer, *holes)]
    # The smallest pieces go first where an outline is too long, as with a mask of noise.
    rings = sorted(rings, key=len, reverse=True)[: max(1, limit // 4)]
    rings = [(ring * factor + start)[:, ::-1] for ring in rings]
    tolerance, most = TOLERANCE, max(limit, LEAST_POINTS)
    simple = _simplified(rings, tolerance)
    while sum(map(len, simple)) > most and tolerance < max(WIDTH, HEIGHT):
        tolerance *= 2
        simple = _simplified(rings, tolerance)
    lines = ("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.tolist()) + "Z" for ring in simple)
    filled = OPACITY if found.class_ids[i] > 0 else 0  # a crowd region has an outline only
    return f'<path d="{"".join(lines)}" fill-opacity="{filled}" fill-rule="evenodd"/>'


def _simplified(rings, tolerance):
    return [cv2.approxPolyDP(ring.astype(np.float32), tolerance, closed=True)[:, 0] for ring in rings]


def _table(found):
    """The best instances with class, score, box and area."""
    if not len(found):
        return ""
    order = np.arange(len(found)) if found.scores is None else np.argsort(-found.scores, kind="stable")
    rows = [("", "class", "score", "y1", "x1", "y2", "x2", "area")]
    areas = found.areas
    for i in order[:ROWS].tolist():
        score = "" if found.scores is None else f"{found.scores[i]:.3f}"
        rows.append((i, int(found.class_ids[i]), score, *(f"{side:.0f}" for side in found.boxes[i]), f"{areas[i]:.0f}"))
    lines = ["<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    summary = "table" if len(found) <= ROWS else f"table of {ROWS} instances"
    return f"<details><summary>{summary}</summary><table>{''.join(lines)}</table></details>"
