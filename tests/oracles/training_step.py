"""One training step of our model with an oracle's samples: the anchors and RoIs that the original drew at random."""

import keras
import numpy as np
import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops
from mrcnn_keras.ops.images import plan_resize, resize_images
from mrcnn_keras.ops.roi_sampling import roi_align
from tests.oracles.stages import xy

LOSSES = {  # our name: (torchvision's, Detectron2's)
    "rpn_class_loss": ("loss_objectness", "loss_rpn_cls"),
    "rpn_bbox_loss": ("loss_rpn_box_reg", "loss_rpn_loc"),
    "mrcnn_class_loss": ("loss_classifier", "loss_cls"),
    "mrcnn_bbox_loss": ("loss_box_reg", "loss_box_reg"),
    "mrcnn_mask_loss": ("loss_mask", "loss_mask"),
    "mrcnn_keypoint_loss": ("loss_keypoint", "loss_keypoint"),
}


def losses_and_gradients(model, arrays, detectron2):
    """-> {our name: loss}, {path of a variable: gradient} for the two pictures of a train.npz."""
    images, sizes = _images(model.config, arrays)
    truths = [_truth(arrays, i, sizes[i], detectron2) for i in range(2)]
    batch = {"image": images, "image_size": sizes, **_rois(arrays, truths, detectron2, model.config.NUM_CLASSES)}
    if model.config.NUM_KEYPOINTS:
        batch["gt_keypoints"] = np.stack([truth[3] for truth in truths])
    network = _network(model, batch["rois"].shape[1])
    inputs = {name: batch[name] for name in network.input}
    with tf.GradientTape() as tape:
        answers = network(inputs, training=True)
        with tape.stop_recording():
            anchors = np.concatenate([np.asarray(level) for level in answers.pop("anchors")])
            targets = _targets(model.config, anchors, batch, arrays, truths, detectron2)
        rpn = answers.pop("rpn_logits"), answers.pop("rpn_deltas")
        picked = model.network.proposal_generator.pick(*rpn, targets.pop("indices"))
        losses = model.losses_of({**answers, **targets, "rpn_logits": picked[0], "rpn_deltas": picked[1]})
        total = tf.add_n(list(losses.values()))
    variables = model.trainable_variables
    gradients = tape.gradient(total, [variable.value for variable in variables])
    found = {v.path: np.asarray(g) for v, g in zip(variables, gradients, strict=True) if g is not None}
    return {name: float(loss) for name, loss in losses.items()}, found


def _network(model, count):
    """The training mode with `count` RoIs per picture from outside."""
    network, heads, inputs = model.network, model.network.roi_heads, model.network.inputs()
    branches = {branch.name: branch for branch in heads.branches}
    positives = {"positive_rois": keras.Input((4,), name="positive_rois")}
    positives["positive_places"] = keras.Input((2,), dtype="int32", name="positive_places")
    for name in ("positive_images", "positive_gt", "positive_class_ids"):
        positives[name] = keras.Input((), dtype="int32", name=name)
    inputs |= {"rois": keras.Input((count, 4), name="rois"), **positives}
    features = network.features(inputs["image"], inputs["image_size"])
    maps = features["pyramid"][:4]
    _, outputs = network.proposal_generator.propose(features, inputs["image"], given=None, training=True)
    pooled = heads.features.pool(maps, inputs["rois"])
    outputs["class_logits"], outputs["box_deltas"] = heads.box_head(pooled)
    if "mask" in branches:
        found = positives["positive_rois"], positives["positive_images"]
        outputs["mask_logits"] = branches["mask"].head(heads.features.pool_detections("mask", maps, *found))
    if "keypoint" in branches:
        inputs["gt_keypoints"] = keras.Input((None, model.config.NUM_KEYPOINTS, 3), name="gt_keypoints")
        chosen, cells = branches["keypoint"].encode(positives, gt_keypoints=inputs["gt_keypoints"])
        keypoints = heads.features.pool_positives("keypoint", maps, pooled, chosen)
        outputs |= {"keypoint_logits": branches["keypoint"].head(keypoints), **cells}
    return keras.Model(inputs, outputs)


