"""The functions of Matterport's `utils` that notebooks call to measure one picture, under their names and in its order.

`compute_ap` is Pascal VOC's average precision of one picture, of all classes in one ranking. Its mean over pictures,
which notebooks call mAP, is not COCO's: that is `evaluate`.
"""

import math

import numpy as np


def compute_iou(box, boxes, box_area, boxes_area):
    """Computes the overlap of a box with others.

    Args:
        box: `[4]`, (y1, x1, y2, x2).
        boxes: `[N, (y1, x1, y2, x2)]`.
        box_area: Float, the area of `box`.
        boxes_area: `[N]`, the areas of `boxes`.

    Returns:
        `[N]` floats, intersection over union; 0 where neither has an area.
    """
    top_left, bottom_right = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    intersection = np.prod(np.maximum(bottom_right - top_left, 0), axis=1)
    return _quotient(intersection, box_area + boxes_area - intersection)


def compute_overlaps(boxes1, boxes2):
    """Computes the overlaps of two sets of boxes.

    Args:
        boxes1: `[N, (y1, x1, y2, x2)]`.
        boxes2: `[M, (y1, x1, y2, x2)]`.

    Returns:
        `[N, M]` floats, intersection over union.
    """
    areas1, areas2 = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (boxes1, boxes2))
    columns = [compute_iou(box, boxes1, area, areas1) for box, area in zip(boxes2, areas2, strict=True)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(boxes1), 0))


def compute_overlaps_masks(masks1, masks2):
    """Computes the overlaps of two sets of masks.

    Args:
        masks1: `[H, W, N]`, bool, or numbers that are more than 0.5 in the mask.
        masks2: `[H, W, M]`.

    Returns:
        `[N, M]` floats, intersection over union; 0 where neither has a pixel.
    """
    flat1, flat2 = _flat(masks1), _flat(masks2)
    if len(flat1) != len(flat2):  # one is empty, as [0, 0, 0]
        return np.zeros((flat1.shape[1], flat2.shape[1]))
    intersections = flat1.T @ flat2
    return _quotient(intersections, flat1.sum(axis=0)[:, None] + flat2.sum(axis=0) - intersections)


def compute_matches(
    gt_boxes,
    gt_class_ids,
    gt_masks,
    pred_boxes,
    pred_class_ids,
    pred_scores,
    pred_masks,
    iou_threshold=0.5,
    score_threshold=0.0,
):
    """Matches found instances, best score first, with annotated ones of their class by the overlap of their masks.

    Unlike Matterport's function, which forgets the match of the best instance, it matches an annotated instance once.

    Args:
        gt_boxes: `[A, 4]`; rows of zeros are padding.
        gt_class_ids: `[A]` integers.
        gt_masks: `[H, W, A]`.
        pred_boxes: `[F, 4]`; rows of zeros are padding.
        pred_class_ids: `[F]` integers.
        pred_scores: `[F]` floats.
        pred_masks: `[H, W, F]`.
        iou_threshold: Float, the smallest overlap of a match.
        score_threshold: Float; smaller overlaps are ignored (as in Matterport's, despite its name).

    Returns:
        Tuple of `[A]` the index of the found instance or -1, `[F]` the index of the annotated one or -1, and overlaps
        `[F, A]`; found instances are numbered by score, highest first.
    """
    gt_count, pred_count = (np.count_nonzero(np.any(boxes, axis=1)) for boxes in (gt_boxes, pred_boxes))
    order = np.argsort(-np.asarray(pred_scores)[:pred_count], kind="stable")
    overlaps = compute_overlaps_masks(np.asarray(pred_masks)[..., order], np.asarray(gt_masks)[..., :gt_count])
    gt_match, pred_match = np.full(gt_count, -1.0), np.full(pred_count, -1.0)
    same = np.asarray(pred_class_ids)[order][:, None] == np.asarray(gt_class_ids)[:gt_count]
    for i in range(pred_count):
        possible = same[i] & (gt_match < 0) & (overlaps[i] >= max(iou_threshold, score_threshold))
        if possible.any():
            j = int(np.argmax(np.where(possible, overlaps[i], -1)))
            gt_match[j], pred_match[i] = i, j
    return gt_match, pred_match, overlaps


