"""Everything between a photograph and its detections, for the functions that draw it."""

import numpy as np

from mrcnn_keras.pictures import as_picture

ALWAYS = ("normalized", "stages", "pyramid", "proposals", "box_features", "class_logits", "box_deltas", "detections")
OF_DETECTIONS = {"MASKS": ("mask_features", "mask_logits"), "NUM_KEYPOINTS": ("keypoint_features", "keypoint_logits")}
UNBATCHED = ("anchors", *(name for names in OF_DETECTIONS.values() for name in names))  # the same for all, or in a list
BOXES = {"anchors", "refined_anchors", "proposals", "refined_proposals"}


def network_stages(model, image, proposals=None):
    """Runs a model on one photograph, and returns what is between its parts, without the axis of the batch.

        seen = mk.visualize.network_stages(model, image)
        mk.visualize.draw_anchors(seen["image"], seen["anchors"])
        mk.visualize.draw_proposals(seen["image"], seen["refined_anchors"], seen["anchors"], seen["rpn_scores"])
        mk.visualize.display_feature_maps(seen["pyramid"])

    Args:
        model: `MaskRCNN`.
        image: `[H, W, 3]` uint8 RGB, or what else `MaskRCNN.detect` takes as a picture.
        proposals: `[N, (y1, x1, y2, x2)]`, pixels of the photograph, for a model that takes them.

    Returns:
        Dict of arrays. All boxes are in pixels of `image`, the network's picture `[h, w, 3]` uint8. From
        `MaskRCNN.inference_tensors`: `normalized`, `stages` and `pyramid` (lists), `anchors`, `rpn_logits`,
        `rpn_deltas` (lists over levels; not with given proposals), `proposals` `[R, 4]`, `box_features`,
        `class_logits`, `box_deltas`, `detections` (a dict), and where there are such heads `mask_features`,
        `mask_logits`, `keypoint_features` and `keypoint_logits`. Beside them, of the RPN `rpn_scores` and
        `refined_anchors` (lists, before NMS), and of the box head `class_ids` `[R]`, the most probable class of each
        proposal, `class_probs` `[R, C]`, and `refined_proposals` `[R, 4]`, before NMS.
    """
    from mrcnn_keras.ops import boxes as box_ops  # these bring TensorFlow, which the commands for data do without
    from mrcnn_keras.ops import images as image_ops

    config = model.config
    image = as_picture(image)
    resized, network, offset = image_ops.plan_resize(*image.shape[:2], **config.resize_options())
    picture = image_ops.resize_images(image[None], resized, network, offset, config.resize_method())
    inputs = {"image": picture, "image_size": resized[None]}
    names = [*ALWAYS, *(name for used, own in OF_DETECTIONS.items() if getattr(config, used) for name in own)]
    if model.takes_proposals:
        boxes = np.asarray(proposals, np.float32)[None]
        inputs["proposals"] = image_ops.boxes_to_network(boxes, image.shape[:2], resized, offset)
    else:
        names += ["anchors", "rpn_logits", "rpn_deltas"]
    tensors = model.inference_tensors(*names)(inputs)
    seen = {name: _numpy(value, name not in UNBATCHED) for name, value in tensors.items()}
    seen["image"] = np.rint(np.clip(picture[0].numpy(), 0, 255)).astype(np.uint8)
    if not model.takes_proposals:
        seen["rpn_scores"] = [1 / (1 + np.exp(-logits)) for logits in seen["rpn_logits"]]
        pairs = zip(seen["rpn_deltas"], seen["anchors"], strict=True)
        seen["refined_anchors"] = [box_ops.decode(d, a, config.RPN_BBOX_STD_DEV).numpy() for d, a in pairs]
    seen |= _refined(seen, config.BBOX_STD_DEV)
    corners = box_ops.CORNERS[config.BOX_CORNERS]
    for name in seen.keys() & BOXES:
        boxes = seen[name]
        seen[name] = [_edges(level, corners) for level in boxes] if isinstance(boxes, list) else _edges(boxes, corners)
    seen["detections"]["boxes"] = _edges(seen["detections"]["boxes"], corners)
    return seen


def _refined(seen, std_dev):
    """What the box head makes of the proposals, by their most probable class."""
    from mrcnn_keras.ops import boxes as box_ops

    logits, deltas = seen["class_logits"], seen["box_deltas"]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    ids = shares.argmax(axis=1)
    ids = np.where(seen["proposals"].any(axis=1), ids, 0)  # of padding none
    of_class = deltas[np.arange(len(ids)), np.minimum(ids, deltas.shape[1] - 1)]
    boxes = box_ops.decode(of_class, seen["proposals"], std_dev).numpy()
    return {"class_probs": shares, "class_ids": ids, "refined_proposals": boxes}


def _edges(boxes, corners):
    """Boxes by the network's rule -> their edges; rows of zeros stay, as they are padding."""
    return np.where(boxes.any(axis=1, keepdims=True), boxes + np.array(corners, boxes.dtype), 0)


def _numpy(value, batched):
    if isinstance(value, dict):
        return {name: _numpy(part, batched) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numpy(part, batched) for part in value]
    value = np.asarray(value)
    return value[0] if batched else value
