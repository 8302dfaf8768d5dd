"""COCO: instances in JSON with polygons or run lengths, also as Roboflow, CVAT and others write it."""

from pathlib import Path

from mrcnn_keras.data.formats import outlined
from mrcnn_keras.data.formats.coco_file import read_coco
from mrcnn_keras.data.formats.coco_places import keypoint_file, siblings
from mrcnn_keras.detections import plain_id


def load(paths, skip_bad=0.05, family=()):
    """The Dataset of some of the files that coco_places.find found.

    family: all that it found, or none to have the classes of `paths` only; then those of all subsets in the same place
    count. The rest as of outlined.load.
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
    category_ids = [0, *_unique(dataset.category_ids[1:], dataset.class_ids[1:])]
    content = {"images": [], "annotations": [], "categories": []}
    layout = dataset.keypoint_layout
    meaning = {}
    if layout is not None:
        lines = [[first + 1, second + 1] for first, second in layout.skeleton]
        meaning = {"keypoints": list(layout.names), "skeleton": lines}
    for class_id, name in list(enumerate(dataset.class_names))[1:]:
        content["categories"].append({"id": category_ids[class_id], "name": name, **meaning})
    for i, image_id in enumerate(image_ids):
        found = dataset.load_annotations(i)
        name = Path(str(dataset.image_info[i]["path"] or dataset.image_info[i]["id"])).name
        height, width = found.size
        content["images"].append({"id": image_id, "file_name": name, "height": height, "width": width})
        rles = [None] * len(found) if found.mask_crops is None else found.rle()
        points = [None] * len(found) if found.keypoints is None else found.coco_keypoints()
        for class_id, (y1, x1, y2, x2), area, rle, keypoints in zip(
            found.class_ids.tolist(), found.boxes.tolist(), found.areas.tolist(), rles, points, strict=True
        ):
            entry = {
                "id": len(content["annotations"]) + 1,
                "image_id": image_id,
                "category_id": category_ids[abs(class_id)],
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": area,
                "iscrowd": int(class_id < 0),
            }
            entry |= {} if rle is None else {"segmentation": rle}
            if keypoints is not None:
                entry |= {"keypoints": keypoints, "num_keypoints": sum(v > 0 for v in keypoints[2::3])}
            content["annotations"].append(entry)
    return content


def _unique(ids, otherwise):
    ids = [plain_id(i) for i in ids]
    whole = all(isinstance(i, int) for i in ids) and len(set(ids)) == len(ids)
    return ids if whole else [int(i) for i in otherwise]
