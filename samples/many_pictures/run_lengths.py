"""COCO's compressed run lengths of a mask in a part of a picture; needs numpy."""

from typing import Any

import numpy as np


def run_lengths(mask: np.ndarray, top: int, left: int, size: tuple[int, int]) -> dict[str, Any]:
    """Returns {"size": [H, W], "counts": str}, as pycocotools encodes the whole mask.

    mask: [h, w] bool, of the rows from `top` and the columns from `left` on; size: (H, W) of the picture.
    """
    height, width = size
    edges = np.diff(np.pad(mask.T.astype(np.int8), ((0, 0), (1, 1))), axis=1)  # [w, h + 1]: 1 begins, -1 is behind
    columns, rows = np.nonzero(edges)
    places = (columns + left) * height + rows + top
    joined = np.flatnonzero(places[1:-1:2] == places[2::2]) * 2 + 1  # at the end of a column, goes on in the next
    places = np.delete(places, [*joined, *(joined + 1)])
    return {"size": [height, width], "counts": _as_text(np.diff([0, *places, height * width]))}


def _as_text(counts: np.ndarray) -> str:
    """Each count minus the one before the last, in groups of five bits, the lowest first, each a letter from "0" on."""
    values = [int(count) - (int(counts[i - 2]) if i > 2 else 0) for i, count in enumerate(counts)]
    if len(values) > 1 and not counts[-1]:
        values.pop()  # the mask reaches the last pixel
    letters = []
    for value in values:
        more = True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            letters.append(chr(48 + bits + 32 * more))
    return "".join(letters)
