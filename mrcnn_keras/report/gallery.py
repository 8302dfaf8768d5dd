"""Pictures of a page with what was annotated and what was found in them, in as few bytes as a budget has.

What goes into the page are numbers and outlines that the browser draws over the picture, so that one copy of a picture
does for every threshold and filter.
"""

import base64
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from mrcnn_keras.detections import Detections

FRAME = 1000  # units of a drawing's longer side; of a smaller picture, its pixels
TOLERANCES = (0.6, 1.2, 2.5, 5)  # units that an outline may be off; the first with which the outlines fit
# Pixels of a picture's longer side, and the quality of its JPEG; the first that fits.
FORMS = (*((side, 78) for side in (1000, 800, 640, 512, 400, 320, 256, 192, 128)), (128, 50), (96, 30))
OUTLINES = 0.6  # share of a picture's bytes that its outlines may take
LEAST = 4000  # bytes: with less, a picture is not shown

# What a detection is, and "missed" for an annotated object: the errors of TIDE (Bolya et al. 2020).
OUTCOMES = {  # in words, and what they mean
    "right": ("right", "right class and place"),
    "class": ("wrong class", "right place, wrong class"),
    "location": ("wrong place", "right class, but the overlap is too small"),
    "both": ("wrong class and place", "near an object of another class, but the overlap is too small"),
    "duplicate": ("duplicate", "right, but a detection with a higher score has found the same object"),
    "background": ("background", "there is no object"),
    "missed": ("missed", "an annotated object that no detection comes near"),
    "ignored": ("ignored", "a crowd region, an object without an outline, or found in one: not counted"),
}


@dataclass(frozen=True)
class Picture:
    """A picture, what was annotated and found in it, and what became of each.

    Args:
        name: String, such as a file name.
        load: Function without arguments that returns `[H, W, 3]` uint8, RGB; called when the page is written.
        truth: `Detections`, what was annotated, M objects.
        found: `Detections` with scores, N objects.
        outcomes: List of N strings of OUTCOMES.
        partners: List of N integers: the annotated object that a detection is right about, or that it would be right
            about with another class or place; -1: none.
        found_cells: List of N integers, the class of the annotated object that the confusion matrix pairs each
            detection with; 0: background; -1: the matrix leaves the detection out.
        truth_cells: List of M integers, the same the other way round.
        ignored: List of M booleans, which annotated objects do not count; if empty, crowd regions.
    """

    name: str
    load: Callable
    truth: Detections
    found: Detections
    outcomes: list = field(default_factory=list)
    partners: list = field(default_factory=list)
    found_cells: list = field(default_factory=list)
    truth_cells: list = field(default_factory=list)
    ignored: list = field(default_factory=list)


def encode_pictures(pictures, count, budget):
    """Writes pictures as JSON for the script of the page.

    Each has the same share of the budget, and what one does not use goes to the others.

    Args:
        pictures: Iterable of `Picture`, of which one is in memory at a time.
        count: Integer, how many there are.
        budget: Integer, bytes.

    Returns:
        List of strings, JSON, together of at most `budget` characters; fewer than `count` where the budget ends before.
    """
    encoded = []
    for number, picture in enumerate(pictures):
        share = budget // (count - number)
        if share < LEAST:
            break
        words = _encoded(picture, share)
        if len(words) > budget:
            break
        encoded.append(words)
        budget -= len(words)
        if number + 1 == count:
            break
    return encoded


def inert_json(content):
    """JSON that is text and nothing else inside <script>: no character of HTML in it, and no line break of JavaScript.

    Args:
        content: What `json.dumps` takes; NaN and infinity are not JSON.

    Returns:
        String of ASCII.

    Raises:
        ValueError: If a number is not finite.
    """
    words = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&'":
        words = words.replace(character, f"\\u{ord(character):04x}")
    return words


