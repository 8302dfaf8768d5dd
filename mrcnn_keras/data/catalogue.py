"""Lists of pictures and classes, and how the ids of their sources become ids of the dataset."""

import math
from pathlib import PurePath

import numpy as np

from mrcnn_keras.detections import KeypointLayout
from mrcnn_keras.errors import UserError, listing


class Catalogue:
    """The pictures and classes of a dataset: all of `Dataset` except loading.

    Pictures have the internal ids 0 to n - 1 and classes 1 to C - 1, in the order in which they were added; class 0 is
    "BG", the background, of source "". Sources may be mixed: a class is identified by its source and its id there.
    """

    def __init__(self):
        self.image_info = []
        self.class_info = [{"source": "", "id": 0, "name": "BG"}]
        self.class_from_source_map = {".0": 0}
        self.keypoint_layout = None
        self._notes = {}  # {finding: {image id: (count, objects)}}
        self._contradictory = set()  # findings
        self._skipped = {}  # {sentence: None}, in order

    def add_class(self, source, class_id, class_name):
        """Adds a class, unless the source already has one of this id.

        Args:
            source: String, such as `"coco"`: who numbers the classes.
            class_id: The id of the class in `source`.
            class_name: String.

        Raises:
            UserError: If `source` contains a dot, since classes are looked up by "source.id".
        """
        if "." in source:
            raise UserError(f"source {source!r} contains a dot; choose a name without one")
        if f"{source}.{class_id}" not in self.class_from_source_map:
            self.class_from_source_map[f"{source}.{class_id}"] = len(self.class_info)
            self.class_info.append({"source": source, "id": class_id, "name": class_name})

    def add_image(self, source, image_id, path, **info):
        """Adds a picture.

        Args:
            source: String: who numbers the pictures.
            image_id: The id of the picture in `source`.
            path: Path of the file, or `None` if a subclass's `load_image` needs no file.
            **info: Kept in `image_info`, such as `proposals`, boxes `[N, (y1, x1, y2, x2)]` in pixels.
        """
        self.image_info.append({"id": image_id, "source": source, "path": path, **info})

    def set_keypoints(self, names, flip_pairs=None, skeleton=(), sigmas=None):
        """Sets which keypoints each object has.

        Args:
            names: Names of the K keypoints, in the order of their arrays.
            flip_pairs: Pairs of names or indices that change places in a mirror, or `None` for those whose names differ
                in left and right.
            skeleton: Pairs of names or indices that a drawing joins by a line.
            sigmas: K floats: how exact each is, as a share of the object's scale, or `None` for COCO's values.
        """
        self.keypoint_layout = KeypointLayout(names, flip_pairs, skeleton, sigmas)

    def prepare(self, class_map=None):
        """Checks that there are pictures; called after the last `add_image`, as in Matterport's package.

        Args:
            class_map: Ignored, as it is there.

        Raises:
            UserError: If the dataset has no picture.
        """
        del class_map
        if not self.image_info:
            raise UserError("the dataset has no picture; call add_image for each one before prepare")

    @property
    def num_images(self):
        return len(self.image_info)

    @property
    def image_ids(self):
        """[n] int64: the internal ids 0..n-1."""
        return np.arange(len(self.image_info))

    @property
    def num_classes(self):
        """Number of classes, including the background."""
        return len(self.class_info)

    @property
    def class_ids(self):
        return np.arange(len(self.class_info))

    @property
    def class_names(self):
        """List of names by class id, "BG" first."""
        return [info["name"] for info in self.class_info]

    @property
    def category_ids(self):
        """List of the ids in the sources by class id: class 12 of COCO is category 13."""
        return [info["id"] for info in self.class_info]

    @property
    def sources(self):
        """List of the sources of the classes, in the order of adding; "" is the background's."""
        return list(dict.fromkeys(info["source"] for info in self.class_info))

    @property
    def source_class_ids(self):
        """{source: list of its class ids}, each with the background."""
        return {
            source: [i for i, info in enumerate(self.class_info) if i == 0 or info["source"] == source]
            for source in self.sources
        }

    @property
    def image_from_source_map(self):
        """{"source.id in the source": internal id} of the pictures."""
        return {f"{info['source']}.{info['id']}": i for i, info in enumerate(self.image_info)}

    def map_source_class_id(self, source_class_id):
        """Returns the class id of a class that is known by its source.

        Args:
            source_class_id: String "source.id", such as `"coco.12"`.

        Returns:
            Integer, the class id in this dataset.

        Raises:
            UserError: If the class was not added.
        """
        if source_class_id not in self.class_from_source_map:
            known = listing(list(self.class_from_source_map)[1:])
            raise UserError(f"class {source_class_id!r} was not added; the classes are {known}")
        return self.class_from_source_map[source_class_id]

    def get_source_class_id(self, class_id, source):
        """Returns the id of a class in its source.

        Args:
            class_id: Integer, the class id in this dataset.
            source: String, the source that is expected.

        Returns:
            The id, as `add_class` was given it.

        Raises:
            UserError: If the class is of another source.
        """
        info = self.class_info[class_id]
        if info["source"] != source:
            raise UserError(f"class {class_id} ({info['name']!r}) is of source {info['source']!r}, not {source!r}")
        return info["id"]

    def source_image_link(self, image_id):
        """Returns the path or web address of a picture.

        Args:
            image_id: Integer, the internal id.

        Returns:
            What `add_image` was given as `path`.
        """
        return self.image_info[image_id]["path"]

    def image_reference(self, image_id):
        """Returns where a person can look the picture up; subclasses may say more.

        Args:
            image_id: Integer, the internal id.

        Returns:
            String: the path of the picture, or its id in the source if it has no path.
        """
        info = self.image_info[image_id]
        return str(info["path"] or info["id"])

    def image_name(self, image_id):
        """Returns the name of a picture in messages.

        Args:
            image_id: Integer, the internal id.

        Returns:
            String, such as "balloon image 'a.jpg'".
        """
        info = self.image_info[image_id]
        name = str(info["path"]).replace("\\", "/").rpartition("/")[2] if info["path"] else info["id"]
        return f"{info['source']} image {name!r}"

    @property
    def notes(self):
        """List of sentences on what was left out or repaired, each with a count and the first picture concerned.

        Findings that only show when masks are decoded are counted once they have been loaded.
        """
        return [self._sentence(what) for what in list(self._notes)]

    @property
    def contradictions(self):
        """The `notes` on contradictions in the data."""
        return [self._sentence(what) for what in list(self._notes) if what in self._contradictory]

    @property
    def noted(self):
        """What `notes` says, with all places, in the order of the first picture; findings without a picture come last.

        List of dicts: `note`, as in `notes`; `finding`, the same without number and place; `count`; `contradiction`, a
        boolean; and `pictures`, a list of dicts: `image_id`, the internal id; `picture`, its name; `file`, what
        `image_reference` says; `count`; and `objects`, a list of (name, box), where known. A box is (y1, x1, y2, x2) in
        pixels, or `None`.
        """
        findings = sorted(self._notes, key=lambda what: min(self._notes[what], default=math.inf))
        return [self._with_places(what) for what in findings]

    def _sentence(self, what):
        places = self._notes[what]
        count = sum(count for count, _ in places.values())
        return what + (f": {count} (first in {self.image_name(min(places))})" if places else "")

    def _with_places(self, what):
        pictures = []
        for image_id, (count, objects) in sorted(self._notes[what].items()):
            named = {"picture": self.image_name(image_id), "file": self.image_reference(image_id)}
            pictures.append({"image_id": image_id, **named, "count": count, "objects": objects})
        count = sum(place["count"] for place in pictures)
        found = {"note": self._sentence(what), "finding": what, "count": count}
        return {**found, "contradiction": what in self._contradictory, "pictures": pictures}

    def note(self, what, image_id=None, count=1, contradiction=False, objects=()):
        """Adds a finding to `notes`. Repeated for the same picture, it counts once.

        Args:
            what: String, the finding without a number.
            image_id: Integer, the internal id of the picture concerned, or `None` if it is none in particular.
            count: Integer, how often it occurs in that picture.
            contradiction: Boolean, whether it belongs to `contradictions`, too.
            objects: List of (name, box) of the objects in that picture; their number is then the count. A box is
                (y1, x1, y2, x2) in pixels, or `None`.
        """
        if contradiction:
            self._contradictory.add(what)
        places = self._notes.setdefault(what, {})
        if image_id is not None:
            places[int(image_id)] = (len(objects) or count, list(objects))

    @property
    def skipped(self):
        """List of sentences, one per picture, annotation or mask file that was left out since it cannot be read."""
        return list(self._skipped)

    def skip(self, sentence):
        """Adds an entry that was left out to `skipped`. The same sentence counts once.

        Args:
            sentence: String, the entry's place and what is wrong with it.
        """
        self._skipped[sentence] = None


def picture_keys(path, source_id=None):
    """Returns the keys under which a file of proposals may list a picture.

    A number equals its text, even with leading zeros: COCO's picture 139 is 000000000139.jpg.

    Args:
        path: Path of the picture, or `None`.
        source_id: The picture's id in its source, or `None`.

    Returns:
        List of strings and integers, the most specific first: the path, the name of the file with and without its
        suffix, and the id.
    """
    path = PurePath(path or "")
    keys = [str(path), path.name, path.stem]
    if source_id is not None:
        keys += [source_id, str(source_id)]
    return keys + [int(key) for key in (path.stem, str(source_id)) if key.isdecimal()]
