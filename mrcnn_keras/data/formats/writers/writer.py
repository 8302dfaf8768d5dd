"""What all writers share: which objects a format can hold, their outlines, the pictures, and what is lost."""

import dataclasses
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mrcnn_keras.data import images
from mrcnn_keras.data.rasterize import covers
from mrcnn_keras.detections import Detections, KeypointLayout, MaskCrop, crop_mask
from mrcnn_keras.detections.outlines import as_one_polygon, parts_of, rings_of
from mrcnn_keras.files import write_image

PLAIN = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp"))  # that browsers and all labelling tools open
WITHOUT_PIXEL = "objects without a pixel in their picture, left out"
NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # characters that not every file can hold
CROWDS = "crowd regions, which only COCO has, left out"
KEYPOINTS = "objects whose keypoints are left out, which only COCO has"
BOXES = "objects with a box only, which look like outlined rectangles beside objects with an outline"
AS_PNG = "pictures rewritten as PNG, since not every tool opens them as their annotations mean them"


class Classes(NamedTuple):
    """Names by class id, background first; the ids in an annotation file, 0 first; what the keypoints mean."""

    names: tuple
    category_ids: tuple
    keypoint_layout: KeypointLayout | None = None


class Labelled(NamedTuple):
    """A picture with its objects, to be written."""

    name: str  # of its file; no other picture of the data set has the same name without suffix
    picture: object  # path of the file, or [H, W, 3] uint8
    found: Detections
    outlines: object = None  # as Dataset.load_outlines returns them; None: as the masks
    subset: str = ""


class Instance(NamedTuple):
    """One object. `box` is (y1, x1, y2, x2), tight around the mask; `crop` its MaskCrop, or None with a box alone.

    `own` are the polygons that it was annotated with, if their union inside the picture is the mask; otherwise ().
    """

    class_id: int
    box: tuple
    crop: MaskCrop | None
    own: tuple
    tolerance: float

    def parts(self):
        """[(outer outline, [outlines of holes])] of `[K, (y, x)]`, whose union is the mask: its own, or as parts_of."""
        return [(polygon, []) for polygon in self.own] or parts_of(self.crop, self.tolerance)

    def polygons(self):
        """`[K, (y, x)]` each, whose union is the mask: a hole is cut into the outline around it."""
        return [as_one_polygon([outer, *holes]) for outer, holes in self.parts()]

    def polygon(self, size):
        """`[K, (y, x)]` of the whole mask, with its holes and pieces, in a picture of `size`."""
        if len(self.own) > 1:
            joined = as_one_polygon(self.own)
            return joined if covers([joined], self.crop, size) else as_one_polygon(rings_of(parts_of(self.crop)))
        return as_one_polygon(rings_of(self.parts()))


class Writer:
    """Writes pictures with their objects into a folder, one after the other; a subclass for each format.

    Args:
        folder: Path of an empty folder.
        classes: `Classes`.
        tolerance: Float, as in `parts_of`, for masks; polygons that were annotated stay as they are.

    Attributes:
        lost: `Counter` of what the format cannot hold, by sentence.
    """

    holds_crowds = False
    holds_keypoints = False
    marks_boxes = False  # from outlines that are rectangles
    kinds = PLAIN  # suffixes of pictures that are copied; others are written as PNG

    def __init__(self, folder, classes, tolerance=0.0):
        self.folder = Path(folder)
        self.classes = classes._replace(names=tuple(NO_TEXT.sub("?", name) for name in classes.names))
        self.tolerance = tolerance
        self.lost = Counter()
        self.boxes = self.masks = 0  # objects with a box only, and others

    def add(self, labelled):
        """Writes one picture.

        Args:
            labelled: `Labelled`.
        """
        found = labelled.found
        keep = np.ones(len(found), bool) if self.holds_crowds else found.class_ids > 0
        self._lose(CROWDS, len(found) - int(keep.sum()))
        crops = found.mask_crops or [None] * len(found)
        crops = [crop and crop_mask(crop.bits, crop.top, crop.left) for crop in crops]
        empty = np.array([crop is not None and not crop.bits.size for crop in crops], bool)
        self._lose(WITHOUT_PIXEL, int((keep & empty).sum()))
        instances = {}
        for i in np.flatnonzero(keep & ~empty).tolist():
            crop = crops[i]
            own = (labelled.outlines[i] if labelled.outlines else None) or ()
            own = own if crop is not None and own and covers(own, crop, found.size) else ()
            box = found.boxes[i].tolist() if crop is None else [float(side) for side in crop.box]
            instances[i] = Instance(int(found.class_ids[i]), tuple(box), crop, tuple(own), self.tolerance)
        if found.keypoints is not None and not self.holds_keypoints:
            self._lose(KEYPOINTS, int((found.keypoints[..., 2] > 0).any(axis=1).sum()))
        kept = found[list(instances)]
        if found.mask_crops is not None:
            boxes, crops = ([getattr(one, part) for one in instances.values()] for part in ("box", "crop"))
            kept = dataclasses.replace(kept, boxes=np.reshape(boxes, (-1, 4)), mask_crops=crops)
        self.masks += sum(instance.crop is not None for instance in instances.values())
        self.boxes += sum(instance.crop is None for instance in instances.values())
        self.write(labelled._replace(found=kept), list(instances.values()))

    def write(self, labelled, instances):
        """Writes the picture and its `Instance`s, those of `labelled.found`."""
        raise NotImplementedError

    def finish(self):
        """Writes what belongs to all pictures, after the last one."""
        if self.masks and not self.marks_boxes:
            self._lose(BOXES, self.boxes)

    def put_picture(self, labelled, folder):
        """Puts the file of the picture into `folder` -> its path."""
        folder.mkdir(parents=True, exist_ok=True)
        target, picture = folder / labelled.name, labelled.picture
        if not isinstance(picture, np.ndarray):
            if self.kinds is None or Path(picture).suffix.lower() in self.kinds:
                shutil.copyfile(picture, target)
                return target
            picture = images.read_image(picture)
        if target.suffix.lower() != ".png":
            self._lose(AS_PNG, 1)
            target = target.with_suffix(".png")
        write_image(target, picture)
        return target

    def _lose(self, what, count):
        if count:
            self.lost[what] += count
