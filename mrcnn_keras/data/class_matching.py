"""Classes are the same if their names are: a dataset with the class ids of a model, or of another dataset."""

import dataclasses

import numpy as np

from mrcnn_keras.data.contradictions import named
from mrcnn_keras.data.dataset import SubsetOfDataset
from mrcnn_keras.data.formats.class_names import sound
from mrcnn_keras.errors import UserError


def match_classes(dataset, class_names, having, elsewhere, cure):
    """Gives the classes of a dataset the ids that they have elsewhere.

    Args:
        dataset: `Dataset`.
        class_names: Names of the classes elsewhere, background first.
        having: String, subject and verb for the error, such as `"the data have"`.
        elsewhere: String, subject and verb of the other side, such as `"the model knows"`.
        cure: String, what to do if a class is not known there.

    Returns:
        `dataset`, or a view of it with the classes of `class_names`, some of which may have no example.

    Raises:
        UserError: If the dataset has a class that is not among them, or names do not tell classes apart.
    """
    ours, theirs = list(dataset.class_names[1:]), list(class_names[1:])
    if ours == theirs:
        return dataset
    unknown = [name for name in ours if name not in theirs]
    if unknown:
        raise UserError(
            f"{having} the classes {named(ours)} but {elsewhere} {named(theirs)}{_alike(unknown, theirs)}; {cure}"
        )
    repeated = next((name for name in ours if ours.count(name) > 1 or theirs.count(name) > 1), None)
    if repeated is not None:
        raise UserError(
            f"{having} classes in another order than {elsewhere}, and two are called {repeated!r}; rename one"
        )
    dataset.note(f"classes matched by name, in the order {named(theirs)}")
    return _Renumbered(dataset, theirs)


def _alike(names, others):
    """Says which names differ only in case, spaces, a number in brackets or the plural's s; "" if none do."""
    pairs = [(name, other) for name in names for other in others if sound(name) == sound(other)]
    return "".join(f" ({name!r} and {other!r} differ in spelling only)" for name, other in pairs[:1])


class _Renumbered(SubsetOfDataset):
    """All pictures of a dataset, with the classes of `names` in that order."""

    def __init__(self, dataset, names):
        super().__init__(dataset, dataset.image_ids)
        known = {info["name"]: info for info in dataset.class_info[1:]}
        self.class_info = [dataset.class_info[0]]
        for class_id, name in enumerate(names, start=1):
            self.class_info.append(known.get(name, {"source": "", "id": class_id, "name": name}))
        self._ids = np.array([0, *(1 + names.index(info["name"]) for info in dataset.class_info[1:])], np.int32)
        own = dataset.class_from_source_map
        self.class_from_source_map = {key: int(self._ids[class_id]) for key, class_id in own.items()}

    def _renumbered(self, class_ids):
        return np.sign(class_ids) * self._ids[np.abs(class_ids)]

    def load_mask(self, image_id):
        masks, class_ids = super().load_mask(image_id)
        return masks, self._renumbered(class_ids)

    def load_annotations(self, image_id):
        found = super().load_annotations(image_id)
        return dataclasses.replace(found, class_ids=self._renumbered(found.class_ids))

    def load_boxes(self, image_id):
        found = super().load_boxes(image_id)
        return dataclasses.replace(found, class_ids=self._renumbered(found.class_ids))
