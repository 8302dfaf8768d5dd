"""Calls of Python from TensorFlow's threads, which the end of the process waits for.

A pipeline reads ahead as long as its iterator lives. Python that ends in the middle of such a call never returns to
it: the process hangs, or aborts.
"""

import atexit
import threading
import time

QUIET = 0.1  # seconds without a call, after which TensorFlow's buffers are full of refusals and nothing more comes
PATIENCE = 10  # seconds, for calls that do not end


class CallsAtExit:
    """A context for the body of each call: counts those under way, and refuses new ones once Python is about to end."""

    def __init__(self):
        self._changed, self._begun, self._done, self._ended = threading.Condition(), 0, 0, False
        atexit.register(self._end)

    def __enter__(self):
        with self._changed:
            self._changed.notify()
            if self._ended:
                raise RuntimeError("Python is ending")
            self._begun += 1

    def __exit__(self, *_):
        with self._changed:
            self._changed.notify()
            self._done += 1

    def _end(self):
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            self._ended = True
            while self._begun and time.monotonic() < deadline:
                if not self._changed.wait(QUIET) and self._begun == self._done:
                    break
