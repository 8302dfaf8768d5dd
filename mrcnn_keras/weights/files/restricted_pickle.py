"""A pickle read as data: a small machine that knows the opcodes of plain containers and calls nothing from outside.

Own code, since Python's Unpickler takes memory for whatever sizes a damaged pickle names (one opcode can ask for
64 GB), copies the arrays inside, and finds functions by name. This machine looks up every name in its caller's table,
leaves long strings in the file, and needs time and memory in proportion to the pickle's length, up to a limit.
"""

import codecs
import struct
from typing import NamedTuple

from mrcnn_keras.weights.files.stored_tensor import BadFile, FileBytes


class LongString(NamedTuple):
    """A string left in the file. `latin1`: its characters stand for bytes, and were written as UTF-8."""

    file: FileBytes
    offset: int
    size: int
    latin1: bool = False

    def read(self):
        data = self.file.read(self.offset, self.size)
        return data.decode("utf-8").encode("latin-1") if self.latin1 else data


class Known:
    """A name that pickles may ask for. `call` makes the data that a call of it stands for; without, it is a value."""

    def __init__(self, name, call=None, value=None):
        self.name, self.call, self.value = name, call, value


class Plain:
    """Any object with attributes, such as the options of a training script: only the attributes are kept."""

    def __init__(self, *_):
        self.attributes = {}

    def set_state(self, state):
        self.attributes = state


def _dictionary(*arguments):
    """A dict, an OrderedDict (Python 2 gives it its pairs), a Counter or a defaultdict (without its default)."""
    items = next((a for a in arguments if isinstance(a, dict | list)), ())
    pairs = list(items.items() if isinstance(items, dict) else items)
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str | int) for pair in pairs):
        raise BadFile("has a damaged pickle")
    return dict(pairs)


def _encode(text, encoding):
    """How pickles of protocol 2 write bytes: as text with one character per byte."""
    if encoding not in ("latin1", "latin-1", "iso-8859-1") or not isinstance(text, str | LongString):
        raise BadFile(f"has bytes in the encoding {encoding!r}")
    return text.encode("latin-1") if isinstance(text, str) else text


def _values(values=()):
    return list(values)


# The names of plain containers that pickles may ask for.
CONTAINERS = {
    ("collections", "OrderedDict"): Known("OrderedDict", _dictionary),
    ("collections", "defaultdict"): Known("defaultdict", _dictionary),
    ("collections", "Counter"): Known("Counter", _dictionary),
    ("argparse", "Namespace"): Known("Namespace", Plain),
    ("_codecs", "encode"): Known("_codecs.encode", _encode),
}
for _module in ("builtins", "__builtin__"):
    CONTAINERS |= {(_module, name): Known(name, _values) for name in ("set", "frozenset", "list", "bytearray")}
    CONTAINERS |= {(_module, name): Known(name) for name in ("int", "float", "str", "bool")}
    CONTAINERS[_module, "dict"] = Known("dict", _dictionary)
    CONTAINERS[_module, "bytes"] = Known("bytes", bytes)  # of protocol 2, where an empty one is written as a call


MOST_OPCODES = 3_000_000  # a state dict of 400 tensors with its optimizer has 100,000
LONG = 4096  # bytes from which a string stays in the file
PLAIN_CURE = "take a file of tensors alone (in PyTorch: torch.save(model.state_dict(), FILE))"


def load_pickle(file, offset, find_name, persistent=None):
    """The pickle at `offset` of a FileBytes -> (its object, the offset after it). Raises BadFile for all but data.

    find_name: module and name -> Known, or None for what is refused; persistent: a function of a persistent id, if the
    format has such ids. Python 2's strings are read as latin-1; strings of more than LONG bytes become LongString.
    """
    return _Machine(file, offset, find_name, persistent).run()


def _key(value):
    """Checks a key of a dict: hashing it must be quick, whatever the file contains."""
    if isinstance(value, str | int | float | bytes | None):
        return value
    if type(value) is tuple and len(value) < 10 and all(isinstance(v, str | int | float | bytes | None) for v in value):
        return value
    if isinstance(value, Known):
        return value.name
    raise BadFile("uses a container or a very long string as the key of a dict: it is damaged or no file of weights")


