"""COCO: instances in JSON with polygons or run lengths, also as Roboflow, CVAT and others write it."""

from pathlib import Path

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.formats.coco_file import read_coco
from mrcnn_keras.data.formats.coco_keypoints import common_layout
from mrcnn_keras.data.formats.coco_places import keypoint_file, picture_folder, siblings
from mrcnn_keras.data.rasterize import check_reach, crop_from_box, crop_from_polygons, crop_from_rle
from mrcnn_keras.detections import Detections, plain_id
from mrcnn_keras.errors import UserError


class CocoDataset(Dataset):
    """Pictures of COCO files, with `annotations` (Annotation of coco_file.py), `height` and `width` in image_info."""

    def load_image(self, image_id):
        """In the orientation in which it was annotated, see images.read_image."""
        info = self.image_info[image_id]
        return images.read_image(info["path"], (info["height"], info["width"]))

    def load_annotations(self, image_id):
        info = self.image_info[image_id]
        size = info["height"], info["width"]
        crops = [self._crop(annotation, size, image_id) for annotation in info["annotations"]]
        return self._from_crops(image_id, size, self._class_ids(info), crops, self._points(info))

    def load_boxes(self, image_id):
        """The boxes in the file, or the extent of the outline where there is none; without masks."""
        info = self.image_info[image_id]
        size = info["height"], info["width"]
        boxes = []
        for annotation in info["annotations"]:
            if annotation.box is not None:
                boxes.append(annotation.box)
            elif annotation.polygons:
                points = np.concatenate(annotation.polygons)
                boxes.append([*points.min(axis=0), *points.max(axis=0)])
            else:
                crop = self._crop(annotation, size, image_id)
                boxes.append(crop.box if crop else (0, 0, 0, 0))
        boxes = np.clip(np.array(boxes, float).reshape(-1, 4), 0, size * 2)
        points = self._checked_keypoints(image_id, size, self._points(info), len(boxes))
        return Detections(size, boxes, self._class_ids(info), keypoints=points)

    def _class_ids(self, info):
        annotations = info["annotations"]
        ids = [self.map_source_class_id(f"coco.{annotation.category_id}") for annotation in annotations]
        signs = [-1 if annotation.crowd else 1 for annotation in annotations]
        return np.array(ids, np.int32) * np.array(signs, np.int32)

    def _points(self, info):
        """[N, K, (y, x, visibility)], zeros for annotations without keypoints; None in a dataset without."""
        if self.keypoint_layout is None:
            return None
        absent = np.zeros((len(self.keypoint_layout), 3), np.float32)
        points = [absent if found.keypoints is None else found.keypoints for found in info["annotations"]]
        return np.array(points, np.float32).reshape(-1, *absent.shape)

    def _crop(self, annotation, size, image_id):
        try:
            if annotation.polygons:
                return crop_from_polygons(annotation.polygons, size)
            if annotation.counts is not None:
                return crop_from_rle(annotation.counts, size)
            return crop_from_box(annotation.box, size)
        except UserError as error:
            raise UserError(f"{self.image_name(image_id)}, annotation {annotation.id!r}: {error}") from error


def load(paths):
    """The Dataset of some of the files that coco_places.find found.

    The classes are those of all subsets in the same place, ordered by category id, so that each subset alone has the
    same class ids. Raises UserError for files that do not fit each other or their pictures, and for categories with
    different keypoints.
    """
    family = dict.fromkeys([*paths, *(sibling for path in paths for sibling in siblings(path))])
    files = {path: read_coco(path) for path in family}
    dataset = CocoDataset()
    _add_classes(dataset, files.values())
    dataset.keypoint_layout = common_layout(files.values())
    for path in paths:
        beside = keypoint_file(path)
        if beside is not None:
            dataset.note(f"{beside.name} beside {path.name} has keypoints; load that file to read them")
        if files[path].pictures:  # an exported subset may be empty
            _add_pictures(dataset, files[path])
    if not dataset.num_images:
        raise UserError(f"{str(paths[0])!r} has no picture in 'images'; export it with the pictures")
    return dataset


def _add_classes(dataset, files):
    """Adds the categories of `files`, ordered by id.

    Without annotations, a category is left out if it repeats the name of another or names the group of the others, as
    Roboflow's category 0 does.
    """
    categories, places, used = {}, {}, set()
    for file in files:
        for category_id, (name, group) in file.categories.items():
            if categories.setdefault(category_id, (name, group))[0] != name:
                raise UserError(
                    f"category {category_id} is {name!r} in {str(file.path)!r} but "
                    f"{categories[category_id][0]!r} in {str(places[category_id])!r}; give each id one name, "
                    "or keep the files in different folders"
                )
            places.setdefault(category_id, file.path)
        used |= {annotation.category_id for picture in file.pictures for annotation in picture.annotations}
    names = set()
    for category_id, (name, group) in sorted(categories.items()):
        others = {i: category for i, category in categories.items() if i != category_id}
        repeated = any(other == name and (i in used or i < category_id) for i, (other, _) in others.items())
        is_group = group == "none" and any(other_group == name for _, other_group in others.values())
        if category_id not in used and (repeated or is_group):
            dataset.note(f"category {category_id} ({name!r}) left out: unused, and another one has the name")
            continue
        if name in names:
            dataset.note(f"category {category_id} has the name {name!r} of another one, so its id was added")
            name = f"{name} ({category_id})"
        names.add(name)
        dataset.add_class("coco", category_id, name)


def _add_pictures(dataset, file):
    root = picture_folder(file)
    first = dataset.num_images
    for picture in file.pictures:
        path = str(root / picture.file_name)
        height, width = picture.size or images.read_size(path)
        polygons = [polygon for annotation in picture.annotations for polygon in annotation.polygons]
        if polygons:
            try:
                check_reach(polygons, (height, width))
            except UserError as error:
                raise UserError(f"{str(file.path)!r}, picture {picture.file_name!r}: {error}") from error
        annotations = tuple(picture.annotations)
        dataset.add_image("coco", picture.id, path, height=height, width=width, annotations=annotations)
    for what, counts in file.notes.items():
        for number, count in counts.items():
            dataset.note(what, first + number, count)


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
        name = Path(dataset.image_info[i]["path"] or str(image_id)).name
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
