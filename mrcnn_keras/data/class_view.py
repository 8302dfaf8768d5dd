"""Views of a dataset with other classes: in another order, some left out, renamed or joined."""

import dataclasses
import difflib

import numpy as np

from mrcnn_keras.data.contradictions import named
from mrcnn_keras.data.dataset import SubsetOfDataset
from mrcnn_keras.errors import UserError


class ClassView(SubsetOfDataset):
    """All pictures of a dataset, with the classes `class_info` without the background.

    ids: the new class id of each class id; 0 leaves its objects out.
    """

    def __init__(self, dataset, class_info, ids):
        super().__init__(dataset, dataset.image_ids)
        self.class_info = [dataset.class_info[0], *class_info]
        self._ids = np.array(ids, np.int32)
        own = {key: int(self._ids[class_id]) for key, class_id in dataset.class_from_source_map.items()}
        self.class_from_source_map = {key: new for key, new in own.items() if new or key == ".0"}

    def load_mask(self, image_id):
        masks, class_ids = super().load_mask(image_id)
        new = self._renumbered(class_ids)
        return masks[..., new != 0], new[new != 0]

    def load_keypoints(self, image_id):
        points = super().load_keypoints(image_id)
        return points if points is None or self._ids[1:].all() else points[self._kept(image_id)]

    def load_annotations(self, image_id):
        return self._with_classes(super().load_annotations(image_id))

    def load_boxes(self, image_id):
        return self._with_classes(super().load_boxes(image_id))

    def load_outlines(self, image_id):
        outlines = super().load_outlines(image_id)
        if outlines is None or self._ids[1:].all():
            return outlines
        return [polygons for polygons, kept in zip(outlines, self._kept(image_id), strict=True) if kept]

    def _renumbered(self, class_ids):
        return np.sign(class_ids) * self._ids[np.abs(class_ids)]

    def _with_classes(self, found):
        new = self._renumbered(found.class_ids)
        kept = found if new.all() else found[new != 0]
        return dataclasses.replace(kept, class_ids=new[new != 0])

    def _kept(self, image_id):
        return self._renumbered(super().load_boxes(image_id).class_ids) != 0


def select_classes(dataset, classes=None, rename=None):
    """Gives classes other names, joins those of one name, and leaves others out.

    Args:
        dataset: `Dataset`.
        classes: Names of the classes to keep, in the order of their new ids; `None`: all. Objects of others are left
            out; their pictures stay, as background.
        rename: Dict of new names by old name; several may become one. `classes` are the new names.

    Returns:
        `dataset`, or a view of it.

    Raises:
        UserError: If a class is not in the dataset.
    """
    before = list(dataset.class_names[1:])
    for name in rename or ():
        _check_known(name, before, "to rename")
    after = [(rename or {}).get(name, name) for name in before]
    names = list(dict.fromkeys(after if classes is None else classes))
    for name in names:
        _check_known(name, after, "to keep")
    if names == before:
        return dataset
    lacking = list(dict.fromkeys(name for name in after if name not in names))
    if lacking:
        dataset.note(f"objects of classes that were not chosen left out: {named(lacking)}")
    info = [{**dataset.class_info[1 + after.index(name)], "name": name} for name in names]
    ids = [1 + names.index(name) if name in names else 0 for name in after]
    return ClassView(dataset, info, [0, *ids])


def _check_known(name, names, what):
    if name not in names:
        nearest = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise UserError(f"there is no class {name!r} {what}; {hint}The classes are {named(dict.fromkeys(names))}")
