"""The input files of a command."""

import glob
import itertools
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from mrcnn_keras.data.formats.folders import RUBBISH, files_below
from mrcnn_keras.data.formats.masks import LABEL_FOLDERS
from mrcnn_keras.errors import UserError, listing

CAMERA = re.compile(r"(?:camera:)?(\d{1,3})")
STREAM = re.compile(r"(?:rtsps?|rtmps?|https?|udp|tcp)://\S+")
PASSWORD = re.compile(r"//[^/@]*@")
# Folders whose pictures are labels, where a folder of photographs is beside them; the last two are VOC's.
VOC = dict.fromkeys(("segmentationclass", "segmentationobject"), "JPEGImages")
LABELS = dict.fromkeys(LABEL_FOLDERS, "images") | VOC


class Live(NamedTuple):
    """A camera or stream."""

    source: object  # number of a camera, or address of a stream
    text: str  # what to call it, without a password

    def __str__(self):
        return self.text

    @property
    def name(self):
        """The name of files that are written of it, without an ending."""
        return re.sub(r"[^\w.-]+", "-", self.text).strip("-.")


def live_source(given):
    """`Live` of an argument such as 0, camera:0 or rtsp://..., None where it is something else, such as a file."""
    camera, stream = CAMERA.fullmatch(given), STREAM.fullmatch(given)
    if camera and not Path(given).exists():
        return Live(int(camera[1]), f"camera:{int(camera[1])}")
    return Live(given, PASSWORD.sub("//", given)) if stream else None


def find_files(inputs, suffixes, wanted, out=None):
    """Returns {path: its name below what was given} of the user's files, folders and patterns such as photos/*.jpg.

    Of folders, with all folders in them, these are the files that end in `suffixes`, without hidden ones, what systems
    leave there, and pictures that are labels, such as masks/ beside images/, with a note. A file occurs once.
    wanted: what may be given, in words. out: a folder that is not searched. Raises UserError for what does not exist
    and for a folder without any.
    """
    out = None if out is None else Path(out).resolve()
    found, known, repeated = {}, set(), 0
    for given in map(Path, inputs):
        for path, name in _files_of(given, suffixes, wanted, out).items():
            if path.resolve() in known:
                repeated += 1
                continue
            known.add(path.resolve())
            found[path] = name
    if repeated:
        print(f"note: {repeated} of the files given were there already; each is taken once")
    return found


def _files_of(given, suffixes, wanted, out):
    """{path: name} of one argument."""
    labels = set()

    def enters(folder):
        photographs = LABELS.get(folder.name.lower())
        if photographs and (folder.parent / photographs).is_dir():
            labels.add(f"{folder.name}/ beside {photographs}/")
            return False
        return folder.resolve() != out

    if given.is_dir():
        inside = {path: path.relative_to(given) for path in files_below(given, suffixes, enters)}
        if not inside:
            others = Counter(path.suffix or "without an ending" for path in files_below(given, None, enters))
            counts = [f"{n} file{'s' * (n > 1)} {end}" for end, n in others.most_common()]
            what = f" but {listing(counts)}" if others else ""
            raise UserError(f"{given} contains no picture{what}; give a folder with .jpg or .png files in it")
        _say_left_out(given, labels)
        return inside
    if given.exists():
        return {given: Path(given.name)}
    # A shell would have replaced a pattern, had it not been in quotes; that of Windows never does.
    plain = list(itertools.takewhile(lambda part: not set(part) & set("*?["), given.parts))
    if len(plain) == len(given.parts):
        raise UserError(f"{given} does not exist; give {wanted}")
    matching = [Path(path) for path in sorted(glob.glob(str(given), recursive=True))]
    files = [path for path in matching if path.suffix.lower() in suffixes and path.is_file()]
    folders = [path for path in matching if path.is_dir() and enters(path)]
    files += itertools.chain.from_iterable(files_below(folder, suffixes, enters) for folder in folders)
    names = {path: path.relative_to(Path(*plain)) for path in files}
    names = {path: name for path, name in names.items() if not RUBBISH & {part.lower() for part in name.parts}}
    if not names:
        raise UserError(f"no picture is called {given}; give {wanted}")
    _say_left_out(given, labels)
    return names


def _say_left_out(given, labels):
    if labels:
        what = listing(sorted(labels))
        print(f"note: {given}: the pictures in {what} are labels, and left out; give these folders to take them, too")
