"""Python's garbage collector, which looks for cycles of objects again and again while many are made."""

import gc
from contextlib import contextmanager


@contextmanager
def without_collecting():
    """No search for cycles inside: where very many objects are made and kept, it takes as long as making them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
