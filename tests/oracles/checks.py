"""Holds our model against one file of an oracle."""

import numpy as np

from tests.oracles import compare
from tests.oracles.cases import network_input
from tests.oracles.files import part
from tests.oracles.stages import matterport_stages, tensors_of, torch_stages, xy

MEDIAN = 1e-4  # of a stage's scale
NETWORK_BOX, PHOTOGRAPH_BOX = 0.05, 0.2  # pixels
SHARES = {"proposals": 0.99, "network": 0.99, "photograph": 0.97}
# Matterport's RoIAlign gives 0 where its last sample lies beyond the last cell, and of a RoI that ends at the
# picture's edge rounding alone decides whether it does: such detections come and go, in the original too.
AT_THE_EDGE = 0.9
MASK_IOU = 0.99
KEYPOINT, KEYPOINTS = 0.5, 0.99  # pixels of the photograph, and the share that is as near
# Results, which are compared as sets, and facts about the file.
NO_STAGES = ("proposal", "detection", "rpn_rois", "mrcnn_detection", "final", "image", "input_hw", "resized", "window")
NO_STAGES += ("scale", "padding", "box_head", "anchors_count", "mrcnn_bbox_best_class")


def hold_network(case, name, model):
    """Fed with the oracle's network input: every stage, proposals and detections. Returns {what: figure}."""
    arrays = case.load(name)
    tensors = tensors_of(model, *network_input(case, arrays, model.config))
    if case.kind.startswith("matterport"):
        return _hold_matterport(arrays, matterport_stages(tensors))
    return _hold_torch(arrays, torch_stages(tensors, case.kind.startswith("detectron2")))


def _hold_torch(arrays, stages):
    figures, orders = {}, {}
    for i in range(10):
        if f"proposals_{i}" not in arrays:
            break
        boxes, theirs = stages[f"proposals_{i}"], arrays[f"proposals_{i}"]
        index, far = compare.in_order_of(boxes, theirs)
        figures[f"proposals_{i}"] = _at_least(SHARES["proposals"], far < NETWORK_BOX, f"proposals of picture {i}")
        ours = stages[f"detection_boxes_net_{i}"], stages[f"labels_{i}"], stages[f"scores_{i}"]
        wanted = arrays[f"detection_boxes_net_{i}"], arrays[f"final_labels_{i}"], arrays[f"final_scores_{i}"]
        found = compare.pairs(ours, wanted, NETWORK_BOX)
        figures[f"detections_{i}"] = _share(SHARES["network"], len(found), len(wanted[0]), f"picture {i}")
        if i == 0:
            orders = {"box": (index, far < NETWORK_BOX), "detection": _both(found, len(wanted[0]))}
    for key, theirs in arrays.items():
        if not key.startswith(NO_STAGES):
            group = "detection" if key.startswith(BY_DETECTION) else "box"
            stage = _reordered(stages, orders, group, key)
            figures[key] = _near(key, *stage, theirs)
    return figures


def _hold_matterport(arrays, stages):
    index, far = compare.in_order_of(stages["rpn_rois"], arrays["rpn_rois"])
    near = far < NETWORK_BOX / 300
    figures = {"rpn_rois": _at_least(SHARES["proposals"], near, "proposals")}
    wanted = arrays["mrcnn_detection"][arrays["mrcnn_detection"][:, 4] > 0]
    side = arrays["resized"].shape[0] - 1
    ours, theirs = ((rows[:, :4] * side, rows[:, 4], rows[:, 5]) for rows in (stages["mrcnn_detection"], wanted))
    found = compare.pairs(ours, theirs, NETWORK_BOX)
    figures["mrcnn_detection"] = _share(AT_THE_EDGE, len(found), len(wanted), "the picture")
    inside = (theirs[0] < side).all(axis=1)
    count = sum(bool(inside[row]) for row, _ in found)
    figures["not at the edge"] = _share(SHARES["network"], count, int(inside.sum()), "what does not end at the edge")
    orders = {"box": (index, near), "detection": _both(found, len(wanted))}
    for key, theirs in arrays.items():
        if key == "rpn_class_logits":
            theirs = theirs[:, 1] - theirs[:, 0]
        if key.startswith(NO_STAGES):
            continue
        if key == "anchors_last":
            figures[key] = _near(key, stages["anchors"][-len(theirs) :], None, theirs)
        elif key == "anchors_first":
            figures[key] = _near(key, stages["anchors"], None, theirs)
        else:
            group = "detection" if "mask" in key else "box"
            figures[key] = _near(key, *_reordered(stages, orders, group, key), theirs)
    return figures


