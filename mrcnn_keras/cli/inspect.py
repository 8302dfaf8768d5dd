"""mrcnn inspect: statistics of a dataset, what is wrong with it, and a sheet of its pictures."""

import numpy as np

from mrcnn_keras.data import (
    broken_pictures,
    findings,
    match_classes,
    no_object,
    note_pictures,
    note_sides,
    without_broken,
)
from mrcnn_keras.errors import UserError
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.report import contact_sheet, dataset_report
from mrcnn_keras.visualize import draw_detections

PICTURES = 12
NAMED = 10


def inspect_data(data, out, validation=None):
    """Prints the statistics of a dataset and draws up to 12 of its pictures, evenly spread, to `out`.

    data, validation: DataArguments; the second is counted, too, and compared with the first. Returns the figures, with
    those of the second as "val"; "clean" says whether nothing is broken, skipped or contradictory.
    """
    sides = [_Side(data)]
    if validation is not None:
        sides.append(_Side(validation, like=sides[0].dataset))
        _compare(*sides)
    for side in sides:
        side.report(titled=len(sides) > 1)
    _draw(sides[0].dataset, out)
    figures = sides[0].figures()
    if validation is not None:
        figures["val"] = sides[1].figures()
        figures["clean"] &= figures["val"]["clean"]
    return figures


class _Side:
    """A dataset, which of its pictures cannot be read, and the statistics of the rest."""

    def __init__(self, data, like=None):
        self.path = data
        whole = data.load(like=like)
        broken = broken_pictures(whole, ProgressLine().counting("read picture"))
        self.broken = list(broken.values())
        self.dataset = without_broken(whole, broken)
        note_pictures(self.dataset)
        reason = no_object(self.dataset)
        if reason:
            self.dataset.note(f"there is no object to learn from: {reason}", contradiction=True)
        self.statistics = self.dataset.statistics()

    def report(self, titled):
        """Prints the statistics, and then what is wrong, so that a long table does not hide it."""
        if titled:
            print(f"{self.path}\n")
        print(dataset_report(self.statistics))
        for line in findings(self.dataset):
            print(line)
        if self.broken:
            count = f"{len(self.broken)} picture{'s' * (len(self.broken) > 1)}"
            print(f"broken: {count} cannot be read; `mrcnn train` skips up to --skip-bad of all")
        for sentence in self.broken[:NAMED]:
            print(f"broken: {sentence}")
        if len(self.broken) > NAMED:
            print(f"broken: and {len(self.broken) - NAMED} more")
        if titled:
            print()

    def figures(self):
        """The statistics and all sentences, ready for JSON."""
        lists = {name: list(getattr(self.dataset, name)) for name in ("notes", "contradictions", "skipped")}
        lists["skipped"] += self.broken
        clean = not lists["contradictions"] and not lists["skipped"]
        return {**self.statistics, "broken": len(self.broken), **lists, "clean": clean}


def _compare(training, validation):
    """Notes on the validation data what is wrong with the two together."""
    note_sides(training.dataset, validation.dataset, [side.statistics["per_class"] for side in (training, validation)])
    try:
        names, having = training.dataset.class_names, f"{validation.path} has"
        match_classes(validation.dataset, names, having, f"{training.path} has", "give both the same classes")
    except UserError as mistake:
        validation.dataset.note(str(mistake), contradiction=True)


def _draw(dataset, out):
    skeleton = dataset.keypoint_layout.skeleton if dataset.keypoint_layout is not None else ()
    pictures = []
    for image_id in np.linspace(0, dataset.num_images - 1, min(PICTURES, dataset.num_images)).astype(int):
        image, truth = dataset.load_example(image_id)
        pictures.append(draw_detections(image, truth, dataset.class_names, zoom=None, skeleton=skeleton))
    contact_sheet(pictures, columns=4, out_png=out)
    print(f"wrote {out} with {len(pictures)} of the pictures")
