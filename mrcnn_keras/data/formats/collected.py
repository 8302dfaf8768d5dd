"""An AnnotationFile in the making, for formats that are read picture by picture."""

from contextlib import contextmanager

from mrcnn_keras.data.formats.records import Annotation, AnnotationFile, Picture
from mrcnn_keras.errors import UserError

FEW_POINTS = "outlines of fewer than three points, left out"
NO_AREA = "points and lines, which have no area, left out"


class Collected:
    """What a reader found at `path` so far. Notes and annotations are of the picture that was added last.

    bad: BadEntries.
    """

    def __init__(self, path, bad):
        self.path = path
        self.bad = bad
        self.categories = {}
        self.pictures = []
        self.notes = {}

    @contextmanager
    def entry(self, kind, path, what=None, count=1):
        """Counts an entry ("pictures", "annotations"), and leaves it out if it ends with a UserError.

        path: of the file that has it. what: which one of the file's it is.
        """
        self.bad.count(kind, count)
        try:
            yield
        except UserError as error:
            place = repr(str(path)) + (f", {what}" if what else "")
            self.bad.skip(kind, str(error) if str(error).startswith(place) else f"{place}: {error}")

    def add_picture(self, name, size=None, path=None, inside=None):
        """As in records.Picture; `name` is also its id."""
        self.pictures.append(Picture(name, name, size, [], path, inside))

    def add(self, label, box=None, polygons=(), counts=None):
        """Adds an object of the class `label`; the rest as in records.Annotation."""
        self.categories.setdefault(label, (label, None))
        annotations = self.pictures[-1].annotations
        annotations.append(Annotation(len(annotations) + 1, label, False, box, polygons, counts))

    def note(self, what):
        counts = self.notes.setdefault(what, {})
        number = len(self.pictures) - 1
        counts[number] = counts.get(number, 0) + 1

    def as_file(self):
        return AnnotationFile(self.path, self.categories, self.pictures, self.notes, rectangles=True)


def label_of(value):
    """A class name as text. Raises UserError for anything else, or an empty one."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"the class is {str(value)[:40]!r}; give it a name")
    return value.strip().encode("utf-8", "replace").decode()  # halves of a character, which JSON may have
