"""Which pictures there are and what is marked on them: the class that a user fills, or subclasses."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.catalogue import Catalogue, picture_keys
from mrcnn_keras.data.keypoints import keep_inside
from mrcnn_keras.data.statistics import statistics_of
from mrcnn_keras.detections import Detections, as_boxes, crop_mask
from mrcnn_keras.errors import UserError
from mrcnn_keras.resize import as_rgb


class Dataset(Catalogue):
    """Pictures, classes and annotations, under the names that users of the Matterport package know.

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
    What was added is found by the names of Catalogue: image_info, image_ids, class_names, class_ids, ...
    Objects with keypoints: call `set_keypoints` with their names, and write `load_keypoints` beside `load_mask`.
    """

    def load_image(self, image_id):
        """-> [H, W, 3] uint8, RGB, upright. Raises UserError for a file that is absent or damaged."""
        if not self.image_info[image_id]["path"]:
            raise UserError(f"{self.image_name(image_id)} has no file; add it with a path, or write load_image")
        return images.read_image(self.image_info[image_id]["path"])

    def load_mask(self, image_id):
        """-> masks [H, W, N] bool, class ids [N] int32; a negative id is a crowd region of class -id.

        A subclass gives this or `load_annotations`; each has a default that asks the other.
        """
        if type(self).load_annotations is Dataset.load_annotations:
            raise UserError(
                f"{self.image_name(image_id)} has no annotations, since its Dataset has no load_mask for it; "
                "write one that returns masks and class ids"
            )
        found = self.load_annotations(image_id)
        if found.mask_crops is None:
            raise UserError(f"{self.image_name(image_id)} has boxes but no masks; use load_annotations")
        return found.masks, found.class_ids

    def load_keypoints(self, image_id):
        """-> [N, K, (y, x, visibility)] float32, pixels, in the order of load_mask; None: none are annotated.

        The visibility is 0: not annotated, 1: annotated but hidden, or 2: visible. K and what the keypoints mean is
        told by `set_keypoints`. By default none beside a `load_mask`, and else those of `load_annotations`.
        """
        if type(self).load_mask is not Dataset.load_mask:
            return None
        return self.load_annotations(image_id).keypoints

    def load_annotations(self, image_id):
        """-> Detections without scores, the boxes tight around the masks, made from `load_mask` and `load_keypoints`.

        The formats answer this without a full mask an object. Masks without a pixel are left out and noted; keypoints
        outside the picture count as not annotated.
        Raises UserError where load_mask gives something else than masks with one class id each, and load_keypoints
        something else than K keypoints for each of them.
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
        """-> Detections for counting and measuring: a format may leave out the masks, and the tightening."""
        return self.load_annotations(image_id)

    def load_proposals(self, image_id):
        """-> [N, (y1, x1, y2, x2)] float32, pixels of the picture, best first: for models that are given proposals.

        Those of `set_proposals`, or of `add_image(..., proposals=boxes)`. Raises UserError where there are none.
        """
        boxes = self.image_info[image_id].get("proposals")
        if boxes is None:
            raise UserError(
                f"{self.image_name(image_id)} has no proposals, which a model with PROPOSALS='given' needs; call "
                "set_proposals, or give --proposals FILE"
            )
        return as_boxes(boxes, f"proposals of {self.image_name(image_id)}")

    def load_example(self, image_id):
        """-> (image, Detections) of one picture, with keypoints exactly where the dataset says what they mean.

        Raises UserError where the sizes of the two differ, and for keypoints that are not as load_keypoints says.
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
        """Gives each picture its proposals, [N, (y1, x1, y2, x2)] in its pixels, best first.

        proposals: a list with one array a picture, or {key: array} as `read_proposals` gives it; see picture_keys. A
        picture without a key gets no proposals, and a note. Raises UserError for a list of another length, for keys of
        which none is a picture's, and for what are no boxes.
        """
        if isinstance(proposals, Mapping):
            possible = [picture_keys(info["path"], info["id"]) for info in self.image_info]
            keys = [next((key for key in of_picture if key in proposals), None) for of_picture in possible]
            if all(key is None for key in keys):
                some = f"{next(iter(proposals))!r} and so on" if proposals else "no picture"
                raise UserError(f"the proposals are of {some}, none of {self.image_name(0)}; name them by file or id")
        else:
            keys = range(self.num_images)
            if len(proposals) != self.num_images:
                raise UserError(
                    f"proposals of {len(proposals)} pictures were given for {self.num_images}; give one array a picture"
                )
        for image_id, key in enumerate(keys):
            if key is None:
                self.note("pictures without proposals, in which nothing can be found", image_id)
            boxes = [] if key is None else proposals[key]
            self.image_info[image_id]["proposals"] = as_boxes(boxes, f"proposals of {self.image_name(image_id)}")

    def subset(self, image_ids):
        """A view of some pictures, with internal ids 0..k-1 of its own and the same classes."""
        return SubsetOfDataset(self, image_ids)

    def split(self, fraction=0.2, seed=0):
        """Two views without a picture in common: (train, val), val with about `fraction` of the pictures.

        Each has at least one. The same seed gives the same two. Raises UserError where that cannot be.
        """
        if not 0 < fraction < 1:
            raise UserError(f"a validation share of {fraction} leaves nothing to learn or to check; take 0.2")
        if self.num_images < 2:
            raise UserError(f"{self.num_images} picture cannot be split; add pictures, or do not split")
        order = np.random.default_rng(seed).permutation(self.num_images)
        count = min(max(1, round(fraction * self.num_images)), self.num_images - 1)
        return self.subset(np.sort(order[count:])), self.subset(np.sort(order[:count]))

    def statistics(self):
        """What is in the dataset, as plain values; its keys are explained in data/statistics.py."""
        return statistics_of(self)

    def _from_crops(self, image_id, size, class_ids, crops, keypoints=None):
        """Ground truth of MaskCrops, None or 0 x 0 where a mask turned out empty: those are noted."""
        keypoints = self._checked_keypoints(image_id, size, keypoints, len(crops))
        seen = [i for i, crop in enumerate(crops) if crop is not None and crop.bits.size]
        if len(seen) < len(crops):
            self.note("masks without a pixel inside the picture, left out", image_id, len(crops) - len(seen))
        crops = [crops[i] for i in seen]
        boxes = np.array([crop.box for crop in crops], np.float32).reshape(-1, 4)
        keypoints = None if keypoints is None else keypoints[seen]
        return Detections(size, boxes, np.array(class_ids, np.int32)[seen], mask_crops=crops, keypoints=keypoints)

    def _checked_keypoints(self, image_id, size, keypoints, count):
        """[count, K, 3] float32; those not annotated, or outside the picture, are zeros. None without keypoints."""
        if self.keypoint_layout is None:
            if keypoints is None:
                return None
            raise UserError(f"{self.image_name(image_id)} has keypoints; say what they mean by set_keypoints")
        wanted = (count, len(self.keypoint_layout), 3)
        points = np.zeros(wanted, np.float32) if keypoints is None else np.array(keypoints, np.float32)
        if points.shape != wanted:
            raise UserError(
                f"{self.image_name(image_id)}: load_keypoints gave shape {points.shape}; return {list(wanted)}, for "
                f"each mask {wanted[1]} rows of (y, x, visibility)"
            )
        if not np.isin(points[..., 2], (0, 1, 2)).all():
            raise UserError(
                f"{self.image_name(image_id)}: load_keypoints gave another visibility than 0 (not annotated), "
                "1 (hidden) and 2 (visible)"
            )
        return keep_inside(points, size)


class SubsetOfDataset(Dataset):
    """Some pictures of another dataset, which does all the loading: subclasses of Dataset stay intact."""

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

    def note(self, what, image_id=None, count=1):
        self.dataset.note(what, None if image_id is None else self.dataset_ids[image_id], count)

    def image_reference(self, image_id):
        return self.dataset.image_reference(self.dataset_ids[image_id])

    def image_name(self, image_id):
        return self.dataset.image_name(self.dataset_ids[image_id])

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

    def load_proposals(self, image_id):
        return self.dataset.load_proposals(self.dataset_ids[image_id])
