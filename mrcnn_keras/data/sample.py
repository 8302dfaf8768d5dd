"""From one picture of a dataset to what the network is trained on, in plain numpy."""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.resize import plan_resize, resize_image


@dataclass(frozen=True)
class SampleSettings:
    """How pictures are prepared for the network; Config explains each setting."""

    mode: str = "square"  # "square", "fit" or "crop"
    min_dim: int = 800
    max_dim: int = 1333
    scale: float = 1.0
    multiple: int = 32
    min_scale: float = 0.0
    rounding: str = "nearest"
    place: str = "end"
    antialias: bool = True
    mask_shape: tuple | None = (56, 56)  # None: without masks
    num_keypoints: int = 0  # 0: without keypoints
    flip_pairs: tuple = ()  # (): those of the dataset
    max_instances: int = 100
    flip_lr: float = 0.0
    flip_ud: float = 0.0
    rot90: bool = False
    scale_range: tuple = (1.0, 1.0)
    brightness: float = 0.0
    proposals: bool = False  # True: with the picture's proposals

    @classmethod
    def of(cls, config):
        """The settings of a Config."""
        return cls(
            mode=config.IMAGE_RESIZE_MODE,
            min_dim=config.IMAGE_MIN_DIM,
            max_dim=config.IMAGE_MAX_DIM,
            scale=config.IMAGE_SCALE,
            multiple=config.IMAGE_PAD_MULTIPLE,
            min_scale=config.IMAGE_MIN_SCALE,
            rounding=config.IMAGE_ROUNDING,
            place=config.IMAGE_PAD_PLACE,
            antialias=config.RESIZE_ANTIALIAS,
            mask_shape=tuple(config.MINI_MASK_SHAPE) if config.MASKS else None,
            num_keypoints=config.NUM_KEYPOINTS,
            flip_pairs=config.KEYPOINT_FLIP_PAIRS,
            max_instances=config.MAX_GT_INSTANCES,
            flip_lr=config.AUGMENT_FLIP_LR,
            flip_ud=config.AUGMENT_FLIP_UD,
            rot90=config.AUGMENT_ROT90,
            scale_range=tuple(config.AUGMENT_SCALE),
            brightness=config.AUGMENT_BRIGHTNESS,
            proposals=config.PROPOSALS == "given",
        )


def load_sample(dataset, settings, image_id, rng=None):
    """Picture `image_id` of a Dataset in network pixels -> dict of arrays, as make_pipeline describes them, unpadded.

    `rng`, a numpy Generator, draws the augmentation, the window of mode "crop", and which objects are kept if there are
    more than `max_instances`. Without it, the picture is not augmented, the window lies in the middle, and the first
    objects are kept. Raises UserError for a picture or annotations that cannot be read, for boxes where masks are
    needed, and for a wrong number of keypoints.
    """
    image, found = dataset.load_example(image_id)
    if settings.mask_shape and found.mask_crops is None:
        raise UserError(
            f"{dataset.image_name(image_id)} has boxes but no masks; train without masks: --set MASKS=False"
        )
    if settings.num_keypoints:
        check_keypoints(dataset, settings.num_keypoints)
    else:
        found = dataclasses.replace(found, keypoints=None)
    # Two Detections move with the picture: its instances and its proposals.
    moved = [augment.tighten(found)]
    if settings.proposals:
        boxes = dataset.load_proposals(image_id)
        moved.append(Detections(found.size, boxes, np.ones(len(boxes), np.int32)))
    if rng is not None:
        pairs = settings.flip_pairs or (dataset.keypoint_layout.flip_pairs if settings.num_keypoints else ())
        image, moved = _turn(image, moved, settings, pairs, rng)
    image, resize, moved = _to_network(image, moved, settings, rng)
    if rng is not None and settings.brightness:
        factors = rng.uniform(1 - settings.brightness, 1 + settings.brightness, 2)
        image[resize.window] = augment.adjust_colours(image[resize.window], *factors)
    found = _limit(moved[0], settings.max_instances, rng)
    sample = {
        "image": image,
        "image_size": np.array(resize.resized, np.int32),
        "gt_boxes": resize.boxes_to_network(found.boxes),
        "gt_class_ids": found.class_ids,
    }
    if settings.mask_shape:
        masks = [mini_mask(crop.bits, settings.mask_shape) for crop in found.mask_crops]
        sample["gt_masks"] = np.stack(masks) if masks else np.zeros((0, *settings.mask_shape), np.uint8)
    if settings.proposals:
        sample["proposals"] = resize.boxes_to_network(moved[1].boxes)
    if settings.num_keypoints:
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


def _turn(image, moved, settings, pairs, rng):
    """Flips and quarter turns; in a flip, the keypoints of `pairs` change places.

    The same numbers are drawn whatever the settings are, so that later draws agree.
    """
    flip_lr, flip_ud = rng.random(2) < (settings.flip_lr, settings.flip_ud)
    turns = int(rng.integers(4))
    if flip_lr:
        image, moved = _change(augment.flip_lr, image, moved, pairs)
    if flip_ud:
        image, moved = _change(augment.flip_ud, image, moved, pairs)
    return _change(augment.rot90, image, moved, turns) if settings.rot90 else (image, moved)


def _change(change, image, moved, *how):
    """Applies a function of augment.py to a picture and each Detections in it -> image, list of Detections."""
    changed = [change(image, found, *how) for found in moved]
    return changed[0][0], [found for _, found in changed]


def _to_network(image, moved, settings, rng):
    """-> image [H, W, 3] uint8 padded with zeros, Resize, the Detections in pixels before resizing.

    A picture that would become larger than the network's is cropped to a window before it is resized.
    """
    plan = {"min_dim": settings.min_dim, "max_dim": settings.max_dim, "min_scale": settings.min_scale}
    plan |= {"rounding": settings.rounding, "place": settings.place}
    jitter = 1.0 if rng is None else rng.uniform(*settings.scale_range)
    if settings.mode != "crop" and jitter == 1:
        plan |= {"mode": settings.mode, "multiple": settings.multiple}
        return *resize_image(image, antialias=settings.antialias, **plan), moved
    found, scale = moved[0], settings.scale
    if settings.mode != "crop":
        planned = plan_resize(*found.size, mode=settings.mode, **plan)
        scale = max(planned.resized) / max(planned.original)
    scale *= jitter
    window = [max(1, int(settings.max_dim / scale))] * 2
    if rng is None:
        top, left = (max(0, side - part) // 2 for side, part in zip(found.size, window, strict=True))
    else:
        top, left = augment.choose_window(found.size, window, found.boxes[found.class_ids > 0], rng)
    image, moved = _change(augment.crop, image, moved, top, left, *window)
    multiple = settings.multiple if settings.mode == "fit" else settings.max_dim
    plan |= {"mode": "crop", "scale": scale, "multiple": multiple, "limit": settings.max_dim}
    return *resize_image(image, antialias=settings.antialias, **plan), moved


def _limit(found, count, rng):
    """At most `count` instances in their order: a random choice, or the first ones without `rng`."""
    if len(found) <= count:
        return found
    return found[:count] if rng is None else found[np.sort(rng.choice(len(found), count, replace=False))]
