"""Pictures whose names in the annotations are spelled otherwise than their files, found as a person would find them."""

import itertools
import re
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote

from mrcnn_keras.data.formats.folders import files_below, files_in, subset_of_folder
from mrcnn_keras.data.images import SUFFIXES

MAX_FILES = 500_000  # that are listed in search of a picture
# Folders whose pictures are annotations themselves and share the names of the annotated ones.
ANNOTATIONS = {"masks", "mask", "labels", "label", "annotations", "gt", "segmentationclass", "segmentationobject"}


def _decoded(name):
    return unquote(name.strip())


def _composed(name):
    return unicodedata.normalize("NFC", _decoded(name))


def _caseless(name):
    return _composed(name).casefold()


def _stem(name):
    plain = _caseless(name)
    end = next((end for end in SUFFIXES if plain.endswith(end)), "")
    return plain.removesuffix(end)


def _uploaded(name):
    """What Label Studio makes of the name of an uploaded file, "1a2b3c4d-my_photo.jpg", without the digits."""
    return re.sub(r"[^-\w.]", "", re.sub(r"^[0-9a-f]{8}-(?=.)", "", _caseless(name)).replace(" ", "_"))


_UPLOADED = "pictures found by the name that Label Studio gives to an uploaded file"
# What each way of looking for a name finds, as a note; those that change it least first.
_SPELLINGS = (
    ("pictures found in another folder than the annotations say", str),
    ("pictures found by the decoded name of a URL", _decoded),
    ("pictures found by a name in another Unicode form", _composed),
    ("pictures found by a name in another case", _caseless),
    ("pictures found with another file extension", _stem),
    (_UPLOADED, _uploaded),
    (_UPLOADED, lambda name: _stem(_uploaded(name))),
)


def plain_name(name):
    """`name` with slashes, if it can only lie inside the folder that it is relative to; otherwise None."""
    plain = PurePosixPath(name.replace("\\", "/"))
    outside = plain.is_absolute() or PureWindowsPath(name).drive or ".." in plain.parts or "\0" in name
    return None if outside else str(plain)


class PictureSearch:
    """The picture files below `folders` and in the folders `flat`. A name only ever chooses one of them.

    subset: that of the annotations, or None; pictures in folders of other subsets are others.
    """

    def __init__(self, folders, flat=(), subset=None):
        def enters(folder):
            other = subset_of_folder(folder)
            return folder.name.lower() not in ANNOTATIONS and (None in (subset, other) or other == subset)

        below = (files_below(folder, enters=enters) for folder in folders)
        files = itertools.chain.from_iterable((*below, *map(files_in, flat)))
        self._files = list(dict.fromkeys(itertools.islice(files, MAX_FILES)))
        self._by_spelling = {}

    def find(self, name):
        """-> the files that the name fits best, and which spelling was needed, as a note."""
        # The place in a web address of Label Studio's, or what comes before an address's query.
        name = re.sub(r"^.*\?d=|(?<=\w)\?.*$", "", name)
        *folders, base = re.split(r"[/\\]", re.sub("%5c", r"\\", re.sub("%2f", "/", name, flags=re.I), flags=re.I))
        for note, spelling in _SPELLINGS:
            files = self._spelled(spelling).get(spelling(base), [])
            if files:
                agreeing = [_agreement(file, folders) for file in files]
                best = max(agreeing)
                return [file for file, count in zip(files, agreeing, strict=True) if count == best], note
        return [], None

    def _spelled(self, spelling):
        if spelling not in self._by_spelling:
            files = self._by_spelling[spelling] = {}
            for file in self._files:
                files.setdefault(spelling(file.name), []).append(file)
        return self._by_spelling[spelling]


def _agreement(file, folders):
    """How many of the innermost folders of a file are called as in the annotations."""
    pairs = zip(reversed(file.parent.parts), reversed(folders), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: _caseless(pair[0]) == _caseless(pair[1]), pairs))
