"""A page of HTML in one file: nothing from elsewhere, no script but its own, readable on a phone; all text is escaped.

Each function returns a piece of HTML, `whole` makes a page of such pieces. The text of a piece may come from anywhere,
such as names of classes and files.
"""

import base64
import hashlib
import html
import io

import numpy as np
from PIL import Image

SIDE = 420  # pixels of the longer side of a picture
QUALITY = 72  # of its JPEG
BARS = 24  # of a histogram, at most
WIDTH, HEIGHT, BELOW = 320, 130, 18  # units of a drawing; of them for the numbers below
_CELLS = {int: ' class="number"', float: ' class="bar"'}
# The browser itself then refuses whatever a mistake here might let through.
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #0072b2; --bad: #d55e00; --faint: #8881; }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1120px; padding: 12px 16px 48px; }
h1 { font-size: 1.5rem; margin: .6em 0 .2em; }
h2 { font-size: 1.2rem; margin: 1.8em 0 .4em; border-top: 1px solid var(--line); padding-top: .8em; }
h3 { font-size: 1rem; margin: 1.4em 0 .3em; }
h1, h2, h3, p, li, figcaption { overflow-wrap: anywhere; }
p, ul { margin: .4em 0; }
ul { padding-left: 1.2em; }
.bad { border-left: 4px solid var(--bad); padding-left: 10px; }
.part { margin: 1.4em 0 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: min(100%, 420px); }
td, th { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child { overflow-wrap: anywhere; min-width: 7em; }
.number { text-align: right; }
.bar { width: 30%; min-width: 60px; }
td.bar span { display: block; height: .8em; margin-top: .35em; background: var(--bar); min-width: 1px; }
.grid { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr)); }
figure { margin: 0; min-width: 0; }
img { display: block; width: 100%; height: 240px; object-fit: contain; background: var(--faint); }
figcaption { font-size: .85rem; padding-top: 4px; }
svg { width: 100%; max-width: 480px; height: auto; display: block; }
svg rect { fill: var(--bar); } svg text { fill: currentColor; font: 11px system-ui, sans-serif; }
summary { cursor: pointer; padding: 4px 0; }
@media (max-width: 480px) {
  table { font-size: .8rem; } td, th { padding-right: 6px; } .bar { display: none; } td:first-child { min-width: 5em; }
}
"""


def whole(title, pieces, style=STYLE, script=None):
    """Makes a page.

    Args:
        title: String, text.
        pieces: List of HTML pieces.
        style: String, the CSS.
        script: String, JavaScript that runs when the page is there; the browser refuses any other. `None`: no script.

    Returns:
        String, the content of a file.
    """
    policy = POLICY
    if script is not None:
        digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
        policy += f"; script-src 'sha256-{digest}'"
        pieces = [*pieces, f"<script>{script}</script>"]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        + "\n".join([f"<h1>{text(title)}</h1>", *pieces])
        + "\n</body>\n</html>\n"
    )


def text(words):
    """Escapes text; what no page can hold, such as halves of characters, becomes a question mark."""
    plain = str(words).encode("utf-8", "replace").decode("utf-8")
    return html.escape("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in plain))


def heading(words, level=2):
    return f"<h{level}>{text(words)}</h{level}>"


def paragraph(words, bad=False):
    return f'<p class="bad">{text(words)}</p>' if bad else f"<p>{text(words)}</p>"


def part(pieces):
    """Pieces that belong together, apart from others."""
    return f'<div class="part">{"".join(pieces)}</div>'


def points(lines):
    """A list with a dot before each line."""
    return "<ul>" + "".join(f"<li>{text(line)}</li>" for line in lines) + "</ul>"


def folded(summary, lines):
    """A list that opens when its summary is chosen."""
    return f"<details><summary>{text(summary)}</summary>{points(lines)}</details>"


def table(head, rows):
    """A table; a number is put to the right, and a float from 0 to 1 is drawn as a bar."""
    first = rows[0] if rows else [""] * len(head)
    kinds = [_CELLS.get(type(value), "") for value in first]
    lines = ["".join(f"<th{kind}>{text(name)}</th>" for name, kind in zip(head, kinds, strict=True))]
    lines += ["".join(f"<td{kind}>{_cell(value)}</td>" for value, kind in zip(row, kinds, strict=True)) for row in rows]
    return '<div class="wide"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + "</table></div>"


def grid(pieces):
    """Pieces beside each other, as many in a row as the width allows."""
    return '<div class="grid">' + "\n".join(pieces) + "</div>"


def picture(image, words):
    """A picture with words below it.

    Args:
        image: `[H, W, 3]` uint8, RGB.
        words: String, text.

    Returns:
        String.
    """
    small = Image.fromarray(image)
    small.thumbnail((SIDE, SIDE))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=QUALITY)
    source = f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
    return f'<figure><img src="{source}" alt=""><figcaption>{text(words)}</figcaption></figure>'


def histogram(title, edges, counts):
    """Bars with a caption.

    Args:
        title: String, text.
        edges: List of K + 1 numbers.
        counts: List of K whole numbers.

    Returns:
        String, an SVG drawing.
    """
    most = max([1, *counts])
    step = WIDTH / max(1, len(counts))
    bars = []
    for i, count in enumerate(counts):
        high = (HEIGHT - 2 * BELOW) * count / most
        x, y = i * step, HEIGHT - BELOW - high
        what = f"{_plain(edges[i])} to {_plain(edges[i + 1])}: {count}"
        bars.append(
            f'<rect x="{x + 0.5:.1f}" y="{y:.1f}" width="{max(1, step - 1):.1f}" height="{high:.1f}">'
            f"<title>{text(what)}</title></rect>"
        )
    numbers = []
    for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end")):
        edge = edges[round(share * (len(edges) - 1))] if edges else ""
        numbers.append(f'<text x="{share * WIDTH:g}" y="{HEIGHT - 4}" text-anchor="{anchor}">{_plain(edge)}</text>')
    numbers.append(f'<text x="0" y="12">at most {most} in a bar</text>')
    drawing = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(bars + numbers)}</svg>'
    return f"<figure>{drawing}<figcaption>{text(title)}</figcaption></figure>"


def binned(values, spread=10):
    """Counts values in bins.

    Args:
        values: List of numbers above or equal to 0.
        spread: Number; if the largest is more than this many times the smallest, each bin is a factor wide, unless all
            are whole numbers.

    Returns:
        Tuple of edges and counts, lists of plain numbers, K + 1 and K.
    """
    values = np.asarray(values, float)
    if not len(values):
        return [], []
    low, high = values.min(), values.max()
    if (values == np.rint(values)).all():
        width = np.ceil((high - low + 1) / BARS)
        edges = low + width * np.arange(np.ceil((high - low + 1) / width) + 1)
    elif low > 0 and high > spread * low:
        edges = np.geomspace(low, high, BARS + 1)
    else:
        edges = np.linspace(low, high, BARS + 1) if high > low else np.array([low, low + 1])
    edges[-1] = max(edges[-1], high)
    return [round(edge, 4) for edge in edges.tolist()], np.histogram(values, edges)[0].tolist()


def _plain(number):
    return number if isinstance(number, str) else f"{number:.3g}" if abs(number) < 100 else f"{number:.0f}"


def _cell(value):
    if isinstance(value, float):
        return f'<span style="width:{100 * min(max(value, 0.0), 1.0):.1f}%"></span>'
    return text(value)
