"""What describes YOLO data: data.yaml, darknet's obj.data, or a list of class names such as classes.txt.

PyYAML is not a dependency: of YAML, these files use scalars, lists and dicts of scalars, which are read here.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from mrcnn_keras.data.formats.coco_keypoints import as_whole
from mrcnn_keras.data.formats.folders import files_in, subset_of_folder
from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_text

MAX_CLASSES = 100_000
LONGEST = 1000  # characters of a path
YAML = {".yaml", ".yml"}
# Lists of class names, a line each, in the order of preference: labelImg, Label Studio; CVAT; Roboflow's darknet.
LISTS = "classes.txt", "obj.names", "_darknet.labels", "predefined_classes.txt"
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")
_PLAIN = re.compile(r"[^,\[\]{}]*")
# In double quotes: n, t and so on, the number of a character, or the character itself.
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}|.)", re.S)
_SPACES = re.compile(r"\s*")
_KEY = re.compile(r"""(?!-)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#:,\[\]{}][^:,\[\]{}]*?)\s*:(?:\s+|$)""")


class Description(NamedTuple):
    """`names` {class id: name}; `subsets` {name: list of paths as written}, relative to one of `roots`."""

    file: Path
    names: dict
    subsets: dict
    roots: tuple
    keypoint_values: int = 0  # numbers behind the box of each line


def find_description(folder):
    """The path of the file in a folder that describes YOLO data, or None."""
    yaml = [file for file in files_in(folder, YAML) if is_description(file)]
    names = [folder / name for name in ("obj.data", *LISTS) if (folder / name).is_file()]
    return next(iter([*yaml, *names, *files_in(folder, {".names"})]), None)


def is_description(file):
    """Whether a file is a data.yaml or an obj.data."""
    if file.suffix.lower() not in {*YAML, ".data"}:
        return False
    sign, head = "=" if file.suffix.lower() == ".data" else ":", read_head(file)
    others = rf"^\s*(train|val|valid|nc|path)\s*{sign}"
    return bool(re.search(rf"^\s*names\s*{sign}", head, re.M) and re.search(others, head, re.M))


def read_description(file):
    """A file that find_description found -> Description. Raises UserError if it cannot be read."""
    if file.suffix.lower() in YAML:
        return _of_yaml(file)
    if file.suffix.lower() != ".data":
        return Description(file, _listed(file), {}, (file.parent,))
    pairs = [line.partition("=") for line in read_text(file).splitlines()]
    entries = {key.strip(): value.strip() for key, _, value in pairs}
    names = inside(file.parent, entries.get("names", ""))
    subsets = {"train": entries.get("train"), "val": entries.get("valid") or entries.get("val")}
    subsets = {name: [place] for name, place in subsets.items() if place}
    return Description(file, _listed(names) if names else {}, subsets, (file.parent,))


def inside(root, name):
    """The file or folder in `root` that a path of another computer means: that with most of its end; or None."""
    if "\0" in name or len(name) > LONGEST:
        return None
    parts = [part for part in re.split(r"[/\\]+", name.strip()) if part not in ("", ".", "..")]
    places = (root.joinpath(*parts[i:]) for i in range(len(parts)))
    return next(filter(os.path.exists, places), None)  # its exists() raises an error for long names


def _listed(file):
    lines = [line.strip() for line in read_text(file).rstrip().splitlines()]
    return {i: line or f"class {i}" for i, line in enumerate(lines[:MAX_CLASSES])}


def _of_yaml(file):
    entries = _entries(file)
    names = entries.get("names")
    if isinstance(names, str):
        listed = inside(file.parent, names) if names.endswith((".txt", ".names")) else None
        names = _listed(listed) if listed else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or None in (numbered := {as_whole(key): name for key, name in names.items()}):
        raise UserError(f"{str(file)!r} has no list of class names; write names: [first, second]")
    subsets = {}
    for key, value in entries.items():
        subset = subset_of_folder(Path(key))
        places = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        if subset and any(places):
            subsets.setdefault(subset, []).extend(place for place in places if place)
    shape = entries.get("kpt_shape", [])
    shape = [as_whole(value) or 0 for value in shape] if isinstance(shape, list) else []
    root = entries.get("path")
    roots = (file.parent / root, file.parent) if isinstance(root, str) and "\0" not in root else (file.parent,)
    return Description(file, numbered, subsets, roots, shape[0] * shape[1] if len(shape) == 2 else 0)


