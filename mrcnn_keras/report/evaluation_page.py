"""The page of an evaluation: one file of HTML that opens from disk and requests nothing."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mrcnn_keras import page
from mrcnn_keras.errors import shortened
from mrcnn_keras.files import replace_file
from mrcnn_keras.report.charts import draw_chart, learning_charts
from mrcnn_keras.report.gallery import OUTCOMES, encode_pictures, inert_json

LARGEST = 9_500_000  # characters of a page
PICTURES = 200  # in a page, at most
MATRIX = 60  # classes of a confusion matrix, at most
NAME = 60  # characters of a class in a table
VALUE = 200  # characters of a setting
KINDS = {  # of `evaluate`, and of `boundary_scores`
    "segm": "masks",
    "boundary": "masks by their outlines (boundary AP)",
    "bbox": "boxes",
    "keypoints": "keypoints",
}
SCORES = {  # of `evaluate`
    "AP": "mean over IoU 0.5 to 0.95",
    "AP50": "IoU 0.5",
    "AP75": "IoU 0.75",
    "APs": "small: below 32 x 32 pixels",
    "APm": "medium",
    "APl": "large: above 96 x 96 pixels",
    "AR": "mean recall over IoU 0.5 to 0.95",
}
_WIDE = '<div class="wide" tabindex="0" role="region"'  # can be scrolled by keyboard
VIEWS = (
    ("beside", "side by side", " checked"),
    ("found", "found", ""),
    ("truth", "annotated", ""),
    ("over", "over each other", ""),
)
HERE = Path(__file__).parent


class Table(NamedTuple):
    """Rows of text and numbers under a heading; a float that is not finite is shown as a dash. note: String below."""

    title: str
    head: tuple
    rows: list
    note: str = ""


class Confusion(NamedTuple):
    """counts: `[C, C]` integers, [annotated class, found class], 0 for background; at `min_score` and `iou`."""

    counts: object
    min_score: float
    iou: float


def write_report(
    path,
    *,
    title,
    class_names,
    facts=None,
    settings=None,
    rows=(),
    scores=None,
    tables=(),
    details=(),
    charts=(),
    confusion=None,
    pictures=(),
    shown=0,
    total=None,
    min_score=0.5,
):
    """Writes a page that shows how well a model does, of less than 10 MB whatever it is given.

    Args:
        path: Path of the HTML file, written completely or not at all.
        title: String.
        class_names: List of C strings, background first.
        facts: Dict from strings to what stands beside them at the top.
        settings: Dict from name to value, or `None`.
        rows: List of dicts, the epochs of a training as `RunFolder.rows` gives them.
        scores: Dict as `evaluate` returns it, also with those of `boundary_scores`, or `None`.
        tables: List of `Table`, before the curves.
        details: List of `Table`, after the pictures.
        charts: List of `Chart`.
        confusion: `Confusion`, or `None`.
        pictures: Iterable of `Picture`, the worst first.
        shown: Integer, how many of `pictures` are shown, at most; fewer if they do not fit.
        total: Integer, how many pictures were measured; `None`: `shown`.
        min_score: Float, where the slider stands at first.

    Returns:
        Integer, the number of pictures in the page.
    """
    before = [
        _Section("scores", "Scores", _tiles(scores or {})),
        _Section("training", "Training", _training(learning_charts(rows))),
        *(_Section(f"table-{i}", table.title, _table(*table[1:])) for i, table in enumerate(tables, 1)),
        _Section("curves", "Curves", _charts(charts)),
        _Section("confusion", "Confusion matrix", _matrix(confusion, class_names) if confusion else []),
    ]
    after = [_Section(f"detail-{i}", table.title, _table(*table[1:])) for i, table in enumerate(details, 1)]
    after += [_Section("settings", "Settings", _settings(settings or {}))]
    script = (HERE / "evaluation_page.js").read_text(encoding="utf-8")
    style = page.STYLE + (HERE / "evaluation_page.css").read_text(encoding="utf-8")

    def whole(encoded, count):
        gallery = _gallery(class_names, count, shown if total is None else total, min_score)
        sections = [*before, _Section("gallery", "Pictures", gallery), *after]
        sections = [section for section in sections if section.pieces]
        data = {"classes": list(class_names), "outcomes": list(OUTCOMES)}
        data["words"] = {name: words for name, (words, _) in OUTCOMES.items()}
        payload = f'{inert_json(data)[:-1]},"pictures":[{",".join(encoded)}]}}'
        pieces = [_navigation(sections), _facts(facts or {})]
        pieces += [piece for section in sections for piece in section.whole()]
        pieces.append(f'<script type="application/json" id="data">{payload}</script>')
        return page.whole(title, pieces, style, script)

    shown = min(shown, PICTURES)
    room = LARGEST - len(whole([], shown).encode("utf-8"))
    encoded = encode_pictures(pictures, shown, max(0, room))
    with replace_file(path) as temporary:
        temporary.write_text(whole(encoded, len(encoded)), encoding="utf-8")
    return len(encoded)


class _Section(NamedTuple):
    """A part of the page with a heading, to which the navigation leads."""

    name: str
    title: str
    pieces: list

    def whole(self):
        return [f'<section id="{self.name}">', page.heading(self.title), *self.pieces, "</section>"]


def _navigation(sections):
    links = "".join(f'<a href="#{section.name}">{page.text(section.title)}</a>' for section in sections)
    theme = '<button type="button" id="theme" hidden>dark</button>'
    return f'<nav aria-label="parts of the page">{links}{theme}</nav>'


def _facts(facts):
    lines = [f"<div><dt>{page.text(name)}</dt><dd>{page.text(value)}</dd></div>" for name, value in facts.items()]
    return f'<dl class="facts">{"".join(lines)}</dl>'


def _note(words):
    return f'<p class="note">{page.text(words)}</p>' if words else ""


def _tiles(scores):
    """The scores of all classes together, a row for masks and so on."""
    pieces = []
    for kind, things in KINDS.items():
        found = [(name, f"{kind}/{name}", meaning) for name, meaning in SCORES.items() if f"{kind}/{name}" in scores]
        tiles = [
            f'<div><dt>{name}</dt>{_value("dd", scores[key], key)}<dd class="note">{meaning}</dd></div>'
            for name, key, meaning in found
        ]
        if tiles:
            pieces.append(f'<h3>{things}</h3><dl class="tiles">{"".join(tiles)}</dl>')
    return pieces


def _value(tag, value, key=None):
    """A number in 3 digits, and in full where a script or a mouse looks; a dash where there is none."""
    of = f' data-key="{page.text(key)}"' if key else ""
    if not math.isfinite(value):
        return f'<{tag} class="number"{of} data-value="nan" title="no object">&ndash;</{tag}>'
    return f'<{tag} class="number"{of} data-value="{value!r}" title="{value!r}">{value:.3f}</{tag}>'


def _table(head, rows, note=""):
    """A table whose columns can be sorted by, and the note; nothing without rows."""
    if not rows:
        return []
    lines = []
    for first, *others in rows:
        cells = f'<th scope="row">{page.text(shortened(str(first), NAME))}</th>'
        for value in others:
            if isinstance(value, float):
                cells += _value("td", value)
            else:
                number = ' class="number"' if isinstance(value, int) else ""
                cells += f"<td{number}>{page.text(value)}</td>"
        lines.append(f"<tr>{cells}</tr>")
    names = "".join(f'<th scope="col">{page.text(name)}</th>' for name in head)
    body = f"<thead><tr>{names}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return [f'{_WIDE} aria-label="table"><table class="sortable">{body}</table></div>', _note(note)]


def _training(charts):
    """Average precision and the whole loss; the parts of the loss open when they are chosen."""
    first, parts = charts[:2], charts[2:]
    folded = ["<details><summary>parts of the loss, learning rate</summary>", *_charts(parts), "</details>"]
    return _charts(first) + (folded if parts else [])


def _charts(charts):
    return [page.grid([draw_chart(chart) for chart in charts])] if charts else []


def _matrix(confusion, class_names):
    """The confusion matrix: a button for each count above 0, darker the larger its share of the row."""
    counts = np.asarray(confusion.counts)
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    kept = [i for i in np.argsort(-wrong, kind="stable").tolist() if i and (counts[i].any() or counts[:, i].any())]
    left_out = len(kept[MATRIX:])
    kept = [*sorted(kept[:MATRIX]), 0]  # background comes last
    counts = counts.tolist()
    names = {i: page.text(shortened(class_names[i], NAME)) if i else "background" for i in kept}
    head = "".join(f'<th scope="col"><span>{names[i]}</span></th>' for i in kept)
    lines = []
    for i in kept:
        total = max(1, sum(counts[i]))
        cells = f'<th scope="row">{names[i] if i else "nothing there"}</th>'
        for j in kept:
            count = counts[i][j]
            if not count:
                cells += "<td></td>"
                continue
            kind = "right" if i == j else "wrong"
            found = f"found as {names[j]}" if j else "not found"
            label = f"{count} annotated {names[i]}, {found}" if i else f"{count} found as {names[j]}, nothing there"
            cells += (
                f'<td><button type="button" class="cell {kind}" data-cell="{i} {j}" title="{label}" '
                f'aria-label="{label}: show them" style="--share:{count / total:.3f}">{count}</button></td>'
            )
        lines.append(f"<tr>{cells}</tr>")
    corner = '<td class="corner">annotated &darr; found &rarr;</td>'
    body = f"<thead><tr>{corner}{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    table = f'<table id="matrix" data-score="{confusion.min_score!r}">{body}</table>'
    region = f'{_WIDE} aria-label="confusion matrix">{table}</div>'
    words = (
        f"Detections with a score of at least {confusion.min_score:.2f}, matched to annotated objects of any class by "
        f"an IoU of at least {confusion.iou:g}. Choose a number to see its pictures."
    )
    words += f" The {left_out} classes that are confused the least are left out." if left_out else ""
    return [_note(words), region]


def _gallery(class_names, shown, total, min_score):
    """The form of the filters; the script makes the rest."""
    if not shown:
        return []
    options = "".join(f'<option value="{i}">{page.text(name)}</option>' for i, name in enumerate(class_names) if i)
    kinds = "".join(
        f'<label title="{meaning}"><input type="radio" name="error" value="{name}">'
        f'<span class="swatch of-{name}"></span>{words} <b data-count="{name}"></b></label>'
        for name, (words, meaning) in OUTCOMES.items()
    )
    explained = "".join(f"<dt>{words}</dt><dd>{meaning}</dd>" for words, meaning in OUTCOMES.values())
    views = "".join(
        f'<label><input type="radio" name="view" value="{value}"{checked}>{words}</label>'
        for value, words, checked in VIEWS
    )
    of = f"The {shown} worst of {total} pictures." if shown < total else f"All {total} pictures, the worst first."
    form = f"""<form id="filters" aria-label="filter of the pictures">
