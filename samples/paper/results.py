"""Results of finished runs as files, and the tables made from them."""

import json
import math
import os
import statistics

KINDS = ("segm", "bbox", "keypoints")
NAMES = ("AP", "AP50", "AP75")


class Results:
    """A folder with one file per variant, set of pictures and seed that has been trained and evaluated."""

    def __init__(self, folder, steps):
        self.folder, self.steps = folder, steps

    def path(self, data, variant, seed):
        """The file of a run."""
        return self.folder / "results" / f"{data}-{variant}-{self.steps}-steps-seed-{seed}.json"

    def write(self, data, variant, seed, content):
        """Writes the file of a finished run by rename, so that an existing file is complete."""
        path = self.path(data, variant, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(content, indent=1) + "\n")
        os.replace(temporary, path)

    def read(self, data, variant, seed, config=None):
        """Returns the content of a finished run, or None if there is none or its settings are not `config`."""
        try:
            content = json.loads(self.path(data, variant, seed).read_text())
        except (OSError, ValueError):
            return None
        return content if config is None or content["config"] == json.loads(json.dumps(config)) else None

    def scores(self, data, variant, seeds):
        """Returns {seed: {figure: 0 to 1}} of the finished runs."""
        found = {seed: self.read(data, variant, seed) for seed in seeds}
        return {seed: content["scores"] for seed, content in found.items() if content}


def tables(rows, results, data, seeds):
    """Returns the Markdown of all tables of `rows` on one set of pictures, in percent as in the paper."""
    names = list(dict.fromkeys(row.table for row in rows))
    return "\n".join(_table(name, [row for row in rows if row.table == name], results, data, seeds) for name in names)


def _table(name, rows, results, data, seeds):
    """One table: our mean and spread of each figure, and the paper's figure in brackets if it has one."""
    scores = [results.scores(data, row.variant, seeds) for row in rows]
    known = {figure for row in rows for figure in row.paper}
    known.update(figure for found in scores for score in found.values() for figure in score)
    figures = [f"{kind}/{name}" for kind in KINDS for name in NAMES if f"{kind}/{name}" in known]
    lines = [f"\nTable {name}, {data}, {results.steps} steps\n"]
    lines.append("| row | seeds | " + " | ".join(figures) + " |")
    lines.append("|---" * (2 + len(figures)) + "|")
    for row, found in zip(rows, scores, strict=True):
        values = {figure: [score.get(figure, math.nan) for score in found.values()] for figure in figures}
        cells = [_cell(values[figure], row.paper.get(figure)) for figure in figures]
        lines.append(f"| {row.label} | {len(found)} | " + " | ".join(cells) + " |")
    for row, found in zip(rows[1:], scores[1:], strict=True):
        cells = [_gain(found, scores[0], figure, row.paper, rows[0].paper) for figure in figures]
        if any(cells):
            lines.append(f"| {row.label} less {rows[0].label} | | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(values, paper):
    """Such as '61.2 ± 1.3 (30.3)'."""
    return _with_spread(values) + (f" ({paper:.1f})" if paper is not None else "")


def _gain(found, first, figure, paper, paper_first):
    """The difference of two rows, seed by seed: such as '+4.2 ± 1.0 (+7.3)'."""
    differences = [
        found[seed].get(figure, math.nan) - first[seed].get(figure, math.nan) for seed in found if seed in first
    ]
    if all(map(math.isnan, differences)):
        return ""
    theirs = f" ({paper[figure] - paper_first[figure]:+.1f})" if figure in paper and figure in paper_first else ""
    return _with_spread(differences, sign="+") + theirs


def _with_spread(values, sign=""):
    """Mean and standard deviation in percent; the deviation of one value is unknown."""
    values = [100 * value for value in values if not math.isnan(value)]
    if not values:
        return "-"
    mean = f"{statistics.mean(values):{sign}.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean
