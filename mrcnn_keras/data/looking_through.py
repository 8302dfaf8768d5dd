"""One reading of all pictures of a dataset for a report on it: what is broken, fingerprints, and faulty objects."""

import dataclasses

from mrcnn_keras.data.checking import broken_pictures, without_broken
from mrcnn_keras.data.dataset import SubsetOfDataset
from mrcnn_keras.data.loading import find_subsets, load_dataset
from mrcnn_keras.data.near_duplicates import fingerprint
from mrcnn_keras.data.object_checks import crowds_in_one_piece, faulty_objects, note_small_crowds


class LookedThrough(SubsetOfDataset):
    """A view of pictures that have been read; their boxes and fingerprints are kept."""

    def __init__(self, dataset, image_ids, boxes, prints):
        super().__init__(dataset, image_ids)
        self._boxes, self._prints = boxes, prints  # by the ids of `dataset`

    @property
    def prints(self):
        """List of fingerprints by internal id."""
        return [self._prints[i] for i in self.dataset_ids]

    def load_boxes(self, image_id):
        return self._boxes[self.dataset_ids[image_id]]

    def part(self, image_ids):
        """Returns a view of some of these pictures, of the same kind.

        Args:
            image_ids: List of internal ids.

        Returns:
            `LookedThrough`.
        """
        return LookedThrough(self.dataset, [self.dataset_ids[i] for i in image_ids], self._boxes, self._prints)


def look_through(whole, progress=None):
    """Reads all pictures of a dataset, once.

    Args:
        whole: `Dataset`.
        progress: As in `broken_pictures`.

    Returns:
        Tuple of the `LookedThrough` of the pictures that can be read, with notes on faulty objects, and a dict of
        sentences by internal id of the whole, its `dataset`, on those that cannot.

    Raises:
        UserError: If nothing can be read.
    """
    boxes, prints, faults, crowds, sizes = {}, {}, {}, {}, {}

    def look(image_id, image, found):
        boxes[image_id] = dataclasses.replace(found, mask_crops=None)
        prints[image_id] = fingerprint(image)
        faults[image_id] = faulty_objects(whole, image_id, found)
        crowds[image_id] = crowds_in_one_piece(whole, image_id, found)
        sizes[image_id] = found.class_ids, found.areas

    broken = broken_pictures(whole, progress, look)
    for image_id in sorted(faults):
        for finding, objects in faults[image_id].items():
            whole.note(finding, image_id, contradiction=True, objects=objects)
    note_small_crowds(whole, crowds, sizes)
    readable = without_broken(whole, broken).dataset_ids
    return LookedThrough(whole, readable, boxes, prints), broken


def subsets_of(paths, dataset):
    """Finds which pictures of a dataset are in which subset.

    Args:
        paths: Those which the dataset was loaded from.
        dataset: `Dataset`.

    Returns:
        Dict of lists of internal ids by name, such as `"train"` and `"val"`; empty if the data are not divided. Of
        several data sets, those that are not divided count as training pictures.
    """
    of_path = {path: find_subsets(path) for path in paths}
    names = list(dict.fromkeys(name for subsets in of_path.values() for name in subsets))
    if len(names) < 2:
        return {}
    places = {}
    for path, subsets in of_path.items():
        for name in subsets:
            for info in load_dataset(path, subset=name, skip_bad=1).image_info:
                places.setdefault((info["path"], info["id"]), name)
    found, otherwise = {}, None if all(of_path.values()) else "train"
    for image_id, info in enumerate(dataset.image_info):
        found.setdefault(places.get((info["path"], info["id"]), otherwise), []).append(image_id)
    return {name: found[name] for name in names if name in found}
