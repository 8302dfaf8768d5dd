"""What is wrong with single objects: drawn twice, outlines that cross themselves or are none, misused crowds."""

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from mrcnn_keras.data.contradictions import LARGE_PART, LOOSE
from mrcnn_keras.resize import plan_resize

SAME = 0.9  # IoU from which two objects of a class are one that was drawn twice
LEAST_LOOP = 1.0  # pixels that a loop of an outline must enclose to count
LOOP_SHARE = 0.01  # of the outline's area, the same
BLOCK = 32  # sides of an outline that are compared with others at a time
LONGEST = 50_000  # points of an outline that is looked at: a tracing of pixels beyond that cannot cross itself
TINY = 8  # network pixels, the side of two cells of the finest feature map
TWICE = f"objects that are there twice (same class, IoU {SAME} or more)"
CROSSING = "outlines that cross themselves, so that parts of them count as outside"
DOT = "outlines of one pixel or less"
BEYOND = "outlines that reach beyond the picture, cut at its edge"
OUTLINED_CROWD = (
    "crowd regions (iscrowd 1) outlined like single objects; no model learns from them, so write iscrowd 0 for objects"
)
SMALL_CROWD = (
    "crowd regions (iscrowd 1) in one piece, no larger than most single objects of their class; no model learns from "
    "them, so write iscrowd 0 if they are single objects"
)
ENOUGH = 3  # single objects of a class, to say how large they are
SMALL = f"objects smaller than {TINY} pixels in the network's picture, hard to find; train with a larger --image-size"


def faulty_objects(dataset, image_id, found):
    """Finds what is wrong with the objects of a picture.

    Args:
        dataset: `Dataset`.
        image_id: Integer, the internal id.
        found: `Detections`, as `dataset.load_annotations` returns it for the picture.

    Returns:
        Dict of lists of (name, box) by finding, as `Dataset.note` takes them; all are contradictions.
    """
    objects = {TWICE: _duplicates(dataset, image_id, found), DOT: _dots(dataset, image_id, found)}
    for place, entry in enumerate(dataset.entries(image_id)):
        name = dataset.entry_name(image_id, place)
        for finding, box in _of_outlines(entry, found.size):
            objects.setdefault(finding, []).append((name, box))
    return {finding: places for finding, places in objects.items() if places}


def crowds_in_one_piece(dataset, image_id, found):
    """Lists the crowd regions of a picture that might be single objects, without those outlined by polygons.

    Args:
        dataset: `Dataset`.
        image_id: Integer, the internal id.
        found: `Detections`, as `dataset.load_annotations` returns it for the picture.

    Returns:
        List of (class id, area in pixels, name, box).
    """
    outlined = {dataset.entry_name(image_id, i) for i, entry in enumerate(dataset.entries(image_id)) if entry.polygons}
    regions = []
    for index in np.flatnonzero(found.has_mask & (found.class_ids < 0)):
        name, bits = dataset.object_name(image_id, index), found.mask_crops[index].bits.astype(np.uint8)
        if name not in outlined and cv2.connectedComponents(bits)[0] == 2:  # the background and one piece
            box = tuple(found.boxes[index].tolist())
            regions.append((-int(found.class_ids[index]), int(bits.sum()), name, box))
    return regions


def note_small_crowds(dataset, crowds, objects):
    """Notes crowd regions that are no larger than half of the single objects of their class.

    Args:
        dataset: `Dataset` that gets the notes.
        crowds: Dict of what `crowds_in_one_piece` returns, by internal id.
        objects: Dict of (class ids, areas in pixels) of all objects, two arrays `[N]`, by internal id.
    """
    ids, areas = (np.concatenate([np.zeros(0), *(found[i] for found in objects.values())]) for i in range(2))
    for image_id, regions in sorted(crowds.items()):
        small = []
        for class_id, area, name, box in regions:
            singles = areas[ids == class_id]
            if len(singles) >= ENOUGH and area <= np.median(singles):
                small.append((name, box))
        if small:
            dataset.note(SMALL_CROWD, image_id, objects=small)


def all_crowd(dataset):
    """Finds the classes of which there are crowd regions only.

    Args:
        dataset: `Dataset`.

    Returns:
        List of names.
    """
    ids = [dataset.load_boxes(image_id).class_ids for image_id in dataset.image_ids]
    ids = {*np.concatenate([np.zeros(0, int), *ids]).tolist()}
    return [name for class_id, name in enumerate(dataset.class_names) if -class_id in ids and class_id not in ids]


def note_tiny(dataset, plan):
    """Notes objects that are tiny in the picture that the network gets.

    Args:
        dataset: `Dataset` that gets the notes.
        plan: Dict, the keyword arguments of `plan_resize`.
    """
    for image_id in dataset.image_ids:
        found = dataset.load_boxes(image_id)
        boxes = plan_resize(*found.size, **plan).boxes_to_network(found.boxes)
        sides = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
        dots = np.prod(found.boxes[:, 2:] - found.boxes[:, :2], axis=1) <= 1  # which are noted as such
        tiny = np.flatnonzero((sides < TINY) & (found.class_ids > 0) & ~dots)
        if tiny.size:
            objects = [(dataset.object_name(image_id, i), tuple(found.boxes[i].tolist())) for i in tiny]
            dataset.note(SMALL, image_id, objects=objects)


