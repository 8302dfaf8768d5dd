"""Fetches a published file once, into the user's cache, and never returns one that is not the published one.

Nothing is fetched unless it is requested by name (`--weights coco`). A download gets the published file's name only
after its size and checksum have been verified, and a file that has the name already is verified too: so one that was
put there by hand will do as well.
"""

import contextlib
import json
import os
import time
import urllib.parse
from pathlib import Path

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.weights.fetch.published import digest_of
from mrcnn_keras.weights.fetch.transfer import receive, tag_path


def cache_folder():
    """Where files are kept that can be fetched or made again: $MRCNN_KERAS_HOME, or mrcnn_keras in the user's cache."""
    home = os.environ.get("MRCNN_KERAS_HOME")
    if home:
        return Path(home).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "mrcnn_keras"


def fetch_file(file, *, folder=None, progress=None):
    """-> the path of the PublishedFile `file`, whole and verified; without a request if it is there already.

    folder: where it is kept, by default cache_folder() / "weights". progress: a function of (bytes received, bytes in
    all or None), called often, also while another process fetches the same file.

    $MRCNN_KERAS_OFFLINE=1 forbids the network; $MRCNN_KERAS_MIRROR, a URL, replaces scheme and host. Raises UserError
    if the file cannot be obtained, with what to do; an interrupted download is resumed by the next call.
    """
    folder = Path(folder) if folder else cache_folder() / "weights"
    progress = progress or (lambda done, total: None)
    path = folder / file.name
    if _is_remembered(path, file):
        return path
    try:
        fault = what_is_wrong(path, file)
        if fault:
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f".{file.name}.part"
            with locked(folder / f".{file.name}.lock", waiting=lambda: progress(_size(part), file.size)):
                if not _is_remembered(path, file):  # nobody fetched it while this one waited
                    _download(file, part, path, fault, progress)
                    _remember(path, file)
        else:
            _remember(path, file)
    except OSError as error:
        raise UserError(
            f"{folder} cannot hold {file.name} ({error.strerror or error}); make room there, or set MRCNN_KERAS_HOME "
            "to another folder"
        ) from error
    return path


def what_is_wrong(path, file):
    """-> None if the file `path` is the PublishedFile `file`, otherwise the difference in words."""
    if not path.exists():
        return "it is absent"
    if file.size is not None and _size(path) != file.size:
        return f"it has {_size(path)} bytes, the published file {file.size}"
    # The longer of two digests decides: the other may be only the digits in the file's name.
    name, digits = max(("sha256", file.sha256 or ""), ("md5", file.md5 or ""), key=lambda pair: len(pair[1]))
    found = digest_of(path, name)
    if not found.startswith(digits):
        return f"its {name} begins with {found[:8]}, the published file's with {digits[:8]}"
    return None


def _download(file, part, path, fault, progress):
    url = file.url
    if mirror := os.environ.get("MRCNN_KERAS_MIRROR"):
        url = mirror.rstrip("/") + urllib.parse.urlsplit(url).path
    otherwise = f"get {file.name} in another way and put it into the folder {path.parent}"
    if path.exists():
        otherwise += f" (the one there is not the published file: {fault})"
    if os.environ.get("MRCNN_KERAS_OFFLINE", "0") not in ("", "0"):
        raise UserError(f"{url} is not fetched, since MRCNN_KERAS_OFFLINE is set; unset it, or {otherwise}")
    if file.size is None or _size(part) < file.size:
        receive(url, part, file.size, progress, otherwise)
    tag_path(part).unlink(missing_ok=True)
    fault = what_is_wrong(part, file)
    if fault:
        part.unlink()
        raise UserError(f"what {url} sent was removed: {fault}; run this again, or {otherwise}")
    os.replace(part, path)


def _size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


# A verified file is not read again at the next start, unless its size or its time has changed.


def _note_path(path):
    return path.with_name(f".{path.name}.verified")


def _note(path, file):
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": file.sha256, "md5": file.md5}


def _is_remembered(path, file):
    try:
        return json.loads(_note_path(path).read_bytes()[:1000]) == _note(path, file)
    except (OSError, ValueError, RecursionError):
        return False


def _remember(path, file):
    # If this cannot be written, the file is verified at each start.
    with contextlib.suppress(OSError), replace_file(_note_path(path)) as temporary:
        temporary.write_text(json.dumps(_note(path, file)))


try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

# Seconds between two attempts.
INTERVAL = 0.2


@contextlib.contextmanager
def locked(path, waiting):
    """Holds the lock of the file `path`, which is created if absent and stays; it excludes other threads too.

    waiting: a function without arguments, called after each attempt that fails because the lock is held elsewhere.
    On a file system without locks the block runs without one.
    """
    with open(path, "ab") as file:
        while not _try_lock(file):
            waiting()
            time.sleep(INTERVAL)
        yield  # closing the file frees the lock


def _try_lock(file):
    """-> False if it is held elsewhere"""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):  # held, on POSIX and on Windows
        return False
    except OSError:  # no locks here, as on some network file systems
        return True
    return True