def _images(config, arrays):
    """Both photographs resized and padded to one size, RGB 0..255, and the sizes of their real parts."""
    resized = []
    for i in range(2):
        image = arrays[f"image_{i}"]
        size, _, offset = plan_resize(*image.shape[:2], **config.resize_options())
        resized.append(resize_images(image[None], size, size, offset, config.resize_method())[0].numpy())
    sizes = np.array([image.shape[:2] for image in resized], np.int32)
    padded = np.zeros((2, *(-(-sizes.max(axis=0) // 32) * 32), 3), np.float32)
    for image, place in zip(resized, padded, strict=True):
        place[: image.shape[0], : image.shape[1]] = image
    return padded, sizes


def _truth(arrays, i, size, detectron2):
    """Boxes [G, 4], classes [G], masks [G, h, w] and keypoints [G, K, 3] of a picture, network pixels.

    None for masks or keypoints that the file does not have. Its pixels are the photograph's; those of Detectron2's file
    are network pixels already.
    """
    original = size if detectron2 else arrays[f"image_{i}"].shape[:2]
    boxes, masks, keypoints = xy(arrays[f"gt_boxes_{i}"]).astype(np.float64), None, None
    scale = np.array(size) / original
    if f"gt_masks_{i}" in arrays:
        bits = np.unpackbits(arrays[f"gt_masks_{i}"], axis=1)[:, : original[0] * original[1]]
        rows, columns = (
            (np.arange(side) / factor).astype(int).clip(max=whole - 1)
            for side, factor, whole in zip(size, scale, original, strict=True)
        )
        masks = bits.reshape(-1, *original)[:, rows][:, :, columns].astype(np.float32)
    if f"gt_keypoints_{i}" in arrays:
        keypoints = np.float32(arrays[f"gt_keypoints_{i}"][..., [1, 0, 2]] * [*scale, 1])
    return boxes * np.tile(scale, 2), arrays[f"gt_labels_{i}"] + detectron2, masks, keypoints


def _rois(arrays, truths, detectron2, classes):
    """RoIs and their classes, and the positive ones of both pictures in one list, with the objects they matched."""
    rois = np.stack([xy(arrays[f"roi_boxes_{i}"]) for i in range(2)])
    labels = np.stack([arrays[f"roi_labels_{i}"] for i in range(2)])
    if detectron2:
        labels = np.where(labels == classes - 1, 0, labels + 1)
    matched = np.stack([_matched(arrays, i, truths[i]) for i in range(2)])
    images, rows = np.nonzero(labels)
    found = {"rois": rois, "labels": labels, "matched": matched, "positive_rois": rois[images, rows]}
    found |= {"positive_gt": matched[images, rows].astype(np.int32), "positive_class_ids": labels[images, rows]}
    return {**found, "positive_images": images.astype(np.int32), "positive_places": np.stack([images, rows], 1)}


def _matched(arrays, i, truth):
    if f"roi_matched_{i}" in arrays:
        return arrays[f"roi_matched_{i}"]
    far = np.abs(xy(arrays[f"roi_gt_boxes_{i}"])[:, None] - truth[0][None])
    return far.max(axis=-1).argmin(axis=1)


def _targets(config, anchors, batch, arrays, truths, detectron2):
    """The targets of the losses. anchors [A, 4]: of all levels."""
    indices, labels, deltas = [], [], []
    for i, (boxes, *_) in enumerate(truths):
        chosen = _anchor_labels(arrays, i, len(anchors))
        index = np.flatnonzero(chosen >= 0)
        best = box_ops.iou(anchors[index], boxes.astype(np.float32)).numpy().argmax(axis=1)
        indices.append(index)
        labels.append(chosen[index])
        deltas.append(box_ops.encode(boxes[best].astype(np.float32), anchors[index], config.RPN_BBOX_STD_DEV))
    gt = np.stack([truth[0][batch["matched"][i]] for i, truth in enumerate(truths)]).astype(np.float32)
    targets = {
        "indices": np.stack(indices),
        "rpn_labels": np.stack(labels).astype(np.int32),
        "rpn_target_deltas": np.stack(deltas),
        "roi_class_ids": batch["labels"].astype(np.int32),
        "roi_target_deltas": box_ops.encode(gt, batch["rois"].astype(np.float32), config.BBOX_STD_DEV),
    }
    if config.MASKS:
        positives = zip(batch["positive_images"], batch["positive_gt"], batch["positive_rois"], strict=True)
        soft = np.stack([_mask_target(truths[image][2][gt], roi, detectron2) for image, gt, roi in positives])
        targets["mask_targets"] = np.float32(soft >= 0.5) if detectron2 else soft
        targets["mask_class_ids"] = batch["positive_class_ids"].astype(np.int32)
    return targets


def _mask_target(mask, box, aligned):
    """RoIAlign of a mask [h, w] with as many samples as it has pixels: soft values [28, 28]."""
    maps, boxes = [mask[None, :, :, None]], tf.constant(box[None], tf.float32)
    return roi_align(maps, (1,), boxes, tf.zeros([1], tf.int32), 28, sampling=0, aligned=aligned)[0, ..., 0].numpy()


def _anchor_labels(arrays, i, count):
    """[A]: 1 and 0 for the sampled anchors, -1 for the others."""
    if f"anchor_labels_sampled_{i}" in arrays:
        return arrays[f"anchor_labels_sampled_{i}"]
    labels = np.full(count, -1)
    labels[arrays[f"anchor_pos_{i}"]], labels[arrays[f"anchor_neg_{i}"]] = 1, 0
    return labels
