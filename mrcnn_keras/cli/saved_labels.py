"""What mrcnn detect finds, as annotations that a labelling tool opens: to be corrected, and trained on."""

import dataclasses
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from mrcnn_keras.data import Classes, Labelled, file_names, open_writer
from mrcnn_keras.detections import KeypointLayout

SEEN = 0.5  # the lowest score of a keypoint that is written


class SavedLabels:
    """Writes pictures and what was found on them to out/FORMAT for each of `formats`, in a `with`; each appears there.

    pictures: paths of all that may be added. config: of the model. names, category_ids: of its classes. tolerance: as
    of save_dataset.
    """

    def __init__(self, formats, out, pictures, config, names, category_ids, tolerance):
        layout = None
        if formats and config.KEYPOINT_NAMES:
            layout = KeypointLayout(config.KEYPOINT_NAMES, skeleton=config.KEYPOINT_SKELETON)
        self.classes = Classes(tuple(names), tuple(category_ids), layout)
        self.places = {format: Path(out) / format for format in formats}
        self.names = dict(zip(pictures, file_names(pictures), strict=True))
        self.tolerance = tolerance
        self.count = 0

    def __enter__(self):
        with ExitStack() as stack:
            opened = {
                format: stack.enter_context(open_writer(format, place, self.classes, self.tolerance))
                for format, place in self.places.items()
            }
            self._stack = stack.pop_all()
        self._writers = opened
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def add(self, path, found):
        """A picture and its Detections."""
        self.count += 1
        for writer in self._writers.values():
            writer.add(Labelled(self.names[path], path, _as_truth(found)))

    def report(self):
        """Prints what was written, and what the formats cannot hold."""
        for format, writer in self._writers.items():
            print(f"wrote {self.count} pictures with their labels as {format} to {self.places[format]}")
            for what, count in writer.lost.items():
                print(f"note: {format} cannot hold everything: {what}: {count}")


def _as_truth(found):
    """Detections as a person would have annotated them: without scores, inside the picture."""
    keypoints = found.keypoints
    if keypoints is not None:
        visible = np.insert(keypoints[..., :2], 2, 2, axis=-1)
        keypoints = np.where(keypoints[..., 2:] >= SEEN, visible, 0)
    boxes = np.clip(found.boxes, 0, [*found.size, *found.size])
    return dataclasses.replace(found, scores=None, boxes=boxes, keypoints=keypoints)
