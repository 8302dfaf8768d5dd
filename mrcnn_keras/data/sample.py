"""From one picture of a dataset to what the network is trained on, in plain numpy."""

import dataclasses

import cv2
import numpy as np

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.resize import plan_resize, resize_image


def load_sample(dataset, config, image_id, rng=None, hook=None):
    """Picture `image_id` of a Dataset in network pixels -> dict of arrays, as make_pipeline describes them, unpadded.

    `rng`, a numpy Generator, draws the augmentation, the window of mode "crop", and which objects are kept if there are
    more than MAX_GT_INSTANCES. Without it, the picture is not augmented, the window lies in the middle, and the first
    objects are kept. `hook`: a user's augmentation, see augment.apply_hook. Raises UserError for a picture or
    annotations that cannot be read, for boxes where masks are needed, and for a wrong number of keypoints.
    """
    image, found = _load_example(dataset, config, image_id)
    pairs = ()
    if config.NUM_KEYPOINTS:
        pairs = config.KEYPOINT_FLIP_PAIRS or dataset.keypoint_layout.flip_pairs
    if rng is not None:
        # Separate generators for what was added later, so that the older draws stay as they were.
        pasting, turning, colouring, hooked = rng.spawn(4)
        if config.AUGMENT_COPY_PASTE:
            image, found = augment.paste_at_random(
                image, found, config, pairs, pasting, lambda r: _load_other(dataset, config, image_id, r)
            )
        if hook is not None:
            image, found = augment.apply_hook(hook, image, found, int(hooked.integers(2**32)))
    # Two Detections move with the picture: its instances and its proposals.
    moved = [found]
    if config.PROPOSALS == "given":
        boxes = dataset.load_proposals(image_id)
        moved.append(Detections(found.size, boxes, np.ones(len(boxes), np.int32)))
    if rng is not None:
        image, moved = augment.flip_at_random(image, moved, config, pairs, rng)
        image, moved = augment.turn_at_random(image, moved, config, turning)
    image, resize, moved = _to_network(image, moved, config, rng)
    if rng is not None:
        image[resize.window] = augment.recolour_at_random(image[resize.window], config, rng, colouring)
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


def _load_example(dataset, config, image_id):
    """A picture and its instances with tight boxes, checked, and with keypoints only where the model has some."""
    image, found = dataset.load_example(image_id)
    if config.MASKS and found.mask_crops is None and len(found):
        raise UserError(
            f"{dataset.image_name(image_id)} has boxes but no masks; train without masks: --set MASKS=False"
        )
    if config.NUM_KEYPOINTS:
        check_keypoints(dataset, config.NUM_KEYPOINTS)
    else:
        found = dataclasses.replace(found, keypoints=None)
    return image, augment.tighten(found)


def _load_other(dataset, config, image_id, rng):
    """The example of another picture; of the same one where there is no other."""
    other = int(rng.integers(max(1, dataset.num_images - 1)))
    return _load_example(dataset, config, min(other + (other >= image_id), dataset.num_images - 1))


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


def _to_network(image, moved, config, rng):
    """-> image [H, W, 3] uint8 padded with zeros, Resize, the Detections in pixels before resizing.

    A picture that would become larger than the network's is cropped to a window before it is resized.
    """
    plan, mode, side = config.resize_options(), config.IMAGE_RESIZE_MODE, config.IMAGE_MAX_DIM
    jitter = 1.0 if rng is None else rng.uniform(*config.AUGMENT_SCALE)
    if mode == "crop" or jitter != 1:
        found = moved[0]
        if mode == "crop":
            scale = config.IMAGE_SCALE * (1.0 if rng is None else config.IMAGE_SCALE_TRAINING)
        else:
            planned = plan_resize(*found.size, **plan)
            scale = max(planned.resized) / max(planned.original)
        scale *= jitter
        window = [max(1, int(side / scale))] * 2
        if rng is None:
            top, left = (max(0, whole - part) // 2 for whole, part in zip(found.size, window, strict=True))
        else:
            top, left = augment.choose_window(found.size, window, found.boxes[found.class_ids > 0], rng)
        image, moved = augment.change(augment.crop, image, moved, top, left, *window)
        multiple = config.IMAGE_PAD_MULTIPLE if mode == "fit" else side
        plan |= {"mode": "crop", "scale": scale, "multiple": multiple, "limit": side}
    return *resize_image(image, antialias=config.RESIZE_ANTIALIAS, **plan), moved


def _limit(found, count, rng):
    """At most `count` instances in their order: a random choice, or the first ones without `rng`."""
    if len(found) <= count:
        return found
    return found[:count] if rng is None else found[np.sort(rng.choice(len(found), count, replace=False))]