BY_DETECTION = ("mask_", "keypoint_")
BY_ROI = ("box_", *BY_DETECTION, "roi_align", "mrcnn_")


def _reordered(stages, orders, group, key):
    """The part of our stages that `key` names, rows in the oracle's order -> (array, which rows count or None)."""
    if not key.startswith(BY_ROI):
        return part(key, stages), None
    index, good = orders[group]
    return part(key, {name: stage[index] for name, stage in stages.items() if _has_rows(stage, index)}), good


def _has_rows(stage, index):
    return stage is not None and len(stage) > max(index, default=-1)


def _near(key, ours, good, theirs):
    ours = ours[: len(theirs)]
    if good is not None:
        assert good[: len(theirs)].any(), key
        ours, theirs = ours[good[: len(theirs)]], theirs[good[: len(theirs)]]
    found = compare.difference(ours, theirs)
    assert found < MEDIAN, f"{key}: median difference {found:.1e} of its scale"
    return found


def _both(found, count):
    """(index in theirs, in ours) pairs -> our index for each of theirs (0 where there is none), which there are."""
    index, good = np.zeros(count, int), np.zeros(count, bool)
    for theirs, ours in found:
        index[theirs], good[theirs] = ours, True
    return index, good


def _at_least(share, good, what):
    return _share(share, int(good.sum()), len(good), what)


def _share(share, good, count, what):
    assert good >= share * count, f"{what}: {good} of {count} are the same"
    return good, count


def hold_photographs(case, name, model):
    """model.detect on the oracle's photographs: boxes, classes, scores, masks or keypoints. Returns {what: figure}."""
    arrays, figures = case.load(name), {}
    last = int(case.kind.startswith("detectron2"))
    for i in range(10):
        matterport = case.kind.startswith("matterport")
        picture = "image" if matterport else f"image_{i}"
        if picture not in arrays or (matterport and i):
            break
        (found,) = model.detect([arrays[picture]])
        if matterport:
            wanted = arrays["final_rois"].astype(float), arrays["final_class_ids"], arrays["final_scores"]
        else:
            wanted = xy(arrays[f"final_boxes_{i}"]), arrays[f"final_labels_{i}"] + last, arrays[f"final_scores_{i}"]
        matched = compare.pairs((found.boxes, found.class_ids, found.scores), wanted, PHOTOGRAPH_BOX)
        share = AT_THE_EDGE if matterport else SHARES["photograph"]
        figures[picture] = _share(share, len(matched), len(wanted[0]), picture)
        if matterport:
            steady = arrays["mrcnn_detection_steady"][: len(wanted[0])]
            figures["of the steady ones"] = sum(bool(steady[row]) for row, _ in matched), int(steady.sum())
        if found.keypoints is not None:
            figures |= _keypoints(arrays, i, matched, found.keypoints)
            continue
        end = "" if matterport else f"_{i}"
        masks = compare.unpacked(arrays[f"final_masks_bits{end}"], arrays[f"final_masks_shape{end}"])
        ious = compare.mask_ious(matched, found, masks)
        assert ious.mean() >= MASK_IOU, f"{picture}: masks have a mean IoU of {ious.mean():.4f}"
        figures[f"{picture} mask IoU"] = float(ious.mean())
    return figures


def _keypoints(arrays, i, matched, found):
    """Points and scores [N, K, (y, x, score)] of the matched detections against the picture's."""
    theirs, ours = (np.array(rows, int) for rows in zip(*matched, strict=True))
    points, scores = arrays[f"final_keypoints_{i}"][theirs][..., 1::-1], arrays[f"final_keypoints_scores_{i}"][theirs]
    near = np.abs(found[ours][..., :2] - points).max(axis=-1) <= KEYPOINT
    share = _at_least(KEYPOINTS, near.reshape(-1), f"keypoints of picture {i}")
    return {f"keypoints_{i}": share, f"keypoint_scores_{i}": _near("scores", found[ours][..., 2], None, scores)}
