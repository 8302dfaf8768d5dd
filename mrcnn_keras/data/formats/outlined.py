"""From what readers found (records.py) to a Dataset, and the drawing of its outlines."""

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.contradictions import are_shares, note_outlines
from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.formats.bad_entries import BadEntries
from mrcnn_keras.data.formats.class_names import folded, is_background
from mrcnn_keras.data.formats.coco_keypoints import common_layout
from mrcnn_keras.data.formats.coco_text import FARTHEST, WrittenPolygons
from mrcnn_keras.data.formats.embedded_pictures import INSIDE, picture_inside
from mrcnn_keras.data.formats.folders import subset_of_file
from mrcnn_keras.data.formats.picture_places import find_pictures
from mrcnn_keras.data.rasterize import (
    MAX_REACH,
    check_reach,
    check_run_lengths,
    crop_from_polygons,
    crop_from_rle,
    extent_of_polygons,
    outline_of_box,
    run_lengths,
)
from mrcnn_keras.detections import MaskCrop
from mrcnn_keras.errors import UserError, listing, shortened

LOSS = "left out"  # words of a reader's note that say that something annotated is lost

BOXES = "objects with a box but no outline, which train boxes only: the mask loss and segm AP skip them"
ALL_BOXES = "objects with a box but no outline, so there are no masks to train; train with MASKS=False"

DRAWN_RECTANGLES = "rectangles, read as outlines like the other shapes"


class OutlinedDataset(Dataset):
    """Pictures with `annotations` (records.Annotation), `height` and `width` in image_info.

    An annotation with neither polygons nor run lengths is an object with a box only. A picture without a file has the
    path None, and `inside` is that of the JSON file that holds it.
    """

    boxes_only = False  # whether there are objects, and none of them has an outline

    def has_masks(self):
        return not self.boxes_only

    def load_image(self, image_id):
        """In the orientation in which it was annotated, see images.read_image."""
        info = self.image_info[image_id]
        size = info["height"], info["width"]

        def note(what):
            self.note(what, image_id, contradiction=what == images.EITHER)

        if info["path"] is None:
            return images.read_image(info["inside"], size, note, picture_inside(info["inside"]))
        return images.read_image(info["path"], size, note)

    def reads_whole_files(self):
        return True

    def entries(self, image_id):
        return _in_numbers(self.image_info[image_id]["annotations"])

    def entry_name(self, image_id, place):
        entry_id = self.image_info[image_id]["annotations"][place].id
        return f"object {place + 1}" if entry_id is None else f"annotation {shortened(repr(entry_id), 100)}"

    def load_annotations(self, image_id):
        info = self.image_info[image_id]
        size = info["height"], info["width"]
        annotations = _in_numbers(info["annotations"])
        crops = [self._drawn(annotation, size, image_id) for annotation in annotations]
        self._compare(image_id, size, annotations, [crop.box if isinstance(crop, MaskCrop) else crop for crop in crops])
        make = self._from_extents if self.boxes_only else self._from_crops
        return make(image_id, size, self._class_ids(info), crops, self._points(info))

    def load_boxes(self, image_id):
        """Those of load_annotations without their masks, which takes a fraction of the time."""
        info = self.image_info[image_id]
        size = info["height"], info["width"]
        annotations = _in_numbers(info["annotations"])
        boxes = [self._drawn(annotation, size, image_id, extent_only=True) for annotation in annotations]
        self._compare(image_id, size, annotations, boxes)
        return self._from_extents(image_id, size, self._class_ids(info), boxes, self._points(info))

    def load_outlines(self, image_id):
        info = self.image_info[image_id]
        size = info["height"], info["width"]
        return [
            annotation.polygons or None
            for annotation in _in_numbers(info["annotations"])
            if self._drawn(annotation, size, image_id, extent_only=True) is not None
        ]

    def _compare(self, image_id, size, annotations, extents):
        """Notes annotations that contradict themselves; `extents` are the boxes of their masks."""
        objects = []
        for annotation, extent in zip(annotations, extents, strict=True):
            outlined = _has_outline(annotation)
            points = annotation.polygons or (None if outlined else [outline_of_box(annotation.box)])
            objects.append((annotation.box if outlined else None, extent, points))
        note_outlines(self, image_id, size, objects)

    def _class_ids(self, info):
        annotations = info["annotations"]
        ids = [self.map_source_class_id(f"{info['source']}.{annotation.category_id}") for annotation in annotations]
        signs = [-1 if annotation.crowd else 1 for annotation in annotations]
        return np.array(ids, np.int32) * np.array(signs, np.int32)

    def _points(self, info):
        """[N, K, (y, x, visibility)], zeros for annotations without keypoints; None in a dataset without."""
        if self.keypoint_layout is None:
            return None
        absent = np.zeros((len(self.keypoint_layout), 3), np.float32)
        points = [absent if found.keypoints is None else found.keypoints for found in info["annotations"]]
        return np.array(points, np.float32).reshape(-1, *absent.shape)

    def _drawn(self, annotation, size, image_id, extent_only=False):
        """The MaskCrop of an annotation, or its box alone; None if nothing of it lies in the picture."""
        try:
            if annotation.counts is not None:
                crop = crop_from_rle(annotation.counts, size)
                return crop.box if crop and extent_only else crop
            outline = annotation.polygons or [outline_of_box(annotation.box)]
            if are_shares(outline, size):
                return None
            if not annotation.polygons:
                return _inside(annotation.box, size)
            return (extent_of_polygons if extent_only else crop_from_polygons)(outline, size)
        except UserError as error:
            raise UserError(f"{self.image_name(image_id)}, annotation {annotation.id!r}: {error}") from error


def load(read, source, paths, skip_bad=0.05, family=(), kind=OutlinedDataset):
    """The Dataset of some places of one format.

    read: function of a place and BadEntries -> AnnotationFile. source: name of the format. skip_bad: as in BadEntries.
    family: places whose classes count, too, so that each subset alone has the same class ids: ordered by category id.
    kind: class of the Dataset.
    Raises UserError for files that do not fit each other or their pictures, and for categories with different
    keypoints.
    """
    dataset = kind()
    bad, of_others = BadEntries(dataset, skip_bad), BadEntries(OutlinedDataset(), skip_bad)
    files = {path: read(path, bad) for path in dict.fromkeys(paths)}
    others = [read(path, of_others) for path in dict.fromkeys(family) if path not in files]
    _outline_rectangles([*files.values(), *others])
    dataset.boxes_only = _have_boxes_only([*files.values(), *others])
    _add_classes(dataset, source, sorted([*files.values(), *others], key=lambda file: file.path))
    _note_files(dataset, list(files.values()), others)
    dataset.keypoint_layout = common_layout([*files.values(), *others])
    for file in files.values():
        if file.pictures:  # an exported subset may be empty
            _add_pictures(dataset, source, file, bad)
    bad.check()
    if not dataset.num_images:
        raise UserError(f"{str(next(iter(files.values())).path)!r} has no picture; export it with the pictures")
    if not dataset.class_names[1:]:
        raise UserError(
            f"{str(next(iter(files.values())).path)!r} has {dataset.num_images} pictures but no object; draw some and "
            "save it again"
        )
    return dataset


def _have_boxes_only(files):
    annotations = [annotation for file in files for picture in file.pictures for annotation in picture.annotations]
    drawn = any(file.has_masks for file in files) or any(map(_has_outline, annotations))
    return bool(annotations) and not drawn


def _outline_rectangles(files):
    """Gives drawn rectangles an outline where other objects have one; on their own they are only boxes."""
    pictures = [(file, number, picture) for file in files for number, picture in enumerate(file.pictures)]
    if not any(_has_outline(annotation) for _, _, picture in pictures for annotation in picture.annotations):
        return
    for file, number, picture in pictures:
        found = picture.annotations if file.rectangles else []
        boxes = [place for place, annotation in enumerate(found) if not _has_outline(annotation)]
        for place in boxes:
            annotation = picture.annotations[place]
            picture.annotations[place] = annotation._replace(box=None, polygons=(outline_of_box(annotation.box),))
        if boxes:
            file.notes.setdefault(DRAWN_RECTANGLES, {})[number] = len(boxes)


def _has_outline(annotation):
    return bool(annotation.polygons) or annotation.counts is not None


def _in_numbers(annotations):
    """Annotations with arrays for polygons that are text, so that they are parsed once for several uses."""
    return [
        annotation._replace(polygons=tuple(annotation.polygons))
        if isinstance(annotation.polygons, WrittenPolygons)
        else annotation
        for annotation in annotations
    ]


def _inside(box, size):
    """The part of a box inside a picture, or None."""
    y1, x1, y2, x2 = np.clip(box, 0, size * 2).tolist()
    return (y1, x1, y2, x2) if y1 < y2 and x1 < x2 else None


def _note_files(dataset, files, others):
    """Notes which files the classes come from, unless all are those of one file."""
    own = {category_id for file in files for category_id in file.categories}
    added = {info["id"] for info in dataset.class_info[1:]} - own
    for file in others:
        names = [repr(name) for category_id, (name, _) in file.categories.items() if category_id in added]
        if names:
            dataset.note(
                f"classes {', '.join(names[:5])}{' and others' * (len(names) > 5)} come from {str(file.path)!r}, so "
                "that all subsets have the same class ids; give the annotation file itself to have its classes only"
            )
    subsets = [subset_of_file(file.path) for file in files]
    for subset in dict.fromkeys(subsets):
        names = [file.path.name for file, other in zip(files, subsets, strict=True) if subset and other == subset]
        if len(names) > 1:
            dataset.note(f"{listing(names)} are all read as {subset}; if they are versions of each other, give one")


def _add_classes(dataset, source, files):
    """Adds the categories of `files`, ordered by id.

    Without annotations, a category is left out if it is called background, repeats the name of another or names the
    group of the others, as Roboflow's category 0 does.
    """
    categories, places, used = {}, {}, set()
    for file in files:
        for category_id, (name, group) in file.categories.items():
            first = categories.setdefault(category_id, (name, group))[0]
            if folded(first) != folded(name):
                raise UserError(
                    f"category {category_id} is {name!r} in {str(file.path)!r} but {first!r} in "
                    f"{str(places[category_id])!r}; give each id one name, or load one of the files"
                )
            if first != name:
                dataset.note(f"category {category_id} is {name!r} in {file.path.name}, read as {first!r} as elsewhere")
            places.setdefault(category_id, file.path)
        used |= {annotation.category_id for picture in file.pictures for annotation in picture.annotations}
    names = set()
    for category_id, (name, group) in sorted(categories.items()):
        others = {i: category for i, category in categories.items() if i != category_id}
        repeated = any(other == name and (i in used or i < category_id) for i, (other, _) in others.items())
        is_group = group == "none" and any(other_group == name for _, other_group in others.values())
        if category_id not in used and others and is_background(name):
            dataset.note(f"category {category_id} ({name!r}) left out: no object, and the background is not a class")
            continue
        if category_id not in used and (repeated or is_group):
            dataset.note(f"category {category_id} ({name!r}) left out: unused, and another one has the name")
            continue
        if name in names:
            what = f"category {category_id} has the name {name!r} of another one, so its id was added"
            dataset.note(what, contradiction=True)
            name = f"{name} ({category_id})"
        names.add(name)
        dataset.add_class(source, category_id, name)


def _add_pictures(dataset, source, file, bad):
    found = find_pictures(file)
    image_ids = {}
    for number, picture in enumerate(file.pictures):
        path = found.paths.get(number)
        if path is None and picture.inside is None:
            bad.skip("pictures", found.faults[number])
            continue
        try:
            height, width = picture.size or _read_size(path, picture.inside)
        except UserError as error:
            bad.skip("pictures", str(error))
            continue
        if picture.in_shares:
            picture = _in_pixels(picture, (height, width))
        annotations = tuple(_usable(picture, (height, width), file, bad))
        image_ids[number] = dataset.num_images
        boxes = sum(not _has_outline(annotation) for annotation in annotations)
        if boxes:
            dataset.note(ALL_BOXES if dataset.boxes_only else BOXES, image_ids[number], boxes)
        place = {"path": path} if path is not None else {"path": None, "inside": picture.inside}
        dataset.add_image(
            source, picture.id, **place, height=height, width=width, annotations=annotations, **picture.more
        )
        if path is None:
            dataset.note(INSIDE, image_ids[number])
        if number in found.notes:
            dataset.note(found.notes[number], image_ids[number])
    for what, counts in file.notes.items():
        if not counts:
            dataset.note(what)
        for number, count in counts.items():
            if number in image_ids:
                dataset.note(what, image_ids[number], count, contradiction=LOSS in what)


def _in_pixels(picture, size):
    """A picture whose annotations are shares of its height and width, in pixels."""
    annotations = [
        annotation._replace(
            box=annotation.box and tuple(np.multiply(annotation.box, size * 2).tolist()),
            polygons=tuple(polygon * size for polygon in annotation.polygons),
        )
        for annotation in picture.annotations
    ]
    return picture._replace(annotations=annotations)


def _read_size(path, inside):
    return images.read_size(path) if path is not None else images.read_size(inside, picture_inside(inside))


def _usable(picture, size, file, bad):
    """The annotations of a picture that can be drawn in its size."""
    try:
        near = MAX_REACH * min(size) >= FARTHEST  # then text need not become numbers to know that it reaches no further
        written = [near and isinstance(annotation.polygons, WrittenPolygons) for annotation in picture.annotations]
        others = [found for found, known in zip(picture.annotations, written, strict=True) if not known]
        outlines = [outline for annotation in others for outline in _outlines(annotation)]
        if outlines:
            check_reach(outlines, size)
        if picture.size is not None:  # run lengths have been checked against it
            return picture.annotations
    except UserError:
        pass  # the annotation to blame is found below
    usable = []
    for annotation in picture.annotations:
        try:
            if annotation.counts is None:
                check_reach(_outlines(annotation), size)
            else:
                check_run_lengths(run_lengths(annotation.counts), size)
            usable.append(annotation)
        except UserError as error:
            what = f"annotation {annotation.id!r} of picture {picture.file_name!r}"
            bad.skip("annotations", f"{str(file.path)!r}, {what}: {error}")
    return usable


def _outlines(annotation):
    """Lists of points of all that will be drawn by them."""
    if _has_outline(annotation):
        return annotation.polygons
    return [np.reshape(annotation.box, (2, 2))]
