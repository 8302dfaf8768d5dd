"""The page of `mrcnn inspect`: what is wrong with the worst examples drawn, histograms, classes and some pictures."""

import cv2
import numpy as np
from PIL import Image

from mrcnn_keras import page
from mrcnn_keras.cli.suggest import QUIET
from mrcnn_keras.data import places_of
from mrcnn_keras.errors import UserError, listing, shortened
from mrcnn_keras.files import replace_file
from mrcnn_keras.report import counted
from mrcnn_keras.visualize import draw_detections

EXAMPLES = 4  # pictures of a finding
SAMPLES = 12  # pictures of a dataset, evenly spread
PLACES = 200  # pictures of a finding that are named
NAME = 100  # characters of a class
LONGEST = 4_000_000  # characters of a page, beyond which it gets no more pictures
MARGIN, LEAST = 1.0, 160  # a view has the object's size around it on each side, and at least this many pixels
LARGEST = 4  # times that a view is enlarged, at most
MARK = (213, 94, 0)
HISTOGRAMS = {
    "object_side": "side of the objects, sqrt(box area), pixels of the photograph",
    "object_side_in_network": "side of the objects, pixels of the network's picture with the suggested settings",
    "objects_per_picture": "objects in a picture",
    "picture_side": "longer side of the pictures, pixels",
}


def write_page(out, sides):
    """Writes the page of the sides of `mrcnn inspect`."""
    pieces = _Pieces()
    for side in sides:
        _add_side(pieces, side, titled=len(sides) > 1)
    with replace_file(out) as temporary:
        temporary.write_text(page.whole(f"mrcnn inspect {sides[0].path}", pieces.html), encoding="utf-8")


class _Pieces:
    """The pieces of a page, and how long they are together."""

    def __init__(self):
        self.html = []
        self.length = 0

    def add(self, *pieces):
        self.html += pieces
        self.length += sum(map(len, pieces))

    def pictures(self, drawn):
        """A list of a grid of (image, words), as many as there is room for; empty without any."""
        figures = []
        for image, words in drawn:
            if self.length + sum(map(len, figures)) > LONGEST:
                break
            figures.append(page.picture(image, words))
        return [page.grid(figures)] if figures else []


def _add_side(pieces, side, titled):
    dataset = side.dataset
    level = 3 if titled else 2
    if titled:
        pieces.add(page.heading(side.path))
    pieces.add(page.paragraph(counted(side.statistics)))
    pieces.add(*[page.paragraph(f"{name}: {part.num_images} pictures") for name, part in side.subsets.items()])
    _add_findings(pieces, side, level)
    if side.suggested:
        pieces.add(page.heading("Suggested settings", level))
        pieces.add(page.paragraph("mrcnn train uses them by itself; --set NAME=VALUE changes one."))
        shown = {name: found for name, found in side.suggested.items() if name not in QUIET}
        pieces.add(page.points(f"{name} = {value!r}: {reason}" for name, (value, reason) in shown.items()))
    _add_figures(pieces, side, level)
    pieces.add(page.heading("Some of the pictures", level))
    ids = np.linspace(0, dataset.num_images - 1, min(SAMPLES, dataset.num_images)).astype(int)
    pieces.add(*pieces.pictures((_sample(dataset, image_id), dataset.image_name(image_id)) for image_id in ids))


def _add_findings(pieces, side, level):
    found = sorted(side.dataset.noted, key=lambda finding: not finding["contradiction"])
    lost = {"broken": side.broken, "left out": side.dataset.skipped}
    if not found and not any(lost.values()):
        pieces.add(page.heading("Nothing is wrong", level), page.paragraph("No finding in pictures or annotations."))
        return
    pieces.add(page.heading("Findings", level))
    for what, sentences in lost.items():
        if sentences:
            lines = page.paragraph(f"{what}, since they cannot be read: {len(sentences)}", bad=True)
            pieces.add(page.part([lines, page.folded("which", _first(sentences))]))
    for finding in found:
        number = f": {finding['count']}" if finding["count"] else ""
        lines = [page.paragraph(finding["finding"] + number, bad=finding["contradiction"])]
        if finding["pictures"]:
            lines.append(page.folded("where", places_of(finding, PLACES)))
        worst = sorted(finding["pictures"], key=lambda place: -place["count"])[:EXAMPLES]
        pieces.add(page.part(lines + pieces.pictures(_examples(side, worst))))
    unused = side.unused
    if unused:
        pieces.add(page.folded("pictures that are not used", _first(unused)))