<label class="field">class <select id="by-class"><option value="">any</option>{options}</select></label>
<label class="field">order <select id="by-order"><option value="">worst first</option>
<option value="errors">most errors at this score</option><option value="name">name</option></select></label>
<fieldset><legend>what became of it</legend><label><input type="radio" name="error" value="" checked>any</label>
<label><input type="radio" name="error" value="wrong">any error</label>{kinds}</fieldset>
<fieldset><legend>view</legend>{views}</fieldset>
<div class="row"><label><input type="checkbox" id="labels" checked>labels</label>
<label><input type="checkbox" id="fill" checked>fill masks</label>
<button type="reset">show all</button></div>
</form>
<details><summary>what the errors are</summary><dl class="explained">{explained}</dl></details>
<p class="note">Enter or a click opens a picture; arrow keys go from picture to picture.</p>
<div id="quick"><label class="field">lowest score
<input type="range" id="by-score" form="filters" min="0" max="1" step="0.01" value="{min_score:.2f}">
<output id="score" for="by-score">{min_score:.2f}</output></label>
<button type="button" id="chosen" hidden></button><p id="status" role="status" aria-live="polite"></p></div>
<ul id="pictures" aria-label="pictures"></ul>
<dialog id="viewer" aria-labelledby="viewer-name"><header><h3 id="viewer-name"></h3>
<button type="button" id="previous" aria-label="previous picture">&larr;</button>
<button type="button" id="next" aria-label="next picture">&rarr;</button>
<button type="button" id="close" aria-label="close">&times;</button></header>
<p id="viewer-what" role="status"></p><div id="viewer-panes" class="panes"></div>
<div class="wide"><table id="viewer-objects"></table></div></dialog>
<noscript><p class="bad">The pictures need JavaScript; what is above does not.</p></noscript>"""
    return [_note(of), form]


def _settings(settings):
    lines = [(name, shortened(str(value), VALUE)) for name, value in settings.items()]
    folded = f"<details><summary>{len(lines)} settings</summary>"
    return [folded, *_table(("setting", "value"), lines), "</details>"] if lines else []
