"""Annotation files damaged at random: whatever is in them, a reader gives a Dataset or a UserError."""

import json
import random
import re

from mrcnn_keras.data import load_dataset
from mrcnn_keras.errors import LONGEST, UserError

# What stands in place of a value in a damaged file.
VALUES = (None, True, -1, 0, 3.5, 1e308, float("nan"), float("inf"), 10**30, [], {}, [[]])
VALUES += ("", "x", "../../etc/passwd", "n" * 300 + "/a", "\ud800")
WORDS = (b"null", b"-1", b"1e308", b"NaN", b"1" * 400, b"", b'"', b"[", b"{}", b"<a>", b"&b;", b"\xff\xfe", b"\0")


def check_damaged(folder, files, format, count=300):
    """Writes `files` {name: bytes} with one of those of annotations damaged, and loads them, `count` times.

    Fails with the number of the damage if anything but a UserError comes of it. -> how many could be loaded, and in
    how many of these an entry was left out.
    """
    names = [name for name in files if not name.endswith(".jpg")]
    loaded = skipped = 0
    for seed in range(count):
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        chance = random.Random(seed)
        name = chance.choice(names)
        (folder / name).write_bytes(damaged(files[name], name, chance))
        try:
            dataset = load_dataset(folder, format=format, skip_bad=chance.choice((0.05, 1)))
            for image_id in dataset.image_ids:
                dataset.load_boxes(image_id)
                dataset.load_example(image_id)
            loaded += 1
            skipped += bool(dataset.skipped)
        except UserError as error:
            if not 20 < len(str(error)) < LONGEST:
                raise AssertionError(f"damage {seed} of {name}: {error}") from error
        except Exception as error:
            raise AssertionError(f"damage {seed} of {name}: {type(error).__name__}: {error}") from error
    return loaded, skipped


def damaged(data, name, chance):
    """A damaged copy of an annotation file: of JSON most in its structure, the others in their bytes."""
    if name.endswith(".json") and chance.random() < 0.6:
        content = json.loads(data)
        _replace_value(content, chance)
        return json.dumps(content).encode()
    place = chance.randrange(len(data))
    kind = chance.randrange(5)
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data[:place] + data[place + chance.randrange(1, 40) :]
    if kind == 2:
        return data[:place] + bytes(chance.randrange(256) for _ in range(chance.randrange(1, 8))) + data[place:]
    if kind == 3:
        return data[:place] + data[chance.randrange(len(data)) :]
    words = list(re.finditer(rb"-?[\w.]+", data))
    word = chance.choice(words)
    return data[: word.start()] + chance.choice(WORDS) + data[word.end() :]


def _replace_value(content, chance):
    """Replaces, removes or repeats one value at any depth."""
    places = list(_places(content))
    parent, key = chance.choice(places)
    if chance.random() < 0.7:
        parent[key] = chance.choice(VALUES)
    elif chance.random() < 0.5 or isinstance(parent, dict):
        del parent[key]
    else:
        parent.append(parent[key])


def _places(content):
    keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in list(keys):
        yield content, key
        yield from _places(content[key])
