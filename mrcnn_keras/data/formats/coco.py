"""COCO: instances in JSON with polygons or run lengths, also as Roboflow, CVAT and others write it."""

from pathlib import Path

from mrcnn_keras.data.formats import outlined
from mrcnn_keras.data.formats.coco_file import read_coco
from mrcnn_keras.data.formats.coco_places import keypoint_file, siblings
from mrcnn_keras.detections import plain_id
from mrcnn_keras.detections.to_coco import coco_annotations


def load(paths, skip_bad=0.05, family=()):
    """The Dataset of some of the files that coco_places.find found.

    family: all that it found: then the classes of all subsets in the same place count; empty: those of `paths` only.
    The rest as in outlined.load.
    """
    others = [sibling for path in paths for sibling in siblings(path)] if family else []
    return outlined.load(_read, "coco", paths, skip_bad, others)


def _read(path, bad):
    file = read_coco(path, bad)
    beside = keypoint_file(path)
    if beside is not None:
        file.notes[f"{beside.name} beside {path.name} has keypoints; load that file to read them"] = {}
    return file


def to_coco(dataset):
    """The ground truth of `dataset` (any Dataset) as the content of a COCO file, with masks as run lengths.

    Images and categories keep the ids of their source if these are unique whole numbers; otherwise they get internal
    ids. `file_name` is the name of the picture's file, `area` the pixels of the mask.
    """
    image_ids = _unique([info["id"] for info in dataset.image_info], dataset.image_ids)
    category_ids = category_ids_of(dataset)
    categories = category_entries(dataset.class_names, category_ids, dataset.keypoint_layout)
    content = {"images": [], "annotations": [], "categories": categories}
    for i, image_id in enumerate(image_ids):
        found = dataset.load_annotations(i)
        name = Path(str(dataset.image_info[i]["path"] or dataset.image_info[i]["id"])).name
        height, width = found.size
        content["images"].append({"id": image_id, "file_name": name, "height": height, "width": width})
        rles = [None] * len(found) if found.mask_crops is None else found.rle()
        content["annotations"] += coco_annotations(found, image_id, category_ids, len(content["annotations"]) + 1, rles)
    return content


def category_ids_of(dataset):
    """The ids of a dataset's classes in a COCO file by class id, 0 for the background: as `to_coco` says."""
    return [0, *_unique(dataset.category_ids[1:], dataset.class_ids[1:])]


def category_entries(class_names, category_ids, layout=None):
    """COCO's categories of classes; layout: KeypointLayout or None."""
    meaning = {}
    if layout is not None:
        lines = [[first + 1, second + 1] for first, second in layout.skeleton]
        meaning = {"keypoints": list(layout.names), "skeleton": lines}
    pairs = list(zip(category_ids, class_names, strict=True))[1:]
    return [{"id": category_id, "name": name, **meaning} for category_id, name in pairs]


def _unique(ids, otherwise):
    ids = [plain_id(i) for i in ids]
    whole = all(isinstance(i, int) for i in ids) and len(set(ids)) == len(ids)
    return ids if whole else [int(i) for i in otherwise]