def crosses_itself(points):
    """Returns whether an outline crosses itself, so that it cuts off a loop whose area counts.

    Args:
        points: `[K, (y, x)]` float64, pixels.

    Returns:
        Boolean; `False` for loops of less than a pixel or a hundredth of the outline's area.
    """
    points = np.asarray(points, float)
    points = points[np.any(points != np.roll(points, 1, axis=0), axis=1)]
    if not 4 <= len(points) <= LONGEST:
        return False
    ends = np.roll(points, -1, axis=0)
    sums = np.concatenate([[0.0], np.cumsum(_cross(points, ends))])  # twice the area up to each point
    for first, second in _near_blocks(points, ends):
        for i, j, crossing in _crossings(points, ends, first, second):
            loop = sums[j] - sums[i + 1] + _cross(crossing, points[i + 1]) + _cross(points[j], crossing)
            rest = sums[-1] - loop
            smaller, larger = sorted((abs(loop) / 2, abs(rest) / 2))
            if smaller >= max(LEAST_LOOP, LOOP_SHARE * larger):
                return True
    return False


def _duplicates(dataset, image_id, found):
    """[(both names, the box around both), ...]"""
    pairs = []
    for class_id in np.unique(found.class_ids[found.class_ids > 0]):
        of_class = np.flatnonzero(found.class_ids == class_id)
        if len(of_class) < 2:
            continue
        corners = found.boxes[of_class].astype(np.float64)
        x_y, width_height = corners[:, 1::-1], corners[:, :1:-1] - corners[:, 1::-1]
        boxes = np.concatenate([x_y, width_height], axis=1)
        alike = np.triu(coco_mask.iou(boxes, boxes, [0] * len(boxes)), 1)
        # A mask that is mostly the same has almost the same box, but for what sticks out.
        for a, b in zip(*np.nonzero(alike >= SAME / 2), strict=True):
            first, second = of_class[a], of_class[b]
            drawn = found.has_mask[[first, second]].all()
            overlap = _overlap(found.mask_crops[first], found.mask_crops[second]) if drawn else alike[a, b]
            if overlap >= SAME:
                names = " and ".join(dataset.object_name(image_id, i) for i in (first, second))
                box = (*corners[[a, b], :2].min(axis=0), *corners[[a, b], 2:].max(axis=0))
                pairs.append((f"{names} (IoU {overlap:.2f})", box))
    return pairs


def _overlap(first, second):
    """IoU of two MaskCrops."""
    (top, left), (bottom, right) = np.maximum(first.box[:2], second.box[:2]), np.minimum(first.box[2:], second.box[2:])
    if top >= bottom or left >= right:
        return 0.0
    parts = [c.bits[top - c.top : bottom - c.top, left - c.left : right - c.left] for c in (first, second)]
    both = np.count_nonzero(parts[0] & parts[1])
    return both / (np.count_nonzero(first.bits) + np.count_nonzero(second.bits) - both)


def _dots(dataset, image_id, found):
    places = np.flatnonzero((found.areas <= 1) & (found.class_ids > 0))
    return [(dataset.object_name(image_id, i), tuple(found.boxes[i].tolist())) for i in places]


def _of_outlines(entry, size):
    """Yields (finding, box) of an Annotation with polygons."""
    if not entry.polygons:
        return
    points = np.concatenate(entry.polygons)
    low, high = points.min(axis=0), points.max(axis=0)
    box = (*low.tolist(), *high.tolist())
    if entry.crowd:
        yield OUTLINED_CROWD, box
    beyond = np.maximum(-low, high - size)
    inside = (low < size).all() and (high > 0).all()  # otherwise there is no pixel of it, which is noted elsewhere
    if inside and (beyond > np.maximum(LOOSE, LARGE_PART * (high - low))).any():
        yield BEYOND, box
    if any(crosses_itself(polygon) for polygon in entry.polygons):
        yield CROSSING, box


def _near_blocks(points, ends):
    """Yields pairs of slices of sides of an outline that may cross: those in boxes that touch."""
    begins = np.arange(0, len(points), BLOCK)
    low = np.minimum.reduceat(np.minimum(points, ends), begins, axis=0)
    high = np.maximum.reduceat(np.maximum(points, ends), begins, axis=0)
    for first, begin in enumerate(begins):
        near = (low[first:] <= high[first]).all(axis=1) & (high[first:] >= low[first]).all(axis=1)
        for second in begins[first:][near]:
            yield slice(begin, begin + BLOCK), slice(second, second + BLOCK)


def _crossings(points, ends, first, second):
    """Yields (i, j, point) of the sides i < j, one of each slice, that cross between their ends."""
    sides, others = ends[first] - points[first], ends[second] - points[second]
    apart = points[second][None] - points[first][:, None]
    turn = _cross(sides[:, None], others[None])
    with np.errstate(divide="ignore", invalid="ignore"):
        along, other_along = _cross(apart, others[None]) / turn, _cross(apart, sides[:, None]) / turn
    hits = (along > 0) & (along < 1) & (other_along > 0) & (other_along < 1)
    for row, column in zip(*np.nonzero(hits), strict=True):
        i, j = first.start + row, second.start + column
        if i < j:
            yield i, j, points[first][row] + along[row, column] * sides[row]


def _cross(first, second):
    """The cross product of [..., 2] vectors."""
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
