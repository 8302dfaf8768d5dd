"""Large pictures in tiles that overlap: where the tiles lie, and how their detections become one result.

The rule at the seams. A box lies as deep in a tile as it is far from those borders of the tile at which the picture
goes on. The tile in which a box lies deepest decides: a detection is left out if its box lies deeper in another tile
than in its own by more than the margin, whether that tile found the same, something else or nothing there. A part of a
circle looks like something else.

Detections of two tiles that remain, in the zone that both cover, belong together if they are of the same class and
overlap enough. A detection that reaches the border of its tile, where the other tile goes on, is cut off.

- Neither is cut off: they are the same object if their intersection over union is at least SAME, and the one with the
  higher score stays.
- One is cut off: it is a part of the other, and left out, if the other covers at least SAME of it.
- Both are: they are pieces of one object if the intersection within the zone is at least SAME of the smaller one there.
  The object's mask is the union of its pieces, its box the one around theirs, its score the highest.

So an object that is smaller than the overlap is taken from the tile in which it lies whole, and deepest.
"""

import dataclasses
import itertools

import numpy as np

from mrcnn_keras.detections.detections import Detections
from mrcnn_keras.detections.mask_crop import MaskCrop
from mrcnn_keras.errors import UserError

SAME = 0.5
# Boxes of objects that are cut off end at the border up to the network's inexactness, by which those of two tiles
# differ: 16 pixels of 1,024.
MARGIN, LEAST_MARGIN = 1 / 64, 2
OVERLAPS = 0.0, 0.9  # above the first, up to the second
LEAST_TILE = 32  # pixels
CELL, ALIGNED = 32, 4  # pixels of a network's coarsest maps but P6; from how many of them between two tiles it counts


def check_tiles(tile, overlap):
    """Checks how a picture is to be cut into tiles.

    Args:
        tile: Integer, side of a tile, pixels.
        overlap: Float, share of a tile's side that the next one shows, too.

    Raises:
        UserError: If these are not such numbers.
    """
    if isinstance(tile, bool) or not isinstance(tile, (int, np.integer)) or tile < LEAST_TILE:
        raise UserError(f"tile={tile!r} is not a tile's side; give whole pixels, at least {LEAST_TILE}, such as 1024")
    if not isinstance(overlap, (int, float, np.number)) or not OVERLAPS[0] < overlap <= OVERLAPS[1]:
        raise UserError(f"overlap={overlap!r} is not a share of a tile; give a number above 0, up to 0.9, such as 0.2")


def tile_windows(size, tile, overlap, *, cell=CELL, ragged=False):
    """Places tiles on a picture, so that none reaches beyond it.

    They begin at multiples of 32 pixels of the network: its maps have cells of up to 32 pixels, and so cells are where
    they are in the whole picture. (Of what a model found in a whole picture, 80 % had the same mask, IoU 0.9, with
    tiles of 640 pixels anywhere, and 96 % with such tiles.)

    Args:
        size: (height, width) of the picture, pixels.
        tile: Integer, side of a tile, pixels. Where the picture is smaller, so is the tile.
        overlap: Float, above 0, at most 0.9: share of the side that neighbours have in common at least.
        cell: Integer, pixels of the picture that are 32 of the network.
        ragged: Boolean, whether the last tile in a row or column may be up to a cell smaller, so that it begins at a
            multiple, too. Without it begins so that it is as large as the others.

    Returns:
        List of (y1, x1, y2, x2), pixels, row by row.

    Raises:
        UserError: As `check_tiles`.
    """
    check_tiles(tile, overlap)
    rows, columns = (_spans(side, tile, overlap, cell, ragged) for side in size)
    return [(y1, x1, y2, x2) for (y1, y2), (x1, x2) in itertools.product(rows, columns)]