def _entries(file):
    """{key: str, list of str or dict of str} of those entries of a YAML file that are of interest here."""
    blocks = {}
    key = None
    for line in read_text(file).splitlines():
        match = _KEY.match(line)
        if match:
            key = _unquoted(match[1])
            blocks[key] = [line[match.end() :]]
        elif key is not None:
            blocks[key].append(line)
    wanted = {key: lines for key, lines in blocks.items() if key in ("names", "path", "kpt_shape") or _is_subset(key)}
    try:
        return {key: _value(lines) for key, lines in wanted.items()}
    except ValueError as error:
        cure = "write it as a list [a, b], or a line for each"
        raise UserError(f"{str(file)!r} has {str(error)[:80]!r}, which is not understood; {cure}") from error


def _is_subset(key):
    return subset_of_folder(Path(key)) is not None


def _value(lines):
    """The value of an entry, from the lines behind its key. Raises ValueError with what is not understood."""
    lines = [text for text in map(_without_comment, lines) if text]
    if not lines:
        return None
    first = lines[0].strip()
    if first[0] in "[{":
        return _flow(" ".join(line.strip() for line in lines))
    if first.startswith("- ") or first == "-":
        if not all(re.match(r"\s*-(\s|$)", line) for line in lines):
            raise ValueError(first)
        return [_scalar(line.strip()[1:]) for line in lines]
    match = _KEY.match(first)
    if match and not _QUOTED.fullmatch(first):
        pairs = [(_KEY.match(line.strip()), line.strip()) for line in lines]
        if not all(match for match, _ in pairs):
            raise ValueError(first)
        return {_unquoted(match[1]): _scalar(line[match.end() :]) for match, line in pairs}
    if len(lines) > 1:
        raise ValueError(first)
    return _scalar(first)


def _without_comment(line):
    """A line without the comment at its end, "" if nothing else is in it."""
    place = 0
    while place < len(line):
        quoted = _QUOTED.match(line, place) if place == 0 or line[place - 1] in " \t[{,:" else None
        if quoted:
            place = quoted.end()
        elif line[place] == "#" and (place == 0 or line[place - 1].isspace()):
            return line[:place].rstrip()
        else:
            place += 1
    return line.rstrip()


def _flow(text):
    """[a, "b"] or {0: a, 1: b} -> list or dict of str."""
    is_list, place = text[0] == "[", 1
    close, found = "]" if is_list else "}", []
    while True:
        place = _SPACES.match(text, place).end()
        if text[place : place + 1] == close:
            break
        key = None
        if not is_list:
            match = _KEY.match(text, place)
            if not match:
                raise ValueError(text[place:])
            key, place = _unquoted(match[1]), match.end()
        match = _QUOTED.match(text, place) or _PLAIN.match(text, place)
        found.append((key, _scalar(match[0])))
        place = _SPACES.match(text, match.end()).end()
        if text[place : place + 1] == ",":
            place += 1
        elif text[place : place + 1] != close:
            raise ValueError(text)
    if text[place + 1 :].strip():
        raise ValueError(text)
    return [value for _, value in found] if is_list else dict(found)


def _scalar(text):
    text = text.strip()
    if text[:1] in ("&", "*", "!", "|", ">", "[", "{"):
        raise ValueError(text)
    return "" if text in ("~", "null") else _unquoted(text)


def _unquoted(text):
    if not _QUOTED.fullmatch(text):
        return text
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    return _ESCAPE.sub(_character, text[1:-1])


def _character(found):
    code = found[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}.get(code, code)