def _first(lines):
    return [*lines[:PLACES], f"and {len(lines) - PLACES} more"] if len(lines) > PLACES else lines


def _examples(side, places):
    """Yields (image, words) of the places of a finding whose pictures can be read, and of pictures that are alike."""
    whole = side.dataset.dataset
    for place in places:
        try:
            image, found = whole.load_example(place["image_id"])
        except UserError:
            continue
        boxes = [box for _, box in place["objects"] if box is not None]
        drawn = draw_detections(image, found, whole.class_names, alpha=0.3, boxes=False, labels=False)
        names = listing([name for name, _ in place["objects"]], 3)
        yield _view(drawn, boxes), f"{place['picture']}: {names}" if names else place["picture"]
        dataset, other = side.alike.get(place["image_id"], (None, None))
        if dataset and dataset.image_name(other) in names:
            yield dataset.load_image(other), dataset.image_name(other)


def _view(image, boxes):
    """The part of [H, W, 3] around the first of the boxes, which are drawn; the whole without any."""
    if not boxes:
        return image
    low, high = np.clip(np.reshape(boxes[0], (2, 2)).astype(float), 0, image.shape[:2])
    around = np.maximum(MARGIN * (high - low), (LEAST - (high - low)) / 2)
    top, left = np.clip(low - around, 0, np.subtract(image.shape[:2], 1)).astype(int)
    bottom, right = np.minimum(np.ceil(np.maximum(high + around, (top + 1, left + 1))), image.shape[:2]).astype(int)
    part = Image.fromarray(image[top:bottom, left:right])
    scale = min(page.SIDE / max(part.size), LARGEST)
    part = np.array(part.resize([max(1, round(side * scale)) for side in part.size], Image.Resampling.BILINEAR))
    for box in boxes:
        _mark(part, (np.asarray(box, float) - (top, left, top, left)) * scale)
    return part


def _mark(image, box):
    """Draws a frame around a box, with white on both sides of it."""
    y1, x1, y2, x2 = (int(side) for side in np.clip(np.rint(box), -9, max(image.shape) + 9))
    for outward, color in ((1, (255, 255, 255)), (5, (255, 255, 255)), (3, MARK)):
        corners = (x1 - outward, y1 - outward), (x2 + outward, y2 + outward)
        cv2.rectangle(image, *corners, color, 2)


def _sample(dataset, image_id):
    image, truth = dataset.load_example(image_id)
    skeleton = dataset.keypoint_layout.skeleton if dataset.keypoint_layout is not None else ()
    labels = dataset.num_classes > 2  # of a single class they would only hide it
    return draw_detections(image, truth, dataset.class_names, zoom=None, skeleton=skeleton, labels=labels)


def _add_figures(pieces, side, level):
    found = [(title, side.histograms[name]) for name, title in HISTOGRAMS.items()]
    drawn = [page.histogram(title, bins["edges"], bins["counts"]) for title, bins in found if bins["counts"]]
    pieces.add(page.heading("Sizes", level), page.grid(drawn))
    rows = side.classes
    most = max([1, *(row["objects"] for row in rows)])
    cells = []
    for row in sorted(rows, key=lambda row: -row["objects"]):
        counts = row["objects"], row["objects"] / most, row["pictures"], row["crowds"], round(row["median_side"])
        cells.append((shortened(row["name"], NAME), *counts))
    pieces.add(page.heading("Classes", level))
    pieces.add(page.table(("class", "objects", "", "pictures", "crowd regions", "median side"), cells))
