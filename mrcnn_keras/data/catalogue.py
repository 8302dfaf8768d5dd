"""Lists of pictures and classes, and the way from the ids of their sources to ids of the dataset's own."""

from pathlib import PurePath

import numpy as np

from mrcnn_keras.detections import KeypointLayout
from mrcnn_keras.errors import UserError


class Catalogue:
    """The pictures and classes of a dataset: all of Dataset but the loading.

    Pictures have internal ids 0..n-1 and classes 1..C-1, in the order of adding; class 0 is "BG", the
    background, of source "". Several sources may be mixed: a class is known by its source and its id there.

    image_info  a dict a picture: "id", "source", "path" and whatever else `add_image` was given
    class_info  a dict a class: "source", "id" (in that source), "name"
    keypoint_layout  a KeypointLayout; None where the objects have no keypoints
    """

    def __init__(self):
        self.image_info = []
        self.class_info = [{"source": "", "id": 0, "name": "BG"}]
        self.class_from_source_map = {".0": 0}
        self.keypoint_layout = None
        self._notes = {}  # {finding: {image id: count}}

    def add_class(self, source, class_id, class_name):
        """Adds a class; one that the source already has is left as it is.

        Raises UserError for a source with a dot, since "source.id" is how a class is looked up.
        """
        if "." in source:
            raise UserError(f"source {source!r} contains a dot; choose a name without one")
        if f"{source}.{class_id}" not in self.class_from_source_map:
            self.class_from_source_map[f"{source}.{class_id}"] = len(self.class_info)
            self.class_info.append({"source": source, "id": class_id, "name": class_name})

    def add_image(self, source, image_id, path, **info):
        """Adds a picture; `info` is kept with it in `image_info`."""
        self.image_info.append({"id": image_id, "source": source, "path": path, **info})

    def set_keypoints(self, names, flip_pairs=None, skeleton=(), sigmas=None):
        """Says which keypoints each object has: the arguments are those of KeypointLayout."""
        self.keypoint_layout = KeypointLayout(names, flip_pairs, skeleton, sigmas)

    def prepare(self, class_map=None):
        """Call it after the last add_image, as in the Matterport package; `class_map` never had a use.

        Everything is ready without it: it only raises UserError for a dataset without pictures.
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
        """Number of classes with the background."""
        return len(self.class_info)

    @property
    def class_ids(self):
        return np.arange(len(self.class_info))

    @property
    def class_names(self):
        """The names, at the place of the class id; "BG" first."""
        return [info["name"] for info in self.class_info]

    @property
    def category_ids(self):
        """The id of each class in its source, at the place of the class id: class 2 of COCO is category 3."""
        return [info["id"] for info in self.class_info]

    @property
    def sources(self):
        """The names of the sources of the classes, in the order of adding; "" is the background's."""
        return list(dict.fromkeys(info["source"] for info in self.class_info))

    @property
    def source_class_ids(self):
        """{source: its class ids}, each with the background."""
        return {
            source: [i for i, info in enumerate(self.class_info) if i == 0 or info["source"] == source]
            for source in self.sources
        }

    @property
    def image_from_source_map(self):
        """{"source.id in the source": internal id} of the pictures."""
        return {f"{info['source']}.{info['id']}": i for i, info in enumerate(self.image_info)}

    def map_source_class_id(self, source_class_id):
        """ "coco.12" -> the internal class id. Raises UserError for a class that was never added."""
        if source_class_id not in self.class_from_source_map:
            known = ", ".join(list(self.class_from_source_map)[1:20])
            raise UserError(f"class {source_class_id!r} was not added; the classes are {known}")
        return self.class_from_source_map[source_class_id]

    def get_source_class_id(self, class_id, source):
        """The internal class id -> its id in `source`. Raises UserError for a class of another source."""
        info = self.class_info[class_id]
        if info["source"] != source:
            raise UserError(f"class {class_id} ({info['name']!r}) is of source {info['source']!r}, not {source!r}")
        return info["id"]

    def source_image_link(self, image_id):
        """The path (or the web address) that `add_image` was given."""
        return self.image_info[image_id]["path"]

    def image_reference(self, image_id):
        """What a person may look up: the path, or the id in the source. Subclasses may say more."""
        info = self.image_info[image_id]
        return str(info["path"] or info["id"])

    def image_name(self, image_id):
        """The picture in a message: "balloon image 'a.jpg'"."""
        info = self.image_info[image_id]
        name = str(info["path"]).replace("\\", "/").rpartition("/")[2] if info["path"] else info["id"]
        return f"{info['source']} image {name!r}"

    @property
    def notes(self):
        """Sentences on what was left out or repaired, each with a count and the first picture it concerns.

        What only shows when masks are drawn is counted once they have been loaded.
        """
        sentences = []
        for what, counts in list(self._notes.items()):
            where = f": {sum(counts.values())} (first in {self.image_name(min(counts))})" if counts else ""
            sentences.append(what + where)
        return sentences

    def note(self, what, image_id=None, count=1):
        """Adds `what`, a finding without its number, to `notes`; said again of the same picture, it counts once."""
        counts = self._notes.setdefault(what, {})
        if image_id is not None:
            counts[int(image_id)] = count


def picture_keys(path, source_id=None):
    """What may name a picture in a file about it, the surest first: its path, its file's name with and without the end,
    its id in its source. A number is the same as its text, also with zeros in front: COCO's 139 is 000000000139.jpg.
    """
    path = PurePath(path or "")
    keys = [str(path), path.name, path.stem]
    if source_id is not None:
        keys += [source_id, str(source_id)]
    return keys + [int(key) for key in (path.stem, str(source_id)) if key.isdecimal()]
