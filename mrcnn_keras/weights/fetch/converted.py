"""Another project's weights as this package's variables, kept in the cache so that they are converted only once."""

import json
import zipfile
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np

from mrcnn_keras.files import replace_file
from mrcnn_keras.weights.files import StoredTensor

ABOUT = "about.json"  # the file's other content; no variable has such a name


@contextmanager
def open_converted(path, folder, open_checkpoint):
    """-> a dict of preset, settings, values and left_over of a file, from its conversion in `folder`, made if absent.

    open_checkpoint: context manager, path -> an object with these attributes. A conversion is valid for the size and
    the time that the file has now.
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
        shapes = about.pop("shapes").items()
        values = {name: StoredTensor(tuple(shape), partial(_read_array, archive, name)) for name, shape in shapes}
        yield {**about, "values": values}


def _read_array(archive, name):
    with archive.open(f"{name}.npy") as entry:
        return np.lib.format.read_array(entry, allow_pickle=False)


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
    """-> (archive, about), or None if there is no sound conversion: all checksums in it are verified."""
    # A damaged archive makes zipfile raise errors of many kinds: with any of them it is made again.
    with suppress(Exception), ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(target))
        if archive.testzip() is None:
            about = json.loads(archive.read(ABOUT))
            if {f"{path}.npy" for path in about["shapes"]} < {*archive.namelist()}:
                stack.pop_all()
                return archive, about
    return None
