"""mrcnn inspect: statistics of a dataset, what is wrong with it and where, and a page or a sheet of its pictures."""

from pathlib import Path

import numpy as np

from mrcnn_keras.cli.inspect_page import write_page
from mrcnn_keras.cli.suggest import PRESET, QUIET, suggest_for
from mrcnn_keras.config import Config
from mrcnn_keras.data import (
    all_crowd,
    class_table,
    findings,
    look_through,
    match_classes,
    no_object,
    note_near_duplicates,
    note_near_leaks,
    note_pictures,
    note_sides,
    note_tiny,
    object_sizes,
    subsets_of,
    unused_pictures,
)
from mrcnn_keras.errors import UserError, listing
from mrcnn_keras.page import binned
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.report import contact_sheet, dataset_report
from mrcnn_keras.visualize import draw_detections

PICTURES = 12
NAMED = 10
PLACES = 3  # pictures that are named below a finding
PAGES = (".html", ".htm")
SIDES = {"val": "validation"}  # other names of subsets stay


def inspect_data(data, out, validation=None):
    """Prints what a dataset contains and what is wrong with it, and writes it with pictures to `out`.

    data, validation: DataArguments; the second is counted, too, and compared with the first; without it, the subsets of
    the first are compared. If `out` ends in .html, it is a page; otherwise a sheet of up to 12 pictures, evenly spread.
    Returns the figures, with those of the second as "val"; "clean" says whether nothing is broken, skipped or
    contradictory.
    """
    sides = [_Side(data)]
    if validation is not None:
        sides.append(_Side(validation, like=sides[0].dataset))
        _compare(*sides)
    datasets = [side.dataset.dataset for side in sides]
    for side in sides:
        side.note_unused(datasets)
    config = sides[0].suggest()
    for side in sides:
        side.measure(config.resize_options())
        side.report(titled=len(sides) > 1)
    for name, (value, reason) in sides[0].suggested.items():
        if name not in QUIET:
            print(f"suggested: {name} = {value} ({reason})")
    if Path(out).suffix.lower() in PAGES:
        write_page(out, sides)
        print(f"wrote {out}, a page to open in a browser")
    else:
        _draw(sides[0].dataset, out)
    figures = sides[0].figures()
    figures["suggested"] = {name: {"value": v, "reason": reason} for name, (v, reason) in sides[0].suggested.items()}
    if validation is not None:
        figures["val"] = sides[1].figures()
        figures["clean"] &= figures["val"]["clean"]
    return figures


class _Side:
    """A dataset, which of its pictures cannot be read, and the statistics of the rest."""

    def __init__(self, data, like=None):
        self.path = data
        self.dataset, broken = look_through(data.load(like=like), ProgressLine().counting("read picture"))
        self.broken = list(broken.values())
        self.unused = []
        self.alike = {}  # {internal id of a picture of the whole: (dataset, id) of that which shows almost the same}
        self.suggested = {}
        self.classes, self.histograms = class_table(self.dataset), {}
        reason = no_object(self.dataset)
        if reason:
            self.dataset.note(f"there is no object to learn from: {reason}", contradiction=True)
        self.statistics = self.dataset.statistics()
        self.subsets = {name: self.dataset.part(ids) for name, ids in subsets_of(data.paths, self.dataset).items()}
        self._note_pictures()
        crowded = all_crowd(self.dataset)
        if crowded and not reason:
            what = f"classes of which there are crowd regions only, so that no model learns them: {listing(crowded)}"
            self.dataset.note(what, contradiction=True)

    def _note_pictures(self):
        """Notes copies and near-duplicates in each subset, and what is the same in two of them."""
        for part in self.subsets.values() or [self.dataset]:
            note_pictures(part)
            self.add_alike(part, part, note_near_duplicates(part, part.prints))
        if "train" in self.subsets:
            for name, part in self.subsets.items():
                if name != "train":
                    self.compare(self.subsets["train"], part, SIDES.get(name, name))

    def compare(self, training, part, name):
        """Notes what is wrong with training pictures and a part of this side's, which is called `name`."""
        note_sides(training, part, [side.statistics()["per_class"] for side in (training, part)], name)
        self.add_alike(training, part, note_near_leaks(training, part, [training.prints, part.prints], name))

    def add_alike(self, others, part, pairs):
        """Remembers which pictures of a part show almost the same as others."""
        for image_id, other in pairs.items():
            self.alike.setdefault(part.dataset_ids[image_id], (others, other))

    def training(self):
        """The pictures that `mrcnn train` would learn from."""
        return self.subsets.get("train", self.dataset)

    def suggest(self):
        """Finds the settings of `mrcnn train` for this side, and returns the Config."""
        data, config = self.training(), Config.preset(PRESET)
        self.suggested = suggest_for(data, config, data.statistics())
        return config.replace(**{name: value for name, (value, _) in self.suggested.items()})

    def measure(self, plan):
        """Notes tiny objects and makes histograms, both for pictures that are resized by `plan`."""
        note_tiny(self.dataset, plan)
        for name, values in object_sizes(self.dataset, plan).items():
            self.histograms[name] = dict(zip(("edges", "counts"), binned(values), strict=True))

    def note_unused(self, datasets):
        """Notes pictures of the folder that none of the datasets uses."""
        self.unused = [str(file) for path in self.path.paths for file in unused_pictures(path, datasets)]
        if self.unused:
            count = f"{len(self.unused)} picture{'s' * (len(self.unused) > 1)}"
            self.dataset.note(f"{count} that no annotation names, not used: {listing(map(repr, self.unused), 3)}")

    def report(self, titled):
        """Prints the statistics, and then what is wrong, so that a long table does not hide it."""
        if titled:
            print(f"{self.path}\n")
        print(dataset_report(self.statistics))
        for name, part in self.subsets.items():
            print(f"{name}: images {part.num_images}, objects {part.statistics()['instances']}")
        for line in self.findings(PLACES):
            print(line)
        if titled:
            print()

    def findings(self, places):
        """Lines on what is wrong, the places of each finding below it."""
        lines = findings(self.dataset, places=places)
        if self.broken:
            count = f"{len(self.broken)} picture{'s' * (len(self.broken) > 1)}"
            lines.append(f"broken: {count} cannot be read; `mrcnn train` skips up to --skip-bad of all")
        lines += [f"broken: {sentence}" for sentence in self.broken[:NAMED]]
        if len(self.broken) > NAMED:
            lines.append(f"broken: and {len(self.broken) - NAMED} more")
        return lines

    def figures(self):
        """The statistics and all sentences, ready for JSON."""
        lists = {name: list(getattr(self.dataset, name)) for name in ("notes", "contradictions", "skipped")}
        lists["skipped"] += self.broken
        clean = not lists["contradictions"] and not lists["skipped"]
        more = {
            "classes": self.classes,
            "histograms": self.histograms,
            "subsets": {name: part.num_images for name, part in self.subsets.items()},
            "unused": self.unused,
            "findings": [_plain(finding) for finding in self.dataset.noted],
        }
        return {**self.statistics, "broken": len(self.broken), **lists, **more, "clean": clean}


def _plain(finding):
    """A dict of `Dataset.noted` with values that JSON has."""
    pictures = []
    for place in finding["pictures"]:
        objects = [
            {"name": name, "box": None if box is None else [float(number) for number in box]}
            for name, box in place["objects"]
        ]
        pictures.append({**place, "objects": objects})
    return {**finding, "pictures": pictures}


def _compare(training, validation):
    """Notes on the validation data what is wrong with the two together."""
    validation.compare(training.training(), validation.subsets.get("val", validation.dataset), "validation")
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