def _encoded(picture, share):
    height, width = picture.truth.size
    scale = min(1, FRAME / max(height, width))
    record = {"name": picture.name, "size": [math.ceil(width * scale), math.ceil(height * scale)]}
    for tolerance in (*TOLERANCES, None):
        objects = inert_json(record | _objects(picture, scale, tolerance))
        if len(objects) <= OUTLINES * share:
            break
    return f'{objects[:-1]},"jpeg":"{_jpeg(picture.load(), share - len(objects) - 12)}"}}'


def _objects(picture, scale, tolerance):
    truth, found = picture.truth, picture.found
    ignored = picture.ignored if len(picture.ignored) else truth.class_ids < 0
    lines = zip(
        np.abs(truth.class_ids).tolist(),
        _paths(truth, scale, tolerance),
        _points(truth, scale),
        [int(one) for one in ignored],
        _filled(picture.truth_cells, len(truth)),
        strict=True,
    )
    # Scores are rounded down, so that one which is below a threshold stays there.
    details = (
        found.class_ids.tolist(),
        _paths(found, scale, tolerance),
        _points(found, scale),
        [math.floor(score * 10_000) / 10_000 for score in found.scores.tolist()],
        [list(OUTCOMES).index(outcome) for outcome in picture.outcomes] or _filled([], len(found)),
        _filled(picture.partners, len(found)),
        _filled(picture.found_cells, len(found)),
    )
    return {"truth": list(lines), "found": list(zip(*details, strict=True))}


def _filled(values, count):
    return [int(value) for value in values] if len(values) else [-1] * count


def _paths(objects, scale, tolerance):
    """Outlines of objects as SVG paths in units of the frame; the box where there is no mask, or no tolerance given."""
    crops = objects.mask_crops or [None] * len(objects)
    paths = []
    for box, crop in zip(objects.boxes, crops, strict=True):
        rings = [] if crop is None or tolerance is None else [r for part in crop.parts() for r in (part[0], *part[1])]
        drawn = "".join(_ring(ring * scale, tolerance) for ring in rings)
        paths.append(drawn or _rectangle(box * scale))
    return paths


def _ring(corners, tolerance):
    """An outline `[K, (y, x)]` as a path of whole numbers: M to the first, then steps; empty if it has no area."""
    points = cv2.approxPolyDP(corners[:, None, ::-1].astype(np.float32), tolerance, True)[:, 0]
    points = np.rint(points).astype(int)
    points = points[np.any(points != np.roll(points, 1, axis=0), axis=1)]
    if len(points) < 3:
        return ""
    steps = " ".join(f"{x} {y}" for x, y in np.diff(points, axis=0).tolist()).replace(" -", "-")
    return f"M{points[0][0]} {points[0][1]}l{steps}z"


def _points(objects, scale):
    """Keypoints that are annotated or found, as a flat list x, y, x, y, ... for each object."""
    if objects.keypoints is None:
        return [[]] * len(objects)
    return [
        np.rint(points[points[:, 2] > 0][:, 1::-1] * scale).astype(int).ravel().tolist() for points in objects.keypoints
    ]


def _rectangle(box):
    y1, x1 = np.floor(box[:2]).astype(int).tolist()
    y2, x2 = np.ceil(box[2:]).astype(int).tolist()
    return f"M{x1} {y1}h{max(1, x2 - x1)}v{max(1, y2 - y1)}H{x1}z"


def _jpeg(image, room):
    """The picture in base64, of at most `room` characters if the smallest form allows it."""
    whole = Image.fromarray(image)
    longest = max(whole.size)
    density = 0  # characters per square of the side, of the form before
    for side, quality in FORMS:
        if side >= 2 * longest and side > FORMS[-1][0]:
            continue
        side = min(side, longest)
        if density * side**2 > 1.3 * room and side > FORMS[-1][0]:
            continue
        small = whole.resize([max(1, round(length * side / longest)) for length in whole.size], reducing_gap=2)
        data = io.BytesIO()
        small.save(data, "JPEG", quality=quality, optimize=True)
        words = base64.b64encode(data.getvalue()).decode("ascii")
        if len(words) <= room:
            break
        density = len(words) / side**2
    return words
