"""One process at a time: a lock that the operating system frees when its holder ends, however that happens."""

import contextlib
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

# Seconds between two attempts.
INTERVAL = 0.2


@contextlib.contextmanager
def locked(path, waiting):
    """Holds the lock of the file `path`, which is made if absent and stays; threads exclude each other too.

    waiting: a function without arguments, called after each attempt that failed because another one holds the lock.
    On a file system without locks the block runs without one.
    """
    with open(path, "ab") as file:
        while not _try_lock(file):
            waiting()
            time.sleep(INTERVAL)
        yield  # closing the file frees the lock


def _try_lock(file):
    """-> False: another one has it"""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):  # held: what POSIX and what Windows say
        return False
    except OSError:  # no locks here, as on some network file systems
        return True
    return True
