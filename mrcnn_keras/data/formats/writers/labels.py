"""Label pictures: a PNG with 16 bits for each picture, whose values number its objects; 0 is the background."""

import numpy as np
from PIL import Image

from mrcnn_keras.data.formats.writers.writer import Writer
from mrcnn_keras.errors import UserError

MOST = 65535
CLASSES = "objects without their class, which label pictures do not have"
LEFT_OUT = "objects with a box only, left out, as label pictures have masks only"
COVERED = "objects that are partly behind smaller ones, as a pixel of a label picture is of one object"
HIDDEN = "objects that are wholly behind smaller ones, and so left out"


class LabelsWriter(Writer):
    """[SUBSET/]images/NAME.jpg and [SUBSET/]labels/NAME.png."""

    kinds = None
    marks_boxes = True  # it leaves them out

    def write(self, labelled, instances):
        place = self.folder / labelled.subset
        file = self.put_picture(labelled, place / "images")
        crops = [instance.crop for instance in instances if instance.crop is not None]
        if len(crops) > MOST:
            raise UserError(f"{labelled.name} has {len(crops)} objects, more than the {MOST} of a label picture")
        self._lose(LEFT_OUT, len(instances) - len(crops))
        self._lose(CLASSES, len(crops) if len(self.classes.names) > 2 else 0)
        areas = [np.count_nonzero(crop.bits) for crop in crops]
        labels = np.zeros(labelled.found.size, np.uint16)
        for i in sorted(range(len(crops)), key=lambda i: -areas[i]):
            labels[crops[i].window][crops[i].bits] = i + 1
        seen = np.bincount(labels.reshape(-1), minlength=len(crops) + 1)[1:]
        self._lose(HIDDEN, int((seen == 0).sum()))
        self._lose(COVERED, int(((seen > 0) & (seen < areas)).sum()))
        (place / "labels").mkdir(exist_ok=True)
        Image.fromarray(labels).save(place / "labels" / f"{file.stem}.png")
