"""From one picture of a dataset to what the network is trained on, in plain numpy."""

import dataclasses

import cv2
import numpy as np

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.resize import plan_resize, resize_image


def load_sample(dataset, config, image_id, rng=None):
    """Picture `image_id` of a Dataset in network pixels -> dict of arrays, as make_pipeline describes them, unpadded.

    `rng`, a numpy Generator, draws the augmentation, the window of mode "crop", and which objects are kept if there are
    more than MAX_GT_INSTANCES. Without it, the picture is not augmented, the window lies in the middle, and the first
    objects are kept. Raises UserError for a picture or annotations that cannot be read, for boxes where masks are
    needed, and for a wrong number of keypoints.
    """
    image, found = dataset.load_example(image_id)
    if config.MASKS and found.mask_crops is None and len(found):
        raise UserError(
            f"{dataset.image_name(image_id)} has boxes but no masks; train without masks: --set MASKS=False"
        )
    if config.NUM_KEYPOINTS:
        check_keypoints(dataset, config.NUM_KEYPOINTS)
    else:
        found = dataclasses.replace(found, keypoints=None)
    # Two Detections move with the picture: its instances and its proposals.
    moved = [augment.tighten(found)]
    if config.PROPOSALS == "given":
        boxes = dataset.load_proposals(image_id)
        moved.append(Detections(found.size, boxes, np.ones(len(boxes), np.int32)))
    if rng is not None:
        pairs = config.KEYPOINT_FLIP_PAIRS or (dataset.keypoint_layout.flip_pairs if config.NUM_KEYPOINTS else ())
        image, moved = _turn(image, moved, config, pairs, rng)
    image, resize, moved = _to_network(image, moved, config, rng)
    if rng is not None and config.AUGMENT_BRIGHTNESS:
        factors = rng.uniform(1 - config.AUGMENT_BRIGHTNESS, 1 + config.AUGMENT_BRIGHTNESS, 2)
        image[resize.window] = augment.adjust_colours(image[resize.window], *factors)
    found = _limit(moved[0], config.MAX_GT_INSTANCES, rng)
    sample = {
        "image": image,
        "image_size": np.array(resize.resized, np.int32),
        "gt_boxes": resize.boxes_to_network(found.boxes),
        "gt_class_ids": found.class_ids,
    }
    if config.MASKS:
        masks = np.zeros((len(found), *config.MINI_MASK_SHAPE), np.uint8)  # stays 0 for an object with a box only
        for i in np.flatnonzero(found.has_mask):
            masks[i] = mini_mask(found.mask_crops[i].bits, config.MINI_MASK_SHAPE)
        sample["gt_masks"] = masks
    if config.PROPOSALS == "given":
        sample["proposals"] = resize.boxes_to_network(moved[1].boxes)
    if config.NUM_KEYPOINTS:
        sample["gt_keypoints"] = augment.move_keypoints(found.keypoints, resize.scale, resize.offset)
    return sample


def check_keypoints(dataset, count):
    """Checks the number of keypoints of a dataset.

    Args:
        dataset: `Dataset`.
        count: Integer, the keypoints that each object should have.

    Raises:
        UserError: If the objects have another number of keypoints.
    """
    theirs = len(dataset.keypoint_layout or ())
    if theirs != count:
        raise UserError(
            f"the dataset has {theirs or 'no'} keypoints per object but NUM_KEYPOINTS is {count}; set "
            f"NUM_KEYPOINTS={theirs}"
        )


def mini_mask(bits, shape):
    """A mask in its box, [h, w] bool -> `shape` uint8, 0..255.

    Along an axis that shrinks, a cell gets the share that the mask covers; along one that grows, values are
    interpolated between pixel centres.
    """
    soft = np.where(bits, np.uint8(255), np.uint8(0))
    for height, width in ((shape[0], bits.shape[1]), shape):  # first the rows, then the columns
        shrinks = height < soft.shape[0] or width < soft.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        soft = cv2.resize(soft, (width, height), interpolation=how)
    return soft


def _turn(image, moved, config, pairs, rng):
    """Flips and quarter turns; in a flip, the keypoints of `pairs` change places.

    The same numbers are drawn whatever the settings are, so that later draws agree.
    """
    flip_lr, flip_ud = rng.random(2) < (config.AUGMENT_FLIP_LR, config.AUGMENT_FLIP_UD)
    turns = int(rng.integers(4))
    if flip_lr:
        image, moved = _change(augment.flip_lr, image, moved, pairs)
    if flip_ud:
        image, moved = _change(augment.flip_ud, image, moved, pairs)
    return _change(augment.rot90, image, moved, turns) if config.AUGMENT_ROT90 else (image, moved)


def _change(change, image, moved, *how):
    """Applies a function of augment.py to a picture and each Detections in it -> image, list of Detections."""
    changed = [change(image, found, *how) for found in moved]
    return changed[0][0], [found for _, found in changed]


def _to_network(image, moved, config, rng):
    """-> image [H, W, 3] uint8 padded with zeros, Resize, the Detections in pixels before resizing.

    A picture that would become larger than the network's is cropped to a window before it is resized.
    """
    plan, mode, side = config.resize_options(), config.IMAGE_RESIZE_MODE, config.IMAGE_MAX_DIM
    jitter = 1.0 if rng is None else rng.uniform(*config.AUGMENT_SCALE)
    if mode == "crop" or jitter != 1:
        found, scale = moved[0], config.IMAGE_SCALE
        if mode != "crop":
            planned = plan_resize(*found.size, **plan)
            scale = max(planned.resized) / max(planned.original)
        scale *= jitter
        window = [max(1, int(side / scale))] * 2
        if rng is None:
            top, left = (max(0, whole - part) // 2 for whole, part in zip(found.size, window, strict=True))
        else:
            top, left = augment.choose_window(found.size, window, found.boxes[found.class_ids > 0], rng)
        image, moved = _change(augment.crop, image, moved, top, left, *window)
        multiple = config.IMAGE_PAD_MULTIPLE if mode == "fit" else side
        plan |= {"mode": "crop", "scale": scale, "multiple": multiple, "limit": side}
    return *resize_image(image, antialias=config.RESIZE_ANTIALIAS, **plan), moved


def _limit(found, count, rng):
    """At most `count` instances in their order: a random choice, or the first ones without `rng`."""
    if len(found) <= count:
        return found
    return found[:count] if rng is None else found[np.sort(rng.choice(len(found), count, replace=False))]
