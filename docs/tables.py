"""Writes the tables of README.md and docs/*.md that the code knows: `python docs/tables.py`.

A table named NAME stands between `<!-- table: NAME -->` and `<!-- end -->`; tests/test_docs.py compares it.
"""

import argparse
import ast
import inspect
import math
import re
import typing
from pathlib import Path

from mrcnn_keras.cli.parser import _parser
from mrcnn_keras.config import AUGMENTATIONS, PRESETS, RECIPES, Config
from mrcnn_keras.weights.fetch.published import COCO, IMAGENET

ROOT = Path(__file__).resolve().parents[1]
PLACE = re.compile(r"(?<=<!-- table: )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
ALL = (*COCO.values(), *IMAGENET.values())
LICENCES = dict(zip(dict.fromkeys(file.license for file in ALL), "TDMKA", strict=True))
NORMS = {"frozen_bn": "frozen batch norm", "bn": "batch norm", "gn": "group norm", "none": ""}


def table(*rows):
    """The first row is the head; a cell may be of any type."""
    cells = [[str(cell).replace("|", r"\|") for cell in row] for row in rows]
    lines = [re.sub(" +", " ", f"| {' | '.join(row)} |\n") for row in cells]
    return "".join([lines[0], "|---" * len(rows[0]) + "|\n", *lines[1:]])


def commands():
    """One row per command, with its arguments and options."""
    subcommands = next(a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    rows = []
    for help_of, (name, parser) in zip(subcommands._choices_actions, subcommands.choices.items(), strict=True):
        actions = [a for a in parser._actions if a.dest not in ("help", "debug", "json")]
        given = " ".join(f"{a.metavar}{' ...' if a.nargs == '+' else ''}" for a in actions if not a.option_strings)
        options = ", ".join(f"`{a.option_strings[0]}`" for a in actions if a.option_strings)
        rows.append((f"**{name}** {given}".strip(), help_of.help, options))
    return table(("command", "what it does", "options"), *rows)


def presets():
    rows = []
    for name in PRESETS:
        c = Config.preset(name)
        branches = ["boxes", *["masks"] * c.MASKS, *["keypoints"] * (c.NUM_KEYPOINTS > 0)]
        square = c.IMAGE_RESIZE_MODE == "square"
        norms = NORMS[c.BACKBONE_NORM], NORMS[c.HEAD_NORM]
        published = COCO[name].project if name in COCO else ""
        pixels = c.IMAGE_MAX_DIM if square else f"{c.IMAGE_MIN_DIM} to {c.IMAGE_MAX_DIM}"
        maps = c.BACKBONE_FEATURES.upper()
        rows.append((f"`{name}`", c.BACKBONE, maps, ", ".join(branches), pixels, *norms, published))
    head = ("preset", "backbone", "maps", "finds", "input, pixels", "backbone's norm", "heads' norm", "COCO weights of")
    return table(head, *rows)


def _checked_by(file):
    kind, digits, whole = ("sha256", file.sha256, 64) if file.sha256 else ("md5", file.md5, 32)
    return kind if len(digits) == whole else f"{kind}, {len(digits)} digits"


def _file(file):
    size = f"{file.size:,}" if file.size else ""
    return f"[{file.name}]({file.url})", size, _checked_by(file), LICENCES[file.license]


def coco():
    """One row per published file: the presets that share it, and what its project says of it."""
    rows = []
    for file in dict.fromkeys(COCO.values()):
        names = ", ".join(f"`{name}`" for name, other in COCO.items() if other is file)
        rows.append((names, *_file(file), *(ap or "" for ap in (file.box_ap, file.mask_ap, file.keypoint_ap))))
    return table(("preset", "file", "bytes", "checked by", "licence", "box AP", "mask AP", "keypoint AP"), *rows)


def imagenet():
    rows = [(f"`{backbone}`", f"`{stride}`", *_file(file)) for (backbone, stride), file in IMAGENET.items()]
    return table(("BACKBONE", "BACKBONE_STRIDE_IN", "file", "bytes", "checked by", "licence"), *rows)


def licences():
    rows = [(letter, next(f.project for f in ALL if f.license == text), text) for text, letter in LICENCES.items()]
    return table(("", "files of", "licence"), *rows)


def _settings():
    """-> [(section, {setting: meaning})] of config.py, whose comments say what each setting means"""
    source = inspect.getsource(Config).splitlines()
    marks = [i for i, line in enumerate(source) if line.startswith("    # --- ")]
    nodes = [node for node in ast.parse("\n".join(source)).body[0].body if isinstance(node, ast.Assign | ast.AnnAssign)]
    sections = []
    for start, stop in zip(marks, [*marks[1:], len(source)], strict=True):
        meanings = {}
        for node in (node for node in nodes if start < node.lineno <= stop):
            lines = source[node.lineno - 1 : node.end_lineno]
            name = getattr(node, "target", None) or node.targets[0]
            meanings[name.id] = " ".join(line.partition("  # ")[2] for line in lines).strip()
        sections.append((source[start].removeprefix("    # --- "), meanings))
    return sections


def _plain(value):
    if isinstance(value, dict):
        return ", ".join(f"{key} {number}" for key, number in value.items())
    if isinstance(value, str):
        return f'`"{value}"`'
    return f"`{value}`" if isinstance(value, tuple) else f"{value:.6g}" if type(value) is float else value


def _range(name):
    """What a setting may be, by its annotation: words, or limits of numbers."""
    annotation = Config.__annotations__.get(name)
    if words := typing.get_args(annotation):
        return ", ".join(f'`"{word}"`' for word in words)
    low, high = getattr(annotation, "low", None), getattr(annotation, "high", math.inf)
    if low is None:
        return "" if high == math.inf else f"up to {high:,g}"
    return f"from {low:,g}" if high == math.inf else f"{low:,g} to {high:,g}"


def settings():
    rows = []
    for section, meanings in _settings():
        rows.append((f"**{section}**", "", "", ""))
        rows += [(f"`{name}`", _plain(getattr(Config, name)), _range(name), text) for name, text in meanings.items()]
    return table(("setting", "default", "may be", "meaning"), *rows)


def _sets(named):
    """One row per setting of named sets; empty where a set leaves it alone."""
    meanings = {name: meaning for _, of_section in _settings() for name, meaning in of_section.items()}
    rows = []
    for name in dict.fromkeys(name for settings in named.values() for name in settings):
        values = [_plain(settings[name]) if name in settings else "" for settings in named.values()]
        rows.append((f"`{name}`", _plain(getattr(Config(), name)), *values, meanings[name]))
    return table(("setting", "default", *(f"`{name}`" for name in named), "meaning"), *rows)


def augmentations():
    return _sets(AUGMENTATIONS)


def recipes():
    return _sets(RECIPES)


def conventions():
    """One row per setting in which the published models differ from the defaults; empty where they do not."""
    names = ("torchvision_v1", "torchvision_v2", "detectron2_r50_fpn", "detectron2_x101_fpn", "matterport")
    configs, default = [Config.preset(name) for name in names], Config()
    meanings = {name: meaning for _, of_section in _settings() for name, meaning in of_section.items()}
    rows = []
    for name in default.to_dict():
        values = [getattr(config, name) for config in configs]
        usual = getattr(default, name)
        if name not in ("PRESET", "CLASS_NAMES", "CATEGORY_IDS") and any(value != usual for value in values):
            cells = ["" if value == usual else _plain(value) for value in values]
            rows.append((f"`{name}`", _plain(usual), *cells, meanings[name]))
    return table(("setting", "default", *names, "meaning"), *rows)


def dependencies():
    """requirements.txt and the extras of setup.py: the comment behind a requirement says why it is there."""
    rows = []
    for file, form in (("requirements.txt", r"^(\w.+?)  # (.+)"), ("setup.py", r'^ +"(\S+?)",?  # (.+)')):
        for requirement, why in re.findall(form, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE):
            name, versions = re.match(r"([\w-]+)([^;]+)", requirement).groups()
            rows.append((name, f"`{versions}`", why))
    return table(("package", "versions", "why"), *rows)


MADE = (commands, presets, coco, imagenet, licences, settings, augmentations, recipes, conventions, dependencies)
TABLES = {f.__name__: f for f in MADE}


def documents():
    """The files that may have tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def filled(text):
    """A document with all of its tables as the code has them."""
    return PLACE.sub(lambda place: place[1] + place[2] + TABLES[place[1]](), text)


if __name__ == "__main__":
    for path in documents():
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
