"""What mrcnn detect finds, in files: detections.json, and if wanted a table and the objects cut out."""

import csv
import json
import re
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from mrcnn_keras.detections import PROPERTIES
from mrcnn_keras.files import replace_file, replace_folder, write_image

KINDS = ("csv", "crops")
COLUMNS = ("file", "frame", "track", "class", "score", "x", "y", "width", "height", "area", *PROPERTIES)


class DetectedFiles:
    """Writes out/detections.json, out/detections.csv and out/crops/, in a `with`; each appears at its end.

    Rows are written as they come, since films have many.

    kinds: which of KINDS to write beside the JSON. names, category_ids: of the model's classes.
    """

    def __init__(self, out, kinds, names, category_ids):
        self.out, self.kinds, self.names, self.category_ids = Path(out), kinds, names, category_ids
        self.json_path = self.out / "detections.json"
        self.count = self.cut = 0

    def __enter__(self):
        with ExitStack() as stack:

            def opened(path):
                return stack.enter_context(open(stack.enter_context(replace_file(path)), "w", encoding="utf-8"))

            self._json, self._table, self._crops = opened(self.json_path), None, None
            if "csv" in self.kinds:
                self._table = csv.writer(opened(self.out / "detections.csv"), lineterminator="\n")
                self._table.writerow(COLUMNS)
            if "crops" in self.kinds:
                self._crops = stack.enter_context(replace_folder(self.out / "crops"))
            self._stack = stack.pop_all()
        self._json.write("[")
        return self

    def __exit__(self, *error):
        if error[0] is None:
            self._json.write("]")
        return self._stack.__exit__(*error)

    def add(self, name, image_id, image, found, frame=None, tracks=None):
        """A picture, or frame of a film, [H, W, 3] uint8, with its Detections and, in a film, their numbers.

        name: of the file, as it is written.
        """
        rows = found.coco_results(image_id, self.category_ids)
        for i, row in enumerate(rows):
            of_frame = {} if frame is None else {"frame": frame, "track": int(tracks[i])}
            self._json.write((", " if self.count else "") + json.dumps({**row, "file_name": name, **of_frame}))
            self.count += 1
        if self._table:
            self._write_table(name, found, frame, tracks)
        if self._crops:
            self._cut_out(name, image, found, frame, tracks)

    def _write_table(self, name, found, frame, tracks):
        shapes = np.transpose([*found.region_properties().values()])
        objects = zip(found.class_ids, found.scores, found.boxes.tolist(), found.areas, shapes, strict=True)
        for i, (class_id, score, (y1, x1, y2, x2), area, shape) in enumerate(objects):
            of_frame = ("", "") if frame is None else (frame, int(tracks[i]))
            box = (f"{side:.2f}" for side in (x1, y1, x2 - x1, y2 - y1))
            measured = ("" if np.isnan(value) else f"{value:.2f}" for value in shape)
            row = (name, *of_frame, self.names[class_id], f"{score:.4f}", *box, f"{area:.0f}", *measured)
            self._table.writerow(row)

    def _cut_out(self, name, image, found, frame, tracks):
        """crops/NAME/1-cat-0.93.png, of a film crops/NAME/000012-3-cat-0.93.png with frame and number."""
        place = Path(name)
        folder = self._crops.joinpath(*(part for part in place.parts if part not in (place.anchor, "..")))
        for i, (class_id, score) in enumerate(zip(found.class_ids.tolist(), found.scores.tolist(), strict=True)):
            cut = cut_out(image, found, i)
            if cut is not None:
                kind = re.sub(r"[^\w.-]+", "_", self.names[class_id])
                number = f"{i + 1}" if frame is None else f"{frame:06}-{tracks[i] or 'x' + str(i + 1)}"
                folder.mkdir(parents=True, exist_ok=True)
                write_image(folder / f"{number}-{kind}-{score:.2f}.png", cut)
                self.cut += 1

    def report(self):
        """Prints what was written besides the JSON."""
        if self._table:
            print(f"wrote {self.count} rows to {self.out / 'detections.csv'}")
        if self._crops:
            print(f"wrote {self.cut} objects to {self.out / 'crops'}")


def cut_out(image, found, i):
    """[h, w, RGBA] uint8: an object, transparent outside its mask; None where it has no pixel in the picture."""
    if found.has_mask[i]:
        crop = found.mask_crops[i]
        window, bits = crop.window, crop.bits
    else:
        y1, x1, y2, x2 = np.clip(np.rint(found.boxes[i]), 0, found.size * 2).astype(int).tolist()
        window, bits = (slice(y1, y2), slice(x1, x2)), np.ones((y2 - y1, x2 - x1), bool)
    rows, columns = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    if not rows.size:
        return None
    tight = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.dstack([image[window], bits * np.uint8(255)])[tight]
