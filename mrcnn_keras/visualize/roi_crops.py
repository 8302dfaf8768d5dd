"""What the heads are given of a picture, RoI by RoI, and what the mask head should output there."""

import cv2
import numpy as np

from mrcnn_keras.detections import box_overlaps
from mrcnn_keras.detections.okabe_ito import ANNOTATED
from mrcnn_keras.visualize.axes import grid_of_axes
from mrcnn_keras.visualize.fonts import figure_names, figure_text, font_families
from mrcnn_keras.visualize.shown import as_shown

SIDE = 112  # pixels of a crop
FINER = 4  # pixels per side that one pixel of a crop is the mean of
COLUMNS = 8


def display_roi_crops(image, rois, masks=None, captions=None, *, limit=32):
    """Shows the part of a picture in each RoI, squeezed into a square, as RoIAlign hands it to the heads.

    Args:
        image: `[H, W, 3]`, the network's picture, or the photograph with boxes in its pixels.
        rois: `[R, (y1, x1, y2, x2)]` pixels; what lies outside the picture is black. Rows of zeros are left out.
        masks: `[R, h, w]`, 0 to 1, in their RoIs; their outlines at 0.5 are drawn; or `None`.
        captions: List of R strings, or `None`.
        limit: Integer, the most that are shown, from the first one on.

    Returns:
        matplotlib `Figure`.
    """
    image, rois = as_shown(image), np.asarray(rois, float).reshape(-1, 4)
    shown = np.flatnonzero((rois[:, 2:] > rois[:, :2]).all(axis=1))[:limit]
    crops = [_outlined(_crop(image, rois[i]), None if masks is None else masks[i]) for i in shown]
    return _grid(crops, None if captions is None else [captions[i] for i in shown])


def display_mask_targets(image, rois, truth, class_names=None, *, size=(28, 28), positive_iou=0.5, limit=16):
    """Shows what the mask head should output in each positive RoI, beside the part of the picture in it.

    The targets are cut as in training, but from whole masks, where training keeps them in MINI_MASK_SHAPE cells.

    Args:
        image: `[H, W, 3]`, the picture of `truth`.
        rois: `[R, (y1, x1, y2, x2)]` in its pixels.
        truth: `Detections` with masks, the annotated instances.
        class_names: List of strings, background first, or `None`.
        size: (height, width) of the target in cells: a model's `config.mask_side()`, twice.
        positive_iou: Float, overlap (IoU of boxes) with an object from which on a RoI is positive.
        limit: Integer, the most RoIs that are shown.

    Returns:
        matplotlib `Figure`.
    """
    image, rois = as_shown(image), np.asarray(rois, np.float32).reshape(-1, 4)
    truth = truth[truth.has_mask & (truth.class_ids > 0)]
    names = None if class_names is None else figure_names(class_names)
    pieces, captions = [], []
    for roi, objects in zip(rois, box_overlaps(rois, truth.boxes), strict=True):
        if len(pieces) < limit and objects.max(initial=0) >= positive_iou:
            best = int(objects.argmax())
            target = mask_target(truth, best, roi, size)
            wide = cv2.resize(target.astype(np.uint8) * 255, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
            gap = np.full((SIDE, 4, 3), 255, np.uint8)
            pieces.append(np.hstack([_outlined(_crop(image, roi), target), gap, np.dstack([wide] * 3)]))
            name = f"{names[truth.class_ids[best]]}, " if names else ""
            captions.append(f"{name}IoU {objects[best]:.2f}")
    return _grid(pieces, captions, COLUMNS // 2)


def mask_target(truth, index, roi, size):
    """What the mask head should output in a RoI for one instance: [height, width] bool."""
    from mrcnn_keras.ops.masks import crop_masks  # brings TensorFlow, which the commands for data do without

    crop = truth.mask_crops[index]
    boxes = (np.array([box], np.float32) for box in (crop.box, roi))
    return crop_masks(crop.bits[None].astype(np.float32), *boxes, size)[0].numpy() >= 0.5


def _crop(image, box):
    """[SIDE, SIDE, 3]: the part of a picture in a box, with the edges of the box at the edges of the crop."""
    cells = SIDE * FINER
    y1, x1, y2, x2 = box
    scale_y, scale_x = (y2 - y1) / cells, (x2 - x1) / cells
    # From a cell's index to a pixel's index, both of which count centres: a half less than places.
    from_cells = np.array([[scale_x, 0, x1 + scale_x / 2 - 0.5], [0, scale_y, y1 + scale_y / 2 - 0.5]], float)
    fine = cv2.warpAffine(image, from_cells, (cells, cells), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _outlined(crop, mask):
    if mask is not None:
        soft = cv2.resize(np.asarray(mask, np.float32), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        contours, _ = cv2.findContours((soft >= 0.5).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(crop, contours, -1, ANNOTATED.tolist(), 2)
    return crop


def _grid(pictures, captions, columns=COLUMNS):
    """A figure of pictures of one size; with a sentence where there is none."""
    columns = max(1, min(columns, len(pictures)))
    rows = max(1, -(-len(pictures) // columns))
    tallest = pictures[0].shape[0] / pictures[0].shape[1] * 1.2 if pictures else 0.1
    figure, axes = grid_of_axes(rows, columns, tallest)
    if not pictures:
        axes.flat[0].set_title("no RoI to show")
    for ax, picture, caption in zip(axes.flat, pictures, captions or [""] * len(pictures), strict=False):
        ax.imshow(picture)
        ax.set_title(figure_text(caption), fontsize=8, fontfamily=font_families(caption))
    return figure
