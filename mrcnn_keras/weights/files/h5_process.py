"""HDF5 read by h5py in a process of its own, with limits of time and memory.

Damage can make HDF5's C library loop for ever or crash, on about 3 of 1,000 damaged files: so `h5_child` calls it.
"""

import json
import math
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from mrcnn_keras.weights.files.stored_tensor import BadFile, StoredTensor, checked_shape

CHILD = Path(__file__).with_name("h5_child.py")
SECONDS = 300  # for one reply, and one more per megabyte; usually `h5_child` reaches its own limit first
WATCH_EVERY = 1.0  # seconds between two looks at the time
MOST_JSON = 2**24  # bytes of the description


class H5Process:
    """The datasets of an HDF5 file, as a process of its own reads them; to be closed. Raises BadFile.

    kind: "h5" for a file in the layout of Keras 2, "h5 of Keras 3", or "keras" for a .keras file with one in it.
    datasets: list of (name, name, StoredTensor), with the names that `h5_child` gives for that kind. config: the text
    of config.json in a .keras file.
    """

    def __init__(self, path, kind):
        words = [sys.executable, "-P", str(CHILD), str(path), kind]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "pipesize": 2**20}
        # Each thread of OpenBLAS takes address space, which is limited.
        self.process = subprocess.Popen(words, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, **pipes)
        self.deadline, self.closed, self.timed_out = math.inf, threading.Event(), False
        threading.Thread(target=self._watch, daemon=True).start()
        try:
            found = self._reply(0)
            self.config, self.datasets = found["config"], []
            for index, (first, second, shape, dtype) in enumerate(found["datasets"]):
                shape, _ = checked_shape(shape, np.dtype(dtype).itemsize)
                self.datasets.append((first, second, StoredTensor(shape, partial(self._read, index, shape, dtype))))
        except BaseException:
            self.close()
            raise

    def close(self):
        """Ends the process."""
        self.closed.set()
        self.process.kill()
        self.process.communicate()

    def _watch(self):
        """Ends the process when a reply takes too long."""
        while not self.closed.wait(WATCH_EVERY):
            if time.monotonic() > self.deadline:
                self.timed_out = True
                self.process.kill()
                return

    def _read(self, index, shape, dtype):
        array = np.empty(shape, dtype)
        with suppress(BrokenPipeError):  # it died: so there is no reply
            self.process.stdin.write(b"%d\n" % index)
            self.process.stdin.flush()
        self._reply(array.nbytes, array)
        return array

    def _reply(self, size, array=None):
        """One reply of the process, whose `size` bytes of numbers go into `array`."""
        seconds = SECONDS + size / 1e6
        self.deadline = time.monotonic() + seconds
        try:
            line = self.process.stdout.readline(MOST_JSON)
            reply = json.loads(line) if line.endswith(b"\n") else None
            if reply and "error" in reply:
                raise BadFile(*reply["error"])
            numbers = array.reshape(-1).view(np.uint8) if size else bytearray()
            if reply is not None and self.process.stdout.readinto(numbers) == size:
                return reply
            code = self.process.wait()
        finally:
            self.deadline = math.inf
        why = f"took more than {seconds:.0f} seconds" if self.timed_out else f"ended with code {code}"
        raise BadFile(f"is damaged: the process that read it {why}")
