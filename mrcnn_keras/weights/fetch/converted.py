"""Weights of another project as this package's variables, kept in the cache so that they are converted once."""

import json
import zipfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mrcnn_keras.files import replace_file

ABOUT = "about.json"  # the file's other content; no variable has such a name


@dataclass(frozen=True)
class Stored:
    """A variable in a converted file: call it to read it; the archive's checksum is verified then."""

    archive: object
    path: str
    shape: tuple

    def __call__(self):
        with self.archive.open(f"{self.path}.npy") as entry:
            return np.lib.format.read_array(entry, allow_pickle=False)


@contextmanager
def open_converted(path, folder, open_checkpoint):
    """-> a dict of preset, settings, values and left_over of the file `path`, from `folder` or else put there first.

    open_checkpoint: context manager, path -> an object with these attributes. A conversion counts for the size and the
    time that the file has now.
    """
    stat = Path(path).stat()
    target = Path(folder) / f"{Path(path).name}-{stat.st_size}-{stat.st_mtime_ns}.npz"
    found = _read(target)
    if found is None:
        with open_checkpoint(path) as checkpoint:
            _write(target, checkpoint)
        found = _read(target)
    archive, about = found
    with archive:
        values = {name: Stored(archive, name, tuple(shape)) for name, shape in about.pop("shapes").items()}
        yield {**about, "values": values}


def _write(target, checkpoint):
    about = {
        "preset": checkpoint.preset,
        "settings": checkpoint.settings,
        "left_over": checkpoint.left_over,
        "shapes": {path: value.shape for path, value in checkpoint.values.items()},
    }
    with replace_file(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(ABOUT, json.dumps(about))
        for path, value in checkpoint.values.items():
            with archive.open(f"{path}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, value(), allow_pickle=False)


def _read(target):
    """-> (archive, about), or None where there is no whole conversion: all checksums in it are looked at."""
    # What a damaged archive makes zipfile raise is of many kinds, and each means that it is made again.
    with suppress(Exception), ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(target))
        if archive.testzip() is None:
            about = json.loads(archive.read(ABOUT))
            if {f"{path}.npy" for path in about["shapes"]} < {*archive.namelist()}:
                stack.pop_all()
                return archive, about
    return None
