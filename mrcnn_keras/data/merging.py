"""Several datasets as one."""

import dataclasses

from mrcnn_keras.data.class_matching import match_classes
from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.formats.class_names import alike
from mrcnn_keras.errors import UserError, listing


class MergedDataset(Dataset):
    """The pictures of several datasets with the same classes, one after the other; each does the loading of its own."""

    def __init__(self, datasets):
        super().__init__()
        self.datasets = datasets
        self._places = [(dataset, i) for dataset in datasets for i in range(dataset.num_images)]
        self.image_info = [dataset.image_info[i] for dataset, i in self._places]
        self.class_info = datasets[0].class_info
        for dataset in reversed(datasets):
            self.class_from_source_map |= dataset.class_from_source_map
        self.keypoint_layout = next((d.keypoint_layout for d in datasets if d.keypoint_layout is not None), None)

    @property
    def notes(self):
        """Those of all datasets, and of them together."""
        return self._gathered("notes", super().notes)

    @property
    def contradictions(self):
        """Those of all datasets, and of them together."""
        return self._gathered("contradictions", super().contradictions)

    @property
    def skipped(self):
        """Those of all datasets."""
        return self._gathered("skipped", super().skipped)

    def _gathered(self, name, own):
        return list(dict.fromkeys([*(one for dataset in self.datasets for one in getattr(dataset, name)), *own]))

    @property
    def noted(self):
        """That of all datasets and of them together, with the internal ids of this one's pictures."""
        found, before = {}, 0
        for dataset in self.datasets:
            for one in dataset.noted:
                whole = found.setdefault(one["finding"], {**one, "count": 0, "pictures": []})
                whole["count"] += one["count"]
                whole["pictures"] += [{**place, "image_id": place["image_id"] + before} for place in one["pictures"]]
                if whole["pictures"]:
                    place = whole["pictures"][0]["picture"]
                    whole["note"] = f"{one['finding']}: {whole['count']} (first in {place})"
            before += dataset.num_images
        return list({one["finding"]: one for one in (*super().noted, *found.values())}.values())

    def note(self, what, image_id=None, count=1, contradiction=False, objects=()):
        if image_id is None:
            super().note(what, None, count, contradiction, objects)
        else:
            dataset, own = self._places[image_id]
            dataset.note(what, own, count, contradiction, objects)

    def reads_whole_files(self):
        return all(dataset.reads_whole_files() for dataset in self.datasets)

    def has_masks(self):
        return any(dataset.has_masks() for dataset in self.datasets)

    def image_reference(self, image_id):
        return self._of("image_reference", image_id)

    def image_name(self, image_id):
        return self._of("image_name", image_id)

    def load_image(self, image_id):
        return self._of("load_image", image_id)

    def load_mask(self, image_id):
        return self._of("load_mask", image_id)

    def load_keypoints(self, image_id):
        return self._of("load_keypoints", image_id)

    def load_annotations(self, image_id):
        """Those of its dataset; if that has boxes only and others have masks, its objects are without masks."""
        found = self._of("load_annotations", image_id)
        if found.mask_crops is None and self.has_masks():
            found = dataclasses.replace(found, mask_crops=(None,) * len(found))
        return found

    def load_boxes(self, image_id):
        return self._of("load_boxes", image_id)

    def load_outlines(self, image_id):
        return self._of("load_outlines", image_id)

    def load_proposals(self, image_id):
        return self._of("load_proposals", image_id)

    def _of(self, method, image_id):
        dataset, own = self._places[image_id]
        return getattr(dataset, method)(own)


def merge_datasets(datasets):
    """Puts the pictures of several datasets together; classes with one name are one.

    Args:
        datasets: List of `Dataset`s.

    Returns:
        `Dataset` with the pictures in this order, and the classes of the first dataset, then those that others add; the
        dataset itself if it is alone.

    Raises:
        UserError: If their objects have different keypoints, or one has two classes of one name.
    """
    if len(datasets) == 1:
        return datasets[0]
    layouts = [dataset.keypoint_layout for dataset in datasets if dataset.keypoint_layout is not None]
    if any(layout.names != layouts[0].names for layout in layouts):
        raise UserError("the data have objects with different keypoints; give them one after the other, or without")
    names = list(dict.fromkeys(name for dataset in datasets for name in dataset.class_names))
    same = [match_classes(dataset, names, "one of the data has", "all of them have", "") for dataset in datasets]
    merged = MergedDataset(same)
    note_repeated(merged)
    return merged


def note_repeated(dataset):
    """Notes pictures that are there more than once, and classes that are probably one."""
    seen = set()
    for image_id, info in enumerate(dataset.image_info):
        if info["path"] and info["path"] in seen:
            what = "pictures whose file was listed before under another id; both are used"
            dataset.note(what, image_id, contradiction=True)
        seen.add(info["path"])
    for names in alike(dataset.class_names[1:]):
        dataset.note(
            f"classes {listing(map(repr, names))} have almost the same name; if they are one, give them one category",
            contradiction=True,
        )
