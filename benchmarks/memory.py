"""Peak memory of a process, without importing TensorFlow: a peer's process is measured in the same way."""

import resource
import sys


def peak_memory():
    """Peak memory of this process so far, in gigabytes."""
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest / (1e9 if sys.platform == "darwin" else 1e9 / 1024)