class _Machine:
    def __init__(self, file, offset, find_name, persistent):
        self.file, self.offset, self.find_name, self.persistent = file, offset, find_name, persistent
        self.stack, self.marks, self.memo = [], [], {}
        self.frame_end = None  # from protocol 4 on, pickles consist of frames, which say where they end

    def run(self):
        for _ in range(MOST_OPCODES):
            code = self.take(1)[0]
            if code == 0x2E:  # STOP
                if len(self.stack) != 1 or self.marks or self.frame_end not in (None, self.offset):
                    raise BadFile("has a pickle that ends too early")
                return self.stack.pop(), self.offset
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise BadFile(
                    f"has a pickle with opcode {code:#04x}: it is damaged or holds more than data", PLAIN_CURE
                )
            operation(self)
        raise BadFile(f"has a pickle of more than {MOST_OPCODES:,} operations, too long for a file of weights")

    # Taking from the file

    def take(self, size):
        data = self.file.read(self.offset, size)
        self.offset += size
        return data

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self):
        data = self.file.line(self.offset)
        self.offset += len(data) + 1
        return data

    def string(self, form, encoding):
        size = self.number(form)
        if size <= LONG:
            data = self.take(size)
            self.push(data.decode(encoding) if encoding else data)
            return
        if size < 0 or self.offset + size > self.file.size:
            raise BadFile("has a pickle with a string longer than the file: it is cut short or damaged")
        self.push(LongString(self.file, self.offset, size, latin1=encoding == "utf-8"))
        self.offset += size

    def begin_frame(self):
        self.frame_end = self.offset + 8 + self.number("<Q")

    # The stack

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise BadFile("has a damaged pickle")
        return self.stack.pop()

    def since_mark(self):
        if not self.marks:
            raise BadFile("has a damaged pickle")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def top(self, kind):
        value = self.pop()
        if not isinstance(value, kind):
            raise BadFile("has a damaged pickle")
        self.push(value)
        return value

    # What the opcodes do

    def set_items(self, values):
        if len(values) % 2:
            raise BadFile("has a damaged pickle")
        self.top(dict).update(zip(map(_key, values[::2]), values[1::2], strict=True))

    def make_dict(self):
        values = self.since_mark()
        self.push({})
        self.set_items(values)

    def set_item(self):
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def extend(self, values):
        self.top(list).extend(values)

    def make_tuple(self, size):
        self.push(tuple([self.pop() for _ in range(size)][::-1]))

    def find(self, module, name):
        if type(module) is not str or type(name) is not str:
            raise BadFile("has a damaged pickle")
        known = self.find_name(module, name)
        if known is None:
            full = f"{module}.{name}"
            shown = full if full.isprintable() and len(full) < 100 else repr(full[:100])
            raise BadFile(f"asks for {shown}, which is not data; nothing of it was run", PLAIN_CURE)
        self.push(known)

    def call(self):
        arguments, known = self.pop(), self.pop()
        if not isinstance(known, Known) or known.call is None or type(arguments) is not tuple:
            named = f"to call {known.name}" if isinstance(known, Known) else "for a call of something unknown"
            raise BadFile(f"asks {named}, which is not data; nothing of it was run", PLAIN_CURE)
        try:
            self.push(known.call(*arguments))
        except TypeError as error:
            raise BadFile(f"describes a {known.name} in a way that is not known ({error})") from error

    def build(self):
        state, value = self.pop(), self.pop()
        if hasattr(
            value, "set_state"
        ):  # of our own classes; attributes of other values, such as _metadata, are of no use
            value.set_state(state)
        elif not isinstance(value, dict):
            raise BadFile("gives attributes to something that has none: it is damaged or no file of weights")
        self.push(value)

    def find_persistent(self):
        if self.persistent is None:
            raise BadFile("has a pickle that refers to data outside of it")
        self.push(self.persistent(self.pop()))

    def remember(self, index):
        self.memo[index] = self.top(object)

    def recall(self, index):
        if index not in self.memo:
            raise BadFile("has a damaged pickle")
        self.push(self.memo[index])

    def text_int(self):
        line = self.line()
        self.push({b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line))

    def text_string(self):
        line = self.line().rstrip()
        if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
            raise BadFile("has a damaged pickle")
        self.push(codecs.escape_decode(line[1:-1])[0].decode("latin-1"))


