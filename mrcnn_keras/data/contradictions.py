"""What in a dataset contradicts itself: boxes and outlines, pictures that are there twice, the two sides of a split."""

import numpy as np

# Pixels that a box in a file may differ from its outline's extent: boxes are rounded, and drawn by hand.
LOOSE = 3
# Pixels within which another reading of a box must give the extent, to be believed.
EXACT = 1.5
LEAST_OVERLAP = 0.5  # IoU
OTHER_BOX = "boxes that look like {}, not [x, y, width, height], so the outlines count"
NO_AREA = "boxes without area where there is an outline, which counts"
MISFIT = "outlines that do not fill their box, so the outlines count"
NOTHING = "annotations without an outline whose box has no area, such as those of a background: no objects"
SHARES = "outlines or boxes in 0..1, read as pixels, so that they cover one pixel; write pixels"


def note_outlines(dataset, image_id, size, objects):
    """Notes each object of a picture whose box in the file is not that of its outline.

    Args:
        dataset: `Dataset` that gets the notes.
        image_id: Integer, the internal id.
        size: (height, width) of the picture.
        objects: For each object the box in the file, or `None` without one; the extent of its outline inside the
            picture, or `None` if it has no pixel there, both (y1, x1, y2, x2); and its points, a list of
            `[K, (y, x)]`, or `None` where they are not known.
    """
    counts = {}
    for written, extent, points in objects:
        finding = _finding(written, extent, points, size)
        if finding:
            counts[finding] = counts.get(finding, 0) + 1
    for finding, count in counts.items():
        dataset.note(finding, image_id, count, contradiction=True)


def _finding(written, extent, points, size):
    if points is not None:
        points = np.concatenate(points)
        if min(size) > 2 and points.min() >= 0 and points.max() <= 1 and (points % 1).any():
            return SHARES
        if written is None and np.ptp(points, axis=0).min() == 0:
            return NOTHING
    if written is None or extent is None or _distance(written, extent, size) <= LOOSE:
        return None
    if written[0] == written[2] or written[1] == written[3]:
        return NO_AREA
    for name, box in _readings(written, size).items():
        if _distance(box, extent, size) <= EXACT:
            return OTHER_BOX.format(name)
    return MISFIT if _overlap(written, extent) < LEAST_OVERLAP else None


def _readings(box, size):
    """What the four numbers of COCO's box (y1, x1, y2, x2) would mean to others, as such boxes."""
    y, x = box[:2]
    height, width = box[2] - y, box[3] - x
    return {
        "corners [x1, y1, x2, y2]": (y, x, height, width),
        "[centre x, centre y, width, height]": (y - height / 2, x - width / 2, y + height / 2, x + width / 2),
        "[y1, x1, y2, x2]": (x, y, width, height),
        "[y, x, height, width]": (x, y, x + width, y + height),
        "shares of the picture": np.multiply(box, size * 2),
    }


def _distance(first, second, size):
    """The largest distance between the sides of two boxes inside the picture, pixels."""
    return float(np.abs(np.clip(first, 0, size * 2) - np.clip(second, 0, size * 2)).max())


def _overlap(first, second):
    """Intersection over union of two boxes."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    both = np.prod(np.maximum(sides, 0))
    areas = [np.prod(np.subtract(box[2:], box[:2])) for box in (first, second)]
    return both / (sum(areas) - both)