def compute_ap(
    gt_boxes, gt_class_ids, gt_masks, pred_boxes, pred_class_ids, pred_scores, pred_masks, iou_threshold=0.5
):
    """Computes the average precision of one picture: Pascal VOC's area under the precision-recall curve.

    Args:
        gt_boxes: As in `compute_matches`.
        gt_class_ids: As in `compute_matches`.
        gt_masks: As in `compute_matches`.
        pred_boxes: As in `compute_matches`.
        pred_class_ids: As in `compute_matches`.
        pred_scores: As in `compute_matches`.
        pred_masks: As in `compute_matches`.
        iou_threshold: Float, the smallest overlap of a match.

    Returns:
        Tuple of the average precision, precisions `[F + 2]`, recalls `[F + 2]`, and overlaps `[F, A]`. Without
        annotated instances recall and average precision are 0.
    """
    gt_match, pred_match, overlaps = compute_matches(
        gt_boxes, gt_class_ids, gt_masks, pred_boxes, pred_class_ids, pred_scores, pred_masks, iou_threshold
    )
    right = np.cumsum(pred_match > -1)
    recalls = np.concatenate([[0], right / max(len(gt_match), 1), [1]])
    precisions = np.concatenate([[0], right / (np.arange(len(right)) + 1), [0]])
    precisions = np.maximum.accumulate(precisions[::-1])[::-1]  # VOC: the best at this or a higher recall
    average = np.sum(np.diff(recalls) * precisions[1:])
    return average, precisions, recalls, overlaps


def compute_ap_range(
    gt_box, gt_class_id, gt_mask, pred_box, pred_class_id, pred_score, pred_mask, iou_thresholds=None, verbose=1
):
    """Computes the mean of `compute_ap` over thresholds.

    Args:
        gt_box: `[A, 4]`, as gt_boxes of `compute_matches`; and so on.
        gt_class_id: `[A]` integers.
        gt_mask: `[H, W, A]`.
        pred_box: `[F, 4]`.
        pred_class_id: `[F]` integers.
        pred_score: `[F]` floats.
        pred_mask: `[H, W, F]`.
        iou_thresholds: Sequence of floats; `None`: 0.5, 0.55, ... 0.95.
        verbose: Whether to print each.

    Returns:
        Float.
    """
    thresholds = np.arange(0.5, 1.0, 0.05) if iou_thresholds is None else np.asarray(iou_thresholds)
    instances = (gt_box, gt_class_id, gt_mask, pred_box, pred_class_id, pred_score, pred_mask)
    values = [compute_ap(*instances, iou_threshold=threshold)[0] for threshold in thresholds]
    average = float(np.mean(values))
    if verbose:
        for threshold, value in zip(thresholds, values, strict=True):
            print(f"AP @{threshold:.2f}:\t {value:.3f}")
        print(f"AP @{thresholds[0]:.2f}-{thresholds[-1]:.2f}:\t {average:.3f}")
    return average


def compute_recall(pred_boxes, gt_boxes, iou):
    """Computes the share of annotated boxes that some found or proposed box overlaps.

    Args:
        pred_boxes: `[N, (y1, x1, y2, x2)]`.
        gt_boxes: `[M, (y1, x1, y2, x2)]`.
        iou: Float, the smallest overlap that counts; each of `pred_boxes` counts for the box that it overlaps most.

    Returns:
        Tuple of the share, 0 without annotated boxes, and the indices of the `pred_boxes` that overlap as much.
    """
    if not len(gt_boxes):
        return 0.0, np.zeros(0, int)
    overlaps = compute_overlaps(pred_boxes, gt_boxes)
    positive_ids = np.flatnonzero(overlaps.max(axis=1) >= iou)
    return len(set(overlaps[positive_ids].argmax(axis=1).tolist())) / len(gt_boxes), positive_ids


def _flat(masks):
    """[H, W, N] -> [H W, N] float32 of 0 and 1"""
    masks = np.asarray(masks)
    return (masks > 0.5).reshape(math.prod(masks.shape[:-1]), masks.shape[-1]).astype(np.float32)


def _quotient(intersection, union):
    return np.divide(intersection, union, out=np.zeros(np.shape(union)), where=np.asarray(union) > 0)
