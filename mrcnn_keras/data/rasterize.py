"""From outlines and run lengths to MaskCrops, without a bitmap of the whole picture.

Which pixels an outline covers is pycocotools's rule. It returns run lengths of the whole picture, which are short; only
the columns that the object touches are drawn.
"""

import numpy as np
from pycocotools import mask as coco_mask

from mrcnn_keras.detections import crop_mask
from mrcnn_keras.errors import UserError

MAX_REACH = 3  # picture sides that an outline may reach beyond the picture


def check_reach(polygons, size):
    """Raises UserError for a point far outside the picture, since drawing up to there takes unlimited memory."""
    points = np.concatenate(polygons)
    from_centre = np.abs(points / size - 0.5).max(axis=1)  # 0.5 at the picture's sides
    if from_centre.max() > MAX_REACH + 0.5:
        y, x = points[from_centre.argmax()]
        raise UserError(
            f"an outline has the point (x {x:g}, y {y:g}), far outside the {size[0]} x {size[1]} picture "
            "(height x width); correct or remove it"
        )


def crop_from_polygons(polygons, size):
    """The union of polygons inside the picture -> MaskCrop, or None if no pixel is covered.

    polygons: list of [K, (y, x)] float64, K >= 3, pixels. size: (height, width) of the picture.
    Raises UserError as `check_reach` does.
    """
    return crop_from_rle(rle_of_polygons(polygons, size)["counts"], size)


def covers(polygons, crop, size):
    """Whether polygons `[K, (y, x)]` lie in a picture of `size` (height, width), and their union is the mask."""
    points = np.concatenate(polygons)
    if points.min() < 0 or (points.max(axis=0) > size).any():
        return False
    drawn = crop_from_polygons(polygons, size)
    return drawn is not None and drawn.box == crop.box and np.array_equal(drawn.bits, crop.bits)


def extent_of_polygons(polygons, size):
    """The box of `crop_from_polygons`, (y1, x1, y2, x2), or None: several times faster than by the crop."""
    x, y, width, height = coco_mask.toBbox(rle_of_polygons(polygons, size)).tolist()
    return (y, x, y + height, x + width) if height and width else None


def outline_of_box(box):
    """A box (y1, x1, y2, x2) -> its polygon, [4, (y, x)] float64."""
    y1, x1, y2, x2 = box
    return np.array([(y1, x1), (y1, x2), (y2, x2), (y2, x1)], float)


def rle_of_polygons(polygons, size):
    """The union of polygons as pycocotools's dict of run lengths; the rest as in `crop_from_polygons`."""
    check_reach(polygons, size)
    return coco_mask.merge(coco_mask.frPyObjects([polygon[:, ::-1].ravel() for polygon in polygons], *size))


def crop_from_rle(counts, size):
    """COCO's run lengths for a picture of `size` (height, width) -> MaskCrop, or None if no pixel is set.

    counts: as `run_lengths` takes them. Raises UserError if they do not add up to the picture.
    """
    height = size[0]
    runs = run_lengths(counts)
    check_run_lengths(runs, size)
    ends = np.cumsum(runs)
    begins, ends = (ends - runs)[1::2], ends[1::2]
    begins, ends = begins[ends > begins], ends[ends > begins]
    if not len(begins):
        return None
    left, right = begins[0] // height, (ends[-1] - 1) // height + 1
    steps = np.zeros((right - left) * height + 1, np.int8)
    steps[begins - left * height] += 1
    steps[ends - left * height] -= 1
    columns = np.cumsum(steps[:-1], dtype=np.int8).reshape(right - left, height)
    return crop_mask(columns.T, 0, left)


def check_run_lengths(runs, size):
    """Raises UserError if [K] run lengths do not add up to a picture of `size` (height, width)."""
    height, width = size
    if runs.max(initial=0) > height * width or runs.sum() != height * width:
        raise UserError(
            f"run lengths add up to {runs.sum()} pixels but the picture has {height} x {width} = "
            f"{height * width}; export the mask again"
        )


def run_lengths(counts):
    """COCO's counts, a list of whole numbers or a compressed str or bytes -> [K] int64, none below 0.

    The compressed form (maskApi.c of the COCO API) has 5 bits per character, counted from '0', low bits first; 32 says
    that more follow, and the last bit is the sign. From the fourth count on, it is the difference to the count two
    before. Raises UserError for anything else.
    """
    if isinstance(counts, (str, bytes)):
        runs = _decompressed(counts.encode("utf-8", "backslashreplace") if isinstance(counts, str) else counts)
    else:
        try:
            runs = np.asarray(counts)
        except ValueError:  # lists of different lengths in it
            runs = np.zeros((0, 0))
        if runs.ndim != 1 or (runs.size and runs.dtype.kind not in "iu"):
            raise UserError("run lengths are not a list of whole numbers; export the mask again")
        runs = runs.astype(np.int64)
    if (runs < 0).any():
        raise UserError(f"run lengths hold {runs.min()}, which is below 0; export the mask again")
    return runs


def _decompressed(text):
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    lasts = np.flatnonzero((codes & 32) == 0)
    firsts = np.concatenate([[0], lasts[:-1] + 1])[: len(lasts)]
    lengths = lasts - firsts + 1
    ended = not len(codes) or not codes[-1] & 32
    if not ended or (codes < 0).any() or (codes > 63).any() or (lengths > 7).any():
        raise UserError("a compressed run length is damaged; export the mask again")
    if not len(codes):
        return codes
    places = np.arange(len(codes)) - np.repeat(firsts, lengths)
    runs = np.add.reduceat((codes & 31) << (5 * places), firsts)
    runs -= np.where(codes[lasts] & 16, np.int64(1) << (5 * lengths), 0)
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs
