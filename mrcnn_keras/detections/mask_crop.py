"""A mask as a crop of its photograph, from a small map, and its other spellings: COCO's run lengths, and outlines.

500 full masks of a 24-megapixel photograph take 12 GB; the crops take what the objects cover.
"""

from typing import NamedTuple

import cv2
import numpy as np
from pycocotools import mask as coco_mask


class MaskCrop(NamedTuple):
    """`bits` [h, w] bool, its first pixel at (top, left) of the photograph; outside it the mask is false."""

    top: int
    left: int
    bits: np.ndarray

    @property
    def box(self):
        """(y1, x1, y2, x2) of the crop, pixels of the photograph."""
        return self.top, self.left, self.top + self.bits.shape[0], self.left + self.bits.shape[1]

    @property
    def window(self):
        """The crop's place as two slices: `full_mask[crop.window] = crop.bits`."""
        y1, x1, y2, x2 = self.box
        return slice(y1, y2), slice(x1, x2)

    def rle(self, height, width):
        """Makes COCO's compressed run lengths of a whole picture, column by column, from the crop alone.

        Args:
            height: Of the photograph, pixels.
            width: Of the photograph, pixels.

        Returns:
            Dict `{"size": [height, width], "counts": str}`.
        """
        columns = np.zeros((self.bits.shape[1], self.bits.shape[0] + 2), np.int8)
        columns[:, 1:-1] = self.bits.T
        steps = np.diff(columns, axis=1)
        begins, ends = (self._places(steps == step, height) for step in (1, -1))
        # A run that reaches the lower edge of the photograph goes on at the top of the next column.
        joined = begins[1:] == ends[:-1]
        begins, ends = np.delete(begins, 1 + np.flatnonzero(joined)), np.delete(ends, np.flatnonzero(joined))
        changes = np.stack([begins, ends], axis=1).reshape(-1)
        counts = np.diff(changes, prepend=0, append=height * width)
        if changes.size and counts[-1] == 0:
            counts = counts[:-1]
        rle = coco_mask.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
        return {"size": [height, width], "counts": rle["counts"].decode("ascii")}

    def _places(self, marks, height):
        """Positions of the true `marks` [w, h + 1] in the photograph read column by column."""
        column, row = np.nonzero(marks)
        return (column + self.left) * height + row + self.top

    def outlines(self):
        """Draws the outer outlines along the edges of pixels. Holes are filled. Pieces that touch at a corner are one.

        One pixel at (0, 0) gives the square from (0, 0) to (1, 1), so an outline's area is the number of pixels within.

        Returns:
            List of `[K, (y, x)]` float32, pixels of the photograph.
        """
        return [self._ring(contour) for contour in self._contours(cv2.RETR_EXTERNAL)[0]]

    def parts(self):
        """Draws the outlines of each piece with those of its holes, along the edges of pixels as `outlines` does.

        Returns:
            List of tuples (outer outline, list of outlines of holes), each outline `[K, (y, x)]` float32, pixels of the
            photograph. A piece inside a hole of another is one of its own.
        """
        contours, hierarchy = self._contours(cv2.RETR_CCOMP)
        parts = {i: (self._ring(contours[i]), []) for i, (*_, parent) in enumerate(hierarchy) if parent < 0}
        for i, (*_, parent) in enumerate(hierarchy):
            if parent >= 0:
                parts[parent][1].append(self._ring(contours[i]))
        return list(parts.values())

    def _contours(self, mode):
        """OpenCV's contours of the crop with each pixel enlarged to 2 x 2, and [next, previous, child, parent] of each.

        OpenCV's outlines run through pixel centres. In the enlarged crop the outline visits, at every corner of the
        shape, the quarter pixel nearest to it, see `_ring`.
        """
        if not self.bits.size:
            return (), ()
        enlarged = self.bits.astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
        contours, hierarchy = cv2.findContours(enlarged, mode, cv2.CHAIN_APPROX_SIMPLE)
        return contours, () if hierarchy is None else hierarchy[0].tolist()

    def _ring(self, contour):
        """[K, (y, x)] float32 of a contour: quarter k belongs to the pixel edge (k + 1) // 2: 0 -> 0, 1 and 2 -> 1."""
        corners = (contour[:, 0, ::-1] + 1) // 2
        corners = corners[np.any(corners != np.roll(corners, 1, axis=0), axis=1)]
        return (corners + (self.top, self.left)).astype(np.float32)


def crop_mask(mask, top=0, left=0):
    """Cuts a mask to its true pixels.

    Args:
        mask: `[h, w]` bool.
        top: Integer, the row of the photograph where it begins.
        left: Integer, the column where it begins.

    Returns:
        `MaskCrop`, 0 x 0 if all are false.
    """
    mask = np.asarray(mask, bool)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return MaskCrop(int(top), int(left), np.zeros((0, 0), bool))
    bits = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    return MaskCrop(int(top + rows[0]), int(left + columns[0]), bits)


def paste_mask(mask, box, size, threshold=0.5):
    """Pastes a small map into its box: the numpy counterpart of `ops.masks.paste_mask`.

    Args:
        mask: `[h, w]` float32, 0 to 1.
        box: (y1, x1, y2, x2), pixels.
        size: (height, width) of the picture, pixels.
        threshold: Float; pixels with at least this value belong to the mask.

    Returns:
        `MaskCrop` of the pixels whose centre lies in the box; without pixels where the box has no area.
    """
    vertical, top = _axis_weights(box[0], box[2], size[0], mask.shape[0])
    horizontal, left = _axis_weights(box[1], box[3], size[1], mask.shape[1])
    return MaskCrop(top, left, vertical @ np.asarray(mask, np.float32) @ horizontal.T >= threshold)


def _axis_weights(low, high, limit, cells):
    """Weights [pixels, cells] of the pixels whose centre lies from low to high, and the first such pixel."""
    first = int(np.clip(np.ceil(low - 0.5), 0, limit))
    last = int(np.clip(np.floor(high + 0.5), first, limit)) if high > low else first
    pixels = np.arange(first, last, dtype=np.float32) + np.float32(0.5)
    positions = (pixels - np.float32(low)) * np.float32(cells) / np.float32(max(high - low, 1e-6))
    centres = np.arange(cells, dtype=np.float32) + np.float32(0.5)
    return np.maximum(1 - np.abs(positions[:, None] - centres), 0), first
