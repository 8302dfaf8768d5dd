"""Which pictures there are and what is annotated on them: the class that a user fills or subclasses."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.augment import keypoints_inside
from mrcnn_keras.data.catalogue import Catalogue, picture_keys
from mrcnn_keras.data.contradictions import first_alike
from mrcnn_keras.data.splitting import split_groups
from mrcnn_keras.data.statistics import statistics_of
from mrcnn_keras.detections import Detections, MaskCrop, as_boxes, crop_mask
from mrcnn_keras.errors import UserError
from mrcnn_keras.resize import as_rgb

LEFT_OUT = "objects without a pixel inside the picture, left out"


class Dataset(Catalogue):
    """Pictures, classes and annotations, under the names of Matterport's package.

    ```python
    class BalloonDataset(mk.Dataset):
        def load_balloon(self, folder):
            self.add_class("balloon", 1, "balloon")
            for file in sorted(Path(folder).glob("*.jpg")):
                self.add_image("balloon", image_id=file.name, path=file, polygons=...)
            self.prepare()

        def load_mask(self, image_id):
            polygons = self.image_info[image_id]["polygons"]
            ...
            return masks, class_ids       # [H, W, N] bool, [N] int32
    ```
    A subclass implements `load_mask` or `load_annotations`; each has a default that calls the other. If the objects
    have keypoints, call `set_keypoints` with their names and implement `load_keypoints`, too.

    Attributes:
        image_info: List of dicts, one per picture: "id", "source", "path" and whatever else `add_image` was given.
        class_info: List of dicts, one per class: "source", "id" (in that source) and "name".
        keypoint_layout: A `KeypointLayout`, or `None` if the objects have no keypoints.
    """

    def __init__(self):
        super().__init__()
        self._left_out = {}  # {image id: places of the masks without a pixel}

    def load_image(self, image_id):
        """Reads a picture.

        Args:
            image_id: Integer, the internal id.

        Returns:
            `[H, W, 3]` uint8, RGB, upright.

        Raises:
            UserError: If the file is absent or damaged.
        """
        if not self.image_info[image_id]["path"]:
            raise UserError(f"{self.image_name(image_id)} has no file; add it with a path, or write load_image")
        return images.read_image(self.image_info[image_id]["path"], note=lambda what: self.note(what, image_id))

    def load_mask(self, image_id):
        """Reads the masks of a picture's objects.

        Args:
            image_id: Integer, the internal id.

        Returns:
            Tuple of masks `[H, W, N]` bool and class ids `[N]` int32; a negative id is a crowd region of class -id. The
            mask of an object with a box only is false everywhere.

        Raises:
            UserError: If the picture has no annotations, or boxes only.
        """
        if type(self).load_annotations is Dataset.load_annotations:
            raise UserError(
                f"{self.image_name(image_id)} has no annotations, since its Dataset does not implement "
                "load_mask for it; write one that returns masks and class ids"
            )
        found = self.load_annotations(image_id)
        if found.mask_crops is None:
            raise UserError(f"{self.image_name(image_id)} has boxes but no masks; use load_annotations")
        return found.masks, found.class_ids

    def load_keypoints(self, image_id):
        """Reads the keypoints of a picture's objects. By default, a subclass with `load_mask` has none.

        Args:
            image_id: Integer, the internal id.

        Returns:
            `[N, K, (y, x, visibility)]` float32 in pixels, in the order of `load_mask`, for the K keypoints of
            `set_keypoints`; `None` if none are annotated. Visibility is 0 (not annotated), 1 (hidden) or 2 (visible).
        """
        if type(self).load_mask is not Dataset.load_mask:
            return None
        return self.load_annotations(image_id).keypoints

    def load_annotations(self, image_id):
        """Reads the objects of a picture, by default from `load_mask` and `load_keypoints`.

        Masks without a pixel are left out and noted; keypoints outside the picture count as not annotated.

        Args:
            image_id: Integer, the internal id.

        Returns:
            `Detections` without scores, the boxes tight around the masks.

        Raises:
            UserError: If `load_mask` does not return masks with one valid class id each, or `load_keypoints` does not
                return K keypoints for each mask.
        """
        masks, class_ids = (np.asarray(part) for part in self.load_mask(image_id))
        class_ids = class_ids.reshape(-1)
        name = self.image_name(image_id)
        if masks.ndim != 3:
            raise UserError(f"{name}: load_mask gave masks of shape {masks.shape}; return [height, width, N]")
        if masks.shape[2] != len(class_ids):
            raise UserError(
                f"{name}: load_mask gave {masks.shape[2]} masks but {len(class_ids)} class ids; return one id per mask"
            )
        for class_id in class_ids:
            if not 0 < abs(class_id) < self.num_classes:
                raise UserError(
                    f"{name}: load_mask gave class id {class_id} but the dataset has the classes 1 to "
                    f"{self.num_classes - 1}; return the ids of add_class by map_source_class_id"
                )
        size = masks.shape[:2] if len(class_ids) else self.load_image(image_id).shape[:2]
        crops = [crop_mask(mask) for mask in np.moveaxis(masks, 2, 0)]
        return self._from_crops(image_id, size, class_ids, crops, self.load_keypoints(image_id))

    def load_boxes(self, image_id):
        """Reads the objects of a picture for counting and measuring: those of `load_annotations`.

        Args:
            image_id: Integer, the internal id.

        Returns:
            `Detections`, possibly without masks.
        """
        return self.load_annotations(image_id)

    def load_outlines(self, image_id):
        """Reads the polygons that objects were annotated with, for writing them again. By default there are none.

        Args:
            image_id: Integer, the internal id.

        Returns:
            List with one tuple of `[K, (y, x)]` float64 polygons in pixels per object of `load_annotations`, `None` for
            an object without polygons; or `None` if no object has any. They may reach outside the picture.
        """
        del image_id

    def load_proposals(self, image_id):
        """Returns the proposals of a picture, for models that are given proposals.

        Args:
            image_id: Integer, the internal id.

        Returns:
            `[N, (y1, x1, y2, x2)]` float32 in pixels of the picture, best first: those of `set_proposals` or of
            `add_image(..., proposals=boxes)`.

        Raises:
            UserError: If the picture has none.
        """
        boxes = self.image_info[image_id].get("proposals")
        if boxes is None:
            raise UserError(
                f"{self.image_name(image_id)} has no proposals, which a model with PROPOSALS='given' needs; call "
                "set_proposals, or give --proposals FILE"
            )
        return as_boxes(boxes, f"proposals of {self.image_name(image_id)}")

    def load_example(self, image_id):
        """Reads a picture with its objects, checked against each other.

        Args:
            image_id: Integer, the internal id.

        Returns:
            Tuple of the image, `[H, W, 3]` uint8, RGB, and `Detections`, with keypoints exactly if the dataset has a
            `keypoint_layout`.

        Raises:
            UserError: If picture and masks differ in size, or the keypoints are not as `load_keypoints` says.
        """
        name = self.image_name(image_id)
        given = np.asarray(self.load_image(image_id))
        image = as_rgb(given)
        if image is None or image.dtype != np.uint8:
            raise UserError(
                f"{name}: load_image gave {given.dtype} {given.shape}; return [height, width, 3] uint8, RGB"
            )
        found = self.load_annotations(image_id)
        if image.shape[:2] != found.size:
            raise UserError(
                f"{name} is {image.shape[0]} x {image.shape[1]} pixels but its masks are "
                f"{found.size[0]} x {found.size[1]} (height x width); annotate the picture in its own size"
            )
        keypoints = self._checked_keypoints(image_id, found.size, found.keypoints, len(found))
        return image, dataclasses.replace(found, keypoints=keypoints)

    def set_proposals(self, proposals):
        """Sets the proposals of each picture.

        Args:
            proposals: List of arrays `[N, (y1, x1, y2, x2)]`, one per picture, in its pixels and best first, or a dict
                of such arrays as `read_proposals` returns it. A picture without a key gets no proposals and a note.

        Raises:
            UserError: If the list has another length, no key belongs to a picture, or an array does not hold boxes.
        """
        if isinstance(proposals, Mapping):
            possible = [picture_keys(info["path"], info["id"]) for info in self.image_info]
            keys = [next((key for key in of_picture if key in proposals), None) for of_picture in possible]
            if all(key is None for key in keys):
                some = f"{next(iter(proposals))!r} and so on" if proposals else "no picture"
                raise UserError(f"the proposals are for {some}, not for {self.image_name(0)}; name them by file or id")
        else:
            keys = range(self.num_images)
            if len(proposals) != self.num_images:
                raise UserError(
                    f"proposals of {len(proposals)} pictures were given for {self.num_images}; give one array each"
                )
        for image_id, key in enumerate(keys):
            if key is None:
                self.note("pictures without proposals, where nothing can be found", image_id)
            boxes = [] if key is None else proposals[key]
            self.image_info[image_id]["proposals"] = as_boxes(boxes, f"proposals of {self.image_name(image_id)}")

    def entry_name(self, image_id, place):
        """Returns the name of an annotation of a picture in messages.

        Args:
            image_id: Integer, the internal id.
            place: Integer, from 0, its place among all of the picture, also those that are left out.

        Returns:
            String, such as "object 3" or "annotation 1768".
        """
        del image_id
        return f"object {place + 1}"

    def object_name(self, image_id, index):
        """Returns the name of a loaded object in messages.

        Args:
            image_id: Integer, the internal id.
            index: Integer, its index in what `load_annotations` has last returned for the picture.

        Returns:
            String, that of `entry_name`.
        """
        place = int(index)
        for left_out in self._left_out.get(int(image_id), ()):
            place += left_out <= place
        return self.entry_name(image_id, place)

    def entries(self, image_id):
        """Returns the annotations of a picture as their file has them, for checks.

        Args:
            image_id: Integer, the internal id.

        Returns:
            List of `formats.records.Annotation`; empty where the dataset is not made of such.
        """
        del image_id
        return []

    def subset(self, image_ids):
        """Returns a view of some pictures, with the same classes.

        Args:
            image_ids: List of k internal ids.

        Returns:
            `Dataset` with the internal ids 0 to k - 1.

        Raises:
            UserError: If an id does not exist.
        """
        return SubsetOfDataset(self, image_ids)

    def split(self, fraction=0.2, seed=0, stratify=True):
        """Splits the pictures at random. The same seed gives the same split.

        Pictures of one file, or of files with the same bytes, stay together, so that none is both learnt and measured;
        unless a subclass has a `load_image` of its own, as a file may hold many pictures then.

        Args:
            fraction: Float between 0 and 1, the share of the second part; each part gets at least one picture.
            seed: Integer.
            stratify: Boolean, whether each class is on the same share of the pictures of both parts, as nearly as can
                be; a rare one on at least one of each if two pictures have it. This reads all annotations. `False`:
                chance alone decides, and copies of a file count separately, as in version 0.1.

        Returns:
            Tuple of two views of the dataset, (train, val), without a picture in common.

        Raises:
            UserError: If `fraction` is out of range or there are fewer than two pictures.
        """
        parts = split_groups(self._groups(stratify), fraction, seed, self._classes_on if stratify else None)
        return tuple(self.subset(part) for part in parts)

    def _classes_on(self, image_id):
        """The class ids on a picture; none where it cannot be read, which is reported when it is read."""
        try:
            return set(np.abs(self.load_boxes(image_id).class_ids).tolist())
        except UserError:
            return set()

    def _groups(self, by_content):
        """Lists of the internal ids that show the same file, in the order of the first of each."""
        paths = [str(info["path"]) if info["path"] and self.reads_whole_files() else None for info in self.image_info]
        same = first_alike(paths) if by_content else [path or i for i, path in enumerate(paths)]
        groups = {}
        for i, key in enumerate(same):
            groups.setdefault(key, []).append(i)
        return list(groups.values())

    def reads_whole_files(self):
        """Returns whether the path of a picture alone determines what it shows.

        Returns:
            Boolean; `False` if a subclass has a `load_image` of its own, as a file may hold many pictures then.
        """
        return type(self).load_image is Dataset.load_image

    def has_masks(self):
        """Returns whether there are masks to learn from.

        Returns:
            Boolean; `False` if all objects have a box only.
        """
        return True

    def statistics(self):
        """Counts and measures what is in the dataset.

        Returns:
            Dict of plain values, ready for JSON. `images` and `images_without_objects` count pictures, `instances`
            objects, `crowds` crowd regions, `per_class` the objects by class name. `width` and `height` are
            [smallest, median, largest] in pixels. `object_side` has the 5th, 50th and 95th percentile of sqrt(box area)
            in pixels, `relative_side` of sqrt(box area / picture area). `max_instances` is the largest number of
            annotations in a picture, including crowds. With keypoints, `keypoints` counts the objects by annotated
            keypoint, and `instances_with_keypoints` those that have at least one.
        """
        return statistics_of(self)

    def _from_crops(self, image_id, size, class_ids, crops, keypoints=None):
        """Detections of MaskCrops, or (y1, x1, y2, x2) of objects with a box only.

        Those that are None or 0 x 0, of empty masks, are left out and noted.
        """
        boxes = [_extent(crop) for crop in crops]
        found = self._from_extents(image_id, size, class_ids, boxes, keypoints)
        seen = [crop for crop, box in zip(crops, boxes, strict=True) if box is not None]
        return dataclasses.replace(found, mask_crops=[crop if isinstance(crop, MaskCrop) else None for crop in seen])

    def _from_extents(self, image_id, size, class_ids, boxes, keypoints=None):
        """Detections without masks, of boxes; None, of empty masks, is left out and noted."""
        keypoints = self._checked_keypoints(image_id, size, keypoints, len(boxes))
        seen = [i for i, box in enumerate(boxes) if box is not None]
        self._left_out[int(image_id)] = unseen = [i for i, box in enumerate(boxes) if box is None]
        if unseen:
            objects = [(self.entry_name(image_id, place), None) for place in unseen]
            self.note(LEFT_OUT, image_id, contradiction=True, objects=objects)
        boxes = np.array([boxes[i] for i in seen], np.float32).reshape(-1, 4)
        keypoints = None if keypoints is None else keypoints[seen]
        return Detections(size, boxes, np.array(class_ids, np.int32)[seen], keypoints=keypoints)

    def _checked_keypoints(self, image_id, size, keypoints, count):
        """[count, K, 3] float32, zeros if not annotated or outside the picture; None without keypoints."""
        if self.keypoint_layout is None:
            if keypoints is None:
                return None
            raise UserError(f"{self.image_name(image_id)} has keypoints; name them with set_keypoints")
        shape = (count, len(self.keypoint_layout), 3)
        points = np.zeros(shape, np.float32) if keypoints is None else np.array(keypoints, np.float32)
        name = self.image_name(image_id)
        if points.shape != shape:
            raise UserError(
                f"{name}: load_keypoints gave shape {points.shape}; return {list(shape)}, for each mask {shape[1]} "
                "rows of (y, x, visibility)"
            )
        if not np.isin(points[..., 2], (0, 1, 2)).all():
            raise UserError(
                f"{name}: load_keypoints gave an unknown visibility; give 0 (not annotated), 1 (hidden) or 2 (visible)"
            )
        return keypoints_inside(points, size)


def _extent(crop):
    """The box of a MaskCrop, or None if it is empty; boxes stay as they are."""
    if isinstance(crop, MaskCrop):
        return crop.box if crop.bits.size else None
    return crop


class SubsetOfDataset(Dataset):
    """Some pictures of another dataset, which does all the loading, so that overridden methods apply."""

    def __init__(self, dataset, image_ids):
        super().__init__()
        self.dataset = dataset
        self.dataset_ids = [int(i) for i in np.asarray(image_ids, int).reshape(-1)]
        for i in self.dataset_ids:
            if not 0 <= i < dataset.num_images:
                raise UserError(f"image id {i} is not one of 0 to {dataset.num_images - 1}; use image_ids")
        self.image_info = [dataset.image_info[i] for i in self.dataset_ids]
        self.class_info = dataset.class_info
        self.class_from_source_map = dataset.class_from_source_map
        self.keypoint_layout = dataset.keypoint_layout

    @property
    def notes(self):
        """Those of the whole dataset."""
        return self.dataset.notes

    @property
    def contradictions(self):
        """Those of the whole dataset."""
        return self.dataset.contradictions

    @property
    def skipped(self):
        """Those of the whole dataset."""
        return self.dataset.skipped

    @property
    def noted(self):
        """That of the whole dataset, with the internal ids of its pictures."""
        return self.dataset.noted

    def note(self, what, image_id=None, count=1, contradiction=False, objects=()):
        image_id = None if image_id is None else self.dataset_ids[image_id]
        self.dataset.note(what, image_id, count, contradiction, objects)

    def skip(self, sentence):
        self.dataset.skip(sentence)

    def reads_whole_files(self):
        return self.dataset.reads_whole_files()

    def has_masks(self):
        return self.dataset.has_masks()

    def image_reference(self, image_id):
        return self.dataset.image_reference(self.dataset_ids[image_id])

    def image_name(self, image_id):
        return self.dataset.image_name(self.dataset_ids[image_id])

    def entry_name(self, image_id, place):
        return self.dataset.entry_name(self.dataset_ids[image_id], place)

    def object_name(self, image_id, index):
        return self.dataset.object_name(self.dataset_ids[image_id], index)

    def entries(self, image_id):
        return self.dataset.entries(self.dataset_ids[image_id])

    def load_image(self, image_id):
        return self.dataset.load_image(self.dataset_ids[image_id])

    def load_mask(self, image_id):
        return self.dataset.load_mask(self.dataset_ids[image_id])

    def load_keypoints(self, image_id):
        return self.dataset.load_keypoints(self.dataset_ids[image_id])

    def load_annotations(self, image_id):
        return self.dataset.load_annotations(self.dataset_ids[image_id])

    def load_boxes(self, image_id):
        return self.dataset.load_boxes(self.dataset_ids[image_id])

    def load_outlines(self, image_id):
        return self.dataset.load_outlines(self.dataset_ids[image_id])

    def load_proposals(self, image_id):
        return self.dataset.load_proposals(self.dataset_ids[image_id])
