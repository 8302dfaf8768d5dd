"""The outputs of our model, under the names and in the layout of the oracles.

The torch kinds have channels first, boxes (x1, y1, x2, y2) and, in Detectron2, the background as the last class;
Matterport has channels last and boxes as shares of the picture's last pixel index.
"""

import numpy as np

TENSORS = (
    "normalized",
    "stages",
    "pyramid",
    "anchors",
    "rpn_logits",
    "rpn_deltas",
    "proposals",
    "box_features",
    "class_logits",
    "box_deltas",
    "detections",
)


def tensors_of(model, images, sizes):
    """The tensors of the inference mode as numpy. images [B, H, W, 3] RGB 0..255, sizes [B, 2] of their real parts."""
    heads = [branch.name for branch in model.network.roi_heads.branches]
    names = [*TENSORS, *(f"{head}_{what}" for head in heads for what in ("features", "logits"))]
    found = model.inference_tensors(*names)({"image": images.astype(np.float32), "image_size": sizes})
    return {name: _numpy(value) for name, value in found.items()}


def _numpy(value):
    if isinstance(value, dict):
        return {name: np.asarray(part) for name, part in value.items()}
    return [np.asarray(part) for part in value] if isinstance(value, (list, tuple)) else np.asarray(value)


def torch_stages(tensors, background_last):
    """{stage: array} of the first picture, and of all pictures what ends with the picture's number.

    Rows of proposals and detections are our own: see compare.in_order_of.
    """
    stages = {"input": _channels_first(tensors["normalized"])}
    for number, stage in enumerate(tensors["stages"], start=2):
        stages[f"body_c{number}"] = _channels_first(stage)
    for number, level in enumerate(tensors["pyramid"], start=2):
        stages[f"fpn_p{number}"] = _channels_first(level)
        size = (*level.shape[:3], -1)
        stages[f"rpn_objectness_p{number}"] = _channels_first(tensors["rpn_logits"][number - 2].reshape(size))
        stages[f"rpn_deltas_p{number}"] = _channels_first(xy(tensors["rpn_deltas"][number - 2]).reshape(size))
    stages["anchors"] = xy(np.concatenate(tensors["anchors"]))
    logits, deltas = tensors["class_logits"][0], xy(tensors["box_deltas"][0])
    if background_last:
        logits, deltas = np.roll(logits, -1, axis=1), deltas[:, 1:]
        stages["input"] = stages["input"][:, ::-1]
    stages |= {"box_logits": logits, "box_deltas": deltas.reshape(len(deltas), -1)}
    stages["box_pool"] = _channels_first(tensors["box_features"][0])
    found = tensors["detections"]
    if "mask_logits" in tensors:
        masks = _channels_first(tensors["mask_logits"])[:, int(background_last) :]
        own = found["class_ids"][0][found["class_ids"][0] > 0] - background_last
        stages |= {"mask_pool": _channels_first(tensors["mask_features"]), "mask_logits_all_classes": masks}
        stages["mask_logits_own_class"] = masks[np.arange(len(own)), own] if len(found["boxes"]) == 1 else None
    if "keypoint_logits" in tensors:
        stages["keypoint_pool"] = _channels_first(tensors["keypoint_features"])
        stages["keypoint_logits"] = _channels_first(tensors["keypoint_logits"])
    for i in range(len(found["boxes"])):
        real = found["class_ids"][i] > 0
        stages[f"proposals_{i}"] = xy(_real(tensors["proposals"][i]))
        stages[f"detection_boxes_net_{i}"] = xy(found["boxes"][i][real])
        stages[f"labels_{i}"] = found["class_ids"][i][real] - background_last
        stages[f"scores_{i}"] = found["scores"][i][real]
    return stages


def matterport_stages(tensors):
    """{stage: array} of the one picture."""
    side = tensors["normalized"].shape[1] - 1
    stages = {"molded": tensors["normalized"][0]}
    stages |= {f"c{number}": stage[0] for number, stage in enumerate(tensors["stages"], start=2)}
    stages |= {f"p{number}": level[0] for number, level in enumerate(tensors["pyramid"], start=2)}
    stages["anchors"] = np.concatenate(tensors["anchors"]) / side
    stages["rpn_class_logits"] = np.concatenate(tensors["rpn_logits"], axis=1)[0]
    stages["rpn_bbox"] = np.concatenate(tensors["rpn_deltas"], axis=1)[0]
    stages["rpn_rois"] = _real(tensors["proposals"][0]) / side
    stages["roi_align_classifier"] = tensors["box_features"][0]
    logits = tensors["class_logits"][0].astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    stages["mrcnn_class"] = odds / odds.sum(axis=1, keepdims=True)
    stages["mrcnn_bbox"] = tensors["box_deltas"][0]
    found = tensors["detections"]
    real = found["class_ids"][0] > 0
    classes = found["class_ids"][0][real]
    stages["mrcnn_detection"] = np.concatenate(
        [found["boxes"][0][real] / side, classes[:, None], found["scores"][0][real][:, None]], axis=1
    )
    stages["roi_align_mask"] = tensors["mask_features"]
    logits = tensors["mask_logits"][np.arange(len(classes)), :, :, classes]
    stages["mrcnn_mask_own_class"] = 1 / (1 + np.exp(-logits))
    return stages


def xy(boxes):
    """[..., (y, x, h, w)] -> [..., (x, y, w, h)], or back."""
    return boxes[..., [1, 0, 3, 2]]


def _channels_first(array):
    return np.moveaxis(array, -1, 1)


def _real(boxes):
    """Without the zeros behind the last proposal."""
    return boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
