"""The names of plain containers that pickles may ask for."""

from mrcnn_keras.weights.bad_file import BadFile
from mrcnn_keras.weights.pickle_values import Known, LongString, Plain


def _dictionary(*arguments):
    """A dict, an OrderedDict (Python 2 gives it its pairs), a Counter or a defaultdict (without its default)."""
    items = next((a for a in arguments if isinstance(a, dict | list)), ())
    pairs = list(items.items() if isinstance(items, dict) else items)
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str | int) for pair in pairs):
        raise BadFile("has a damaged pickle")
    return dict(pairs)


def _encode(text, encoding):
    """How pickles of protocol 2 write bytes: as text with one character a byte."""
    if encoding not in ("latin1", "latin-1", "iso-8859-1") or not isinstance(text, str | LongString):
        raise BadFile(f"has bytes in the encoding {encoding!r}")
    return text.encode("latin-1") if isinstance(text, str) else text


def _values(values=()):
    return list(values)


NAMES = {
    ("collections", "OrderedDict"): Known("OrderedDict", _dictionary),
    ("collections", "defaultdict"): Known("defaultdict", _dictionary),
    ("collections", "Counter"): Known("Counter", _dictionary),
    ("argparse", "Namespace"): Known("Namespace", Plain),
    ("_codecs", "encode"): Known("_codecs.encode", _encode),
}
for _module in ("builtins", "__builtin__"):
    NAMES |= {(_module, name): Known(name, _values) for name in ("set", "frozenset", "list", "bytearray")}
    NAMES |= {(_module, name): Known(name) for name in ("int", "float", "str", "bool")}
    NAMES[_module, "dict"] = Known("dict", _dictionary)
    NAMES[_module, "bytes"] = Known("bytes", bytes)  # of protocol 2, where an empty one is written as a call
