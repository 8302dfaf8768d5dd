"""A written file at work in a process of its own, so that its memory and its time are its own."""

import contextlib
import io
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mrcnn_keras.errors import UserError
from mrcnn_keras.export.readers import load

PACKAGE = Path(__file__).resolve().parent
# The package `export` writes files, for which it imports TensorFlow. A reader may do without, and its memory counts: so
# the process has an empty package with the same modules.
CHILD = """
import sys, types
sys.path.insert(0, sys.argv[2])
package = types.ModuleType("mrcnn_keras.export")
package.__path__ = [sys.argv[1]]
sys.modules[package.__name__] = package
from mrcnn_keras.export.answering import serve
serve(sys.argv[3])
"""


@contextlib.contextmanager
def reader_process(path):
    """An Answering of the file or folder `path`, see readers.load; its process ends with the block.

    Raises UserError where the file cannot be read.
    """
    words = [sys.executable, "-c", CHILD, str(PACKAGE), str(PACKAGE.parent.parent), str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with tempfile.TemporaryFile() as errors, subprocess.Popen(words, stderr=errors, **pipes) as process:
        yield Answering(path, process, errors)


class Answering:
    """The questions to the process `process`, which runs `path` and writes its messages to the file `errors`."""

    def __init__(self, path, process, errors):
        self.path, self.process, self.errors = path, process, errors
        self.answers = io.BufferedReader(process.stdout)
        self._receive()

    def answer(self, image, proposals=None):
        """Detections of a picture [H, W, 3] uint8, and the seconds that they took there.

        proposals: [N, (y1, x1, y2, x2)], where the model takes any.
        """
        return self._ask((image, proposals))

    def peak_memory(self):
        """Bytes of memory that the process has had at most, with Python and the runtime; None where unknown."""
        return self._ask(None)

    def _ask(self, question):
        rest = memoryview(pickle.dumps(question, pickle.HIGHEST_PROTOCOL))
        with contextlib.suppress(BrokenPipeError):  # it died, as _receive will report
            while rest:
                rest = rest[self.process.stdin.write(rest) :]
        return self._receive()

    def _receive(self):
        try:
            mistake, answer = pickle.load(self.answers)
        except (EOFError, pickle.UnpicklingError) as error:
            self.process.wait()
            self.errors.seek(0)
            said = self.errors.read().decode(errors="replace").strip().splitlines() or ["it was killed"]
            raise UserError(f"the process that ran {self.path} ended: {said[-1]}") from error
        if mistake:
            raise UserError(mistake)
        return answer


def serve(path):
    """The other side: questions from standard input until it ends, answers to standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the runtime prints must not come between the answers

    def send(mistake, answer=None):
        pickle.dump((mistake, answer), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()

    try:
        run = load(path)
    except UserError as error:
        send(str(error))
        return
    send(None)
    while True:
        try:
            question = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if question is None:
            send(None, _peak_memory())
            continue
        began = time.perf_counter()
        found = run(*question)
        send(None, (found, time.perf_counter() - began))


def _peak_memory():
    """Linux: of this program alone; getrusage would also count the process that it was forked from."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(ImportError):  # Windows has no such module
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return None