_OPERATIONS = {
    ord("\x80"): lambda m: m.take(1),  # PROTO
    ord("\x95"): lambda m: m.begin_frame(),
    ord("("): lambda m: m.marks.append(len(m.stack)),
    ord("0"): lambda m: m.pop(),
    ord("1"): lambda m: m.since_mark(),
    ord("2"): lambda m: m.push(m.top(object)),
    # constants and numbers
    ord("N"): lambda m: m.push(None),
    ord("\x88"): lambda m: m.push(True),
    ord("\x89"): lambda m: m.push(False),
    ord("I"): lambda m: m.text_int(),
    ord("L"): lambda m: m.push(int(m.line().rstrip(b"L"))),
    ord("F"): lambda m: m.push(float(m.line())),
    ord("J"): lambda m: m.push(m.number("<i")),
    ord("K"): lambda m: m.push(m.number("<B")),
    ord("M"): lambda m: m.push(m.number("<H")),
    ord("\x8a"): lambda m: m.push(int.from_bytes(m.take(m.number("<B")), "little", signed=True)),
    ord("\x8b"): lambda m: m.push(int.from_bytes(m.take(m.number("<i")), "little", signed=True)),
    ord("G"): lambda m: m.push(m.number(">d")),
    # strings
    ord("S"): lambda m: m.text_string(),
    ord("V"): lambda m: m.push(m.line().decode("raw-unicode-escape")),
    ord("T"): lambda m: m.string("<i", "latin-1"),
    ord("U"): lambda m: m.string("<B", "latin-1"),
    ord("X"): lambda m: m.string("<I", "utf-8"),
    ord("\x8c"): lambda m: m.string("<B", "utf-8"),
    ord("\x8d"): lambda m: m.string("<Q", "utf-8"),
    ord("B"): lambda m: m.string("<I", None),
    ord("C"): lambda m: m.string("<B", None),
    ord("\x8e"): lambda m: m.string("<Q", None),
    ord("\x96"): lambda m: m.string("<Q", None),
    # containers; a set becomes a list
    ord(")"): lambda m: m.push(()),
    ord("t"): lambda m: m.push(tuple(m.since_mark())),
    ord("\x85"): lambda m: m.make_tuple(1),
    ord("\x86"): lambda m: m.make_tuple(2),
    ord("\x87"): lambda m: m.make_tuple(3),
    ord("]"): lambda m: m.push([]),
    ord("l"): lambda m: m.push(m.since_mark()),
    ord("a"): lambda m: m.extend([m.pop()]),
    ord("e"): lambda m: m.extend(m.since_mark()),
    ord("\x8f"): lambda m: m.push([]),
    ord("\x90"): lambda m: m.extend(m.since_mark()),
    ord("\x91"): lambda m: m.push(m.since_mark()),
    ord("}"): lambda m: m.push({}),
    ord("d"): lambda m: m.make_dict(),
    ord("s"): lambda m: m.set_item(),
    ord("u"): lambda m: m.set_items(m.since_mark()),
    # names, and what is made of them
    ord("c"): lambda m: m.find(m.line().decode("utf-8"), m.line().decode("utf-8")),
    ord("\x93"): lambda m: m.find(*[m.pop(), m.pop()][::-1]),
    ord("R"): lambda m: m.call(),
    ord("\x81"): lambda m: m.call(),
    ord("b"): lambda m: m.build(),
    ord("Q"): lambda m: m.find_persistent(),
    # the memo
    ord("p"): lambda m: m.remember(int(m.line())),
    ord("q"): lambda m: m.remember(m.number("<B")),
    ord("r"): lambda m: m.remember(m.number("<I")),
    ord("\x94"): lambda m: m.remember(len(m.memo)),
    ord("g"): lambda m: m.recall(int(m.line())),
    ord("h"): lambda m: m.recall(m.number("<B")),
    ord("j"): lambda m: m.recall(m.number("<I")),
}