def _spans(side, tile, overlap, cell, ragged):
    if side <= tile:
        return [(0, side)]
    step = max(1, int(tile * (1 - overlap)))
    last = side - tile
    if step >= ALIGNED * cell:
        # What is smaller than the overlap lies in one tile with a margin on both sides.
        step = int(step - 2 * _margin(tile)) // cell * cell
        last = -(-last // cell) * cell if ragged else last
    return [(start, min(start + tile, side)) for start in (*range(0, last, step), last)]


def _margin(side):
    return np.maximum(side * MARGIN, LEAST_MARGIN)


def join_tiles(size, windows, founds):
    """Merges the detections of the tiles of a picture, by the rule at the top of this module.

    Args:
        size: (height, width) of the picture, pixels.
        windows: As in `tile_windows`.
        founds: One `Detections` with scores per window, in the window's pixels; all with masks or all without.

    Returns:
        `Detections` in the picture's pixels, the highest score first; those of a single tile as they are.
    """
    if len(founds) == 1:
        return founds[0]
    whole = _together(size, windows, founds)
    tiles = np.repeat(np.arange(len(founds)), [len(found) for found in founds])
    kept = ~_seen_deeper(whole, tiles, np.array(windows))
    whole, tiles = whole[kept], tiles[kept]
    beaten, joins = _relations(whole, tiles, np.array(windows))
    kept = _winners(_ranking(whole, tiles, np.array(windows)), beaten)
    groups = _groups(np.flatnonzero(kept).tolist(), joins)
    first = np.array([group[0] for group in groups], int)
    result = whole[first]
    several = {place: group for place, group in enumerate(groups) if len(group) > 1}
    if several:
        result = _united(result, whole, several)
    return result[np.argsort(-result.scores, kind="stable")]


def _together(size, windows, founds):
    """All detections of all tiles, in the picture's pixels."""
    parts = [(*window[:2], found) for window, found in zip(windows, founds, strict=True)]
    crops = keypoints = None
    if all(found.mask_crops is not None for found in founds):
        crops = [MaskCrop(crop.top + y, crop.left + x, crop.bits) for y, x, found in parts for crop in found.mask_crops]
    if all(found.keypoints is not None for found in founds):
        keypoints = np.concatenate([found.keypoints + (y, x, 0) for y, x, found in parts])
    boxes = np.concatenate([found.boxes + np.float32((y, x, y, x)) for y, x, found in parts])
    class_ids, scores = (np.concatenate([getattr(one, name) for one in founds]) for name in ("class_ids", "scores"))
    return Detections(size, boxes, class_ids, scores, crops, keypoints)


def _regions(found):
    """A MaskCrop of each instance: its mask or, without masks, its whole box."""
    if found.mask_crops is not None:
        return found.mask_crops
    y1, x1, y2, x2 = np.clip(np.rint(found.boxes), 0, found.size * 2).astype(int).T
    sides = zip(y1.tolist(), x1.tolist(), (y2 - y1).tolist(), (x2 - x1).tolist(), strict=True)
    return [MaskCrop(top, left, np.broadcast_to(True, (height, width))) for top, left, height, width in sides]


def _seen_deeper(whole, tiles, windows):
    """[N] bool: which boxes lie deeper, by more than the margin, in another tile than in their own, tiles [N]."""
    best = np.full(len(whole), -np.inf)
    for window in windows:
        best = np.maximum(best, _depth(whole.boxes, window, whole.size))
    own = np.zeros(len(whole))
    for tile, window in enumerate(windows):
        of_tile = tiles == tile
        own[of_tile] = _depth(whole.boxes[of_tile], window, whole.size) + _margin((window[2:] - window[:2]).min())
    return best > own


def _depth(boxes, window, size):
    """[N]: pixels from boxes to the nearest border of a window at which the picture goes on; below 0: beyond it."""
    low, high = boxes[:, :2] - window[:2], window[2:] - boxes[:, 2:]
    low, high = np.where(window[:2] > 0, low, np.inf), np.where(window[2:] < size, high, np.inf)
    return np.minimum(low, high).min(axis=1)


def _touches(boxes, windows):
    """[N, 4] bool: whether a box reaches the (upper, left, lower, right) border of its window, [N, 4]."""
    margin = _margin(windows[:, 2:] - windows[:, :2])
    return np.concatenate([boxes[:, :2] <= windows[:, :2] + margin, boxes[:, 2:] >= windows[:, 2:] - margin], axis=1)


def _relations(whole, tiles, windows):
    """-> {i: [those that i makes superfluous]}, and pairs of pieces of one object.

    tiles: [N], which window each detection is of.
    """
    regions = _regions(whole)
    extents = np.array([region.box for region in regions], int).reshape(-1, 4)
    touches = _touches(whole.boxes, windows[tiles])
    of_tile = [np.flatnonzero(tiles == tile) for tile in range(len(windows))]
    beaten, joins = {}, []
    for one, other in itertools.combinations(range(len(windows)), 2):
        zone = (*np.maximum(windows[one], windows[other])[:2], *np.minimum(windows[one], windows[other])[2:])
        if zone[0] >= zone[2] or zone[1] >= zone[3]:
            continue
        ours, theirs = (of_tile[tile][_meet(extents[of_tile[tile]], zone)] for tile in (one, other))
        cut = {i: touches[i, _inside(windows[one], windows[other])].any() for i in ours.tolist()}
        cut |= {j: touches[j, _inside(windows[other], windows[one])].any() for j in theirs.tolist()}
        near = _meet(extents[ours][:, None], extents[theirs])
        near &= whole.class_ids[ours][:, None] == whole.class_ids[theirs]
        for i, j in zip(ours[near.nonzero()[0]].tolist(), theirs[near.nonzero()[1]].tolist(), strict=True):
            shared = _shared(regions[i], regions[j])
            if not shared:
                continue
            if cut[i] and cut[j]:
                if shared >= SAME * min(_area_in(regions[i], zone), _area_in(regions[j], zone)):
                    joins.append((i, j))
                continue
            areas = {k: np.count_nonzero(regions[k].bits) for k in (i, j)}
            if cut[i] or cut[j]:
                part, object_ = (i, j) if cut[i] else (j, i)
                least = areas[part]
            else:
                object_, part = (i, j) if whole.scores[i] >= whole.scores[j] else (j, i)
                least = areas[i] + areas[j] - shared
            if shared >= SAME * least:
                beaten.setdefault(object_, []).append(part)
    return beaten, joins


def _meet(boxes, others):
    """Whether boxes [..., 4] and others have pixels in common."""
    boxes, others = np.asarray(boxes), np.asarray(others)
    return ((boxes[..., :2] < others[..., 2:]) & (boxes[..., 2:] > others[..., :2])).all(axis=-1)


def _inside(window, other):
    """[4] bool: which sides of a window lie inside another one."""
    low, high = np.tile(other[:2], 2), np.tile(other[2:], 2)
    return (window > low) & (window < high)


def _in(crop, window):
    """The bits of a crop inside a window of the picture."""
    top, left, bottom, right = (
        max(0, side - start) for side, start in zip(window, (crop.top, crop.left) * 2, strict=True)
    )
    return crop.bits[top:bottom, left:right]


def _area_in(crop, window):
    return np.count_nonzero(_in(crop, window))


def _shared(crop, other):
    """Pixels of both."""
    window = (*np.maximum(crop.box[:2], other.box[:2]), *np.minimum(crop.box[2:], other.box[2:]))
    return np.count_nonzero(_in(crop, window) & _in(other, window))


def _ranking(whole, tiles, windows):
    """Indices: those that are not cut off first, by score, then the others, by area."""
    windows = windows[tiles]
    inner = np.concatenate([windows[:, :2] > 0, windows[:, 2:] < whole.size], axis=1)
    is_cut = (_touches(whole.boxes, windows) & inner).any(axis=1)
    return np.lexsort([-np.where(is_cut, whole.areas, whole.scores), is_cut]).tolist()


def _winners(ranking, beaten):
    """[N] bool: which detections stay, where one that is left out makes none superfluous."""
    kept = np.ones(len(ranking), bool)
    for i in ranking:
        if kept[i]:
            kept[beaten.get(i, [])] = False
    return kept


def _groups(kept, joins):
    """[[i, ...], ...]: the pieces of each object, by pairs of pieces."""
    root = {i: i for i in kept}

    def find(i):
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for i, j in joins:
        if i in root and j in root:
            root[find(j)] = find(i)
    groups = {}
    for i in kept:
        groups.setdefault(find(i), []).append(i)
    return list(groups.values())


def _united(result, whole, several):
    """`result` with the objects of {place: pieces in `whole`} made of all their pieces."""
    boxes, scores = result.boxes.copy(), result.scores.copy()
    crops = None if result.mask_crops is None else list(result.mask_crops)
    keypoints = None if result.keypoints is None else result.keypoints.copy()
    for place, group in several.items():
        boxes[place] = *whole.boxes[group, :2].min(axis=0), *whole.boxes[group, 2:].max(axis=0)
        scores[place] = whole.scores[group].max()
        if crops is not None:
            crops[place] = _union([whole.mask_crops[i] for i in group])
        if keypoints is not None:  # each where it was seen best
            best = whole.keypoints[group, :, 2].argmax(axis=0)
            keypoints[place] = whole.keypoints[group][best, np.arange(len(best))]
    return dataclasses.replace(result, boxes=boxes, scores=scores, mask_crops=crops, keypoints=keypoints)


def _union(crops):
    extents = np.array([crop.box for crop in crops])
    top, left, bottom, right = (*extents[:, :2].min(axis=0).tolist(), *extents[:, 2:].max(axis=0).tolist())
    bits = np.zeros((bottom - top, right - left), bool)
    for crop in crops:
        y, x = crop.top - top, crop.left - left
        bits[y : y + crop.bits.shape[0], x : x + crop.bits.shape[1]] |= crop.bits
    return MaskCrop(top, left, bits)
