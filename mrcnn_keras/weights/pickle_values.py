"""What the machine of restricted_pickle makes besides numbers, texts and plain containers."""

from typing import NamedTuple

from mrcnn_keras.weights.file_bytes import FileBytes


class LongString(NamedTuple):
    """A string left in the file. `latin1` tells that its characters are bytes that were written as UTF-8."""

    file: FileBytes
    offset: int
    size: int
    latin1: bool = False

    def read(self):
        data = self.file.read(self.offset, self.size)
        return data.decode("utf-8").encode("latin-1") if self.latin1 else data


class Known:
    """A name that pickles may ask for. `call` makes the data that its call stands for; without it, it is a value."""

    def __init__(self, name, call=None, value=None):
        self.name, self.call, self.value = name, call, value


class Plain:
    """An object of which only the attributes are kept, such as the options of a training script."""

    def __init__(self, *_):
        self.attributes = {}

    def set_state(self, state):
        self.attributes = state
