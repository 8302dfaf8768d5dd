"""What the region proposal network does: its anchors, and proposals before and after refinement."""

import numpy as np
from matplotlib.lines import Line2D

from mrcnn_keras.detections import paste_mask
from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize.boxes import draw_boxes
from mrcnn_keras.visualize.colors import random_colors
from mrcnn_keras.visualize.fonts import figure_names
from mrcnn_keras.visualize.shown import as_shown

CAPTIONED = 20  # of more boxes the scores could not be read
SEED = 0  # of the choice of RoIs, so that a page shows the same ones each time


def draw_anchors(image, anchors, scores=None, *, limit=50, title=None, ax=None):
    """Shows anchors, in one colour per level of the feature pyramid.

    Args:
        image: `[H, W, 3]`, the network's picture.
        anchors: List over levels of `[A, (y1, x1, y2, x2)]`, pixels of the picture, or `[A, 4]` of one level.
        scores: As `anchors`, `[A]` each: the best of all are drawn. `None`: those in the middle of the picture are,
            which show all sizes and shapes.
        limit: Integer, the most that are drawn with `scores`.
        title: String above the picture, or `None`: how many there are.
        ax: matplotlib `Axes` to draw on, or `None`: a new figure.

    Returns:
        matplotlib `Axes`.

    Raises:
        UserError: If there are not as many scores as anchors.
    """
    anchors, level = _joined(anchors)
    if scores is None:
        size = np.array(np.shape(image)[:2])
        centres = (anchors[:, :2] + anchors[:, 2:]) / 2
        away = np.abs(centres - size / 2).sum(axis=1)
        nearest = np.full(level.max(initial=0) + 1, np.inf)
        np.minimum.at(nearest, level, away)
        chosen = np.flatnonzero(away <= nearest[level] + 1e-3)
        # Of equally near cells one: the first anchor of the level says which.
        first = {number: centres[i] for i, number in reversed(list(zip(chosen, level[chosen], strict=True)))}
        chosen = np.array([i for i in chosen if np.allclose(centres[i], first[level[i]])], int)
    else:
        chosen = _best(anchors, scores, limit)
    colors = np.reshape(random_colors(int(level.max(initial=0)) + 1), (-1, 3))
    title = f"{len(chosen)} of {len(anchors)} anchors" if title is None else title
    ax = draw_boxes(
        image, anchors[chosen], visibilities=[2] * len(chosen), colors=colors[level[chosen]], title=title, ax=ax
    )
    pairs = zip(colors, np.bincount(level, minlength=len(colors)), strict=True)
    lines = [Line2D([], [], color=color, label=f"level {i}: {n}") for i, (color, n) in enumerate(pairs)]
    ax.legend(handles=lines, loc="upper right", fontsize=8)
    return ax


def draw_proposals(image, proposals, anchors=None, scores=None, *, limit=50, title=None, ax=None):
    """Shows proposals, and with `anchors` the boxes that they were before refinement, dashed.

    Args:
        image: `[H, W, 3]`, the network's picture.
        proposals: `[R, (y1, x1, y2, x2)]`, or a list over levels of such arrays, pixels of the picture.
        anchors: As `proposals`, the boxes before refinement, or `None`.
        scores: As `proposals`, `[R]` each; `None`: the proposals are in order, best first.
        limit: Integer, how many of the best are drawn.
        title: String above the picture, or `None`: how many there are.
        ax: matplotlib `Axes` to draw on, or `None`: a new figure.

    Returns:
        matplotlib `Axes`.

    Raises:
        UserError: If there are not as many anchors or scores as proposals.
    """
    proposals, _ = _joined(proposals)
    real = int(proposals.any(axis=1).sum())  # the others are padding
    chosen = _best(proposals, scores, limit)
    chosen = chosen[proposals[chosen].any(axis=1)]
    if anchors is not None:
        anchors, _ = _joined(anchors)
        if len(anchors) != len(proposals):
            raise UserError(f"{len(anchors)} anchors for {len(proposals)} proposals; give one per proposal")
        anchors = anchors[chosen]
    captions = None
    if scores is not None and len(chosen) <= CAPTIONED:
        captions = [f"{score:.2f}" for score in _flat(scores)[chosen]]
    title = f"the best {len(chosen)} of {real} proposals" if title is None else title
    return draw_boxes(image, anchors, proposals[chosen], captions=captions, title=title, ax=ax)


def draw_rois(image, rois, refined_rois, mask, class_ids, class_names, limit=10, ax=None):
    """Shows RoIs dashed, and those of a class also refined, with name and mask; those of the background are grey.

    Args:
        image: `[H, W, 3]`, the network's picture.
        rois: `[R, (y1, x1, y2, x2)]` pixels.
        refined_rois: `[R, 4]`, after the box head.
        mask: `[R, h, w]`, 0 to 1, each inside its RoI, or `None`.
        class_ids: `[R]` integers, 0 for the background.
        class_names: List of strings, background first.
        limit: Integer; of more RoIs, this many are drawn, chosen at random, the same ones each time.
        ax: matplotlib `Axes` to draw on, or `None`: a new figure.

    Returns:
        matplotlib `Axes`.
    """
    image = as_shown(image)
    rois, refined_rois, class_ids = (np.asarray(values) for values in (rois, refined_rois, class_ids))
    count = len(rois)
    chosen = np.arange(count)
    if count > limit:
        chosen = np.sort(np.random.default_rng(SEED).choice(count, limit, replace=False))
    names, masks = figure_names(class_names), None
    if mask is not None:
        masks = np.zeros((*image.shape[:2], len(chosen)), bool)
        for place, i in enumerate(chosen):
            if class_ids[i] > 0:
                crop = paste_mask(np.asarray(mask[i], np.float32), rois[i], image.shape[:2])
                masks[(*crop.window, place)] = crop.bits
    positive = class_ids > 0
    shown = f"{count} RoIs" if count <= limit else f"{len(chosen)} of {count} RoIs, chosen at random"
    share = f", of which {int(positive.sum())} ({positive.mean():.0%}) are positive" if count else ""
    return draw_boxes(
        image,
        rois[chosen],
        refined_rois[chosen],
        masks,
        [names[i] if i > 0 else "" for i in class_ids[chosen]],
        positive[chosen].astype(int),
        shown + share,
        ax,
    )


def _joined(boxes):
    """A list over levels of [A, 4], or [A, 4] -> [A, 4] of all levels, and the level of each."""
    levels = boxes if isinstance(boxes, (list, tuple)) and np.ndim(boxes[0]) == 2 else [boxes]
    levels = [np.asarray(level, float).reshape(-1, 4) for level in levels]
    return np.concatenate(levels), np.repeat(np.arange(len(levels)), [len(level) for level in levels])


def _flat(scores):
    parts = scores if isinstance(scores, (list, tuple)) and np.ndim(scores[0]) == 1 else [scores]
    return np.concatenate([np.asarray(part, float).reshape(-1) for part in parts])


def _best(boxes, scores, limit):
    """Places of the boxes with the highest scores, best first; without scores of the first ones."""
    if scores is None:
        return np.arange(min(limit, len(boxes)))
    scores = _flat(scores)
    if len(scores) != len(boxes):
        raise UserError(f"{len(scores)} scores for {len(boxes)} boxes; give one per box")
    return np.argsort(-scores, kind="stable")[:limit]
