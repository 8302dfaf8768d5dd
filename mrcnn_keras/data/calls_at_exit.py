"""Calls of Python from TensorFlow's threads, which the end of the process waits for.

A pipeline whose iterator lives reads ahead. Python that ends in the middle of such a call never returns to it: the
process hangs, or aborts.
"""

import atexit
import threading
import time

QUIET = 0.1  # seconds without a call, after which TensorFlow's buffers are full of refusals and nothing more comes
PATIENCE = 10  # seconds, for a call that itself hangs


class CallsAtExit:
    """A context for the body of each call: counts those under way, and refuses new ones once Python is about to end."""

    def __init__(self):
        self._lock, self._running, self._last, self._ended = threading.Lock(), 0, None, False
        atexit.register(self._end)

    def __enter__(self):
        with self._lock:
            self._last = time.monotonic()
            if self._ended:
                raise RuntimeError("Python is ending")
            self._running += 1

    def __exit__(self, *_):
        with self._lock:
            self._last = time.monotonic()
            self._running -= 1

    def _end(self):
        self._ended, start = True, time.monotonic()
        while self._is_busy() and time.monotonic() - start < PATIENCE:
            time.sleep(QUIET / 10)

    def _is_busy(self):
        with self._lock:
            return self._last is not None and (self._running > 0 or time.monotonic() - self._last < QUIET)
