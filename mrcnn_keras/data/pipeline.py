"""Batches for training and validation, as a tf.data.Dataset that can begin at any step.

Sample n of the endless training stream is a function of the seed and n alone, since its picture and its augmentation
are drawn by generators of its own. So an interrupted training goes on with exactly the batches that it would have had.
"""

import os
import re

import numpy as np
import tensorflow as tf

from mrcnn_keras.data.augment import check_hook
from mrcnn_keras.data.calls_at_exit import CallsAtExit
from mrcnn_keras.data.class_matching import match_classes
from mrcnn_keras.data.dataset import SubsetOfDataset
from mrcnn_keras.data.order import PictureOrder, repeat_factors
from mrcnn_keras.data.sample import check_keypoints, load_sample
from mrcnn_keras.errors import UserError

PREFETCH = 2  # batches made ahead
MAX_WORKERS = 4  # threads, unless the caller says otherwise
REMEMBERED = 256 * 2**20  # bytes of mask bits that are kept; what comes later is read again each time
# Purposes of the random generators, whose numbers must not coincide.
_ORDER, _SAMPLE = 0, 1
_CALLS = CallsAtExit()


def make_pipeline(dataset, config, *, training=True, seed=0, start_step=0, workers=None, augment=None, shard=None):
    """Makes batches of the pictures of a dataset.

    A mistake in a picture surfaces when its batch is made, as a `tf.errors.OpError`; see `take_error`.

    Args:
        dataset: `Dataset`.
        config: `Config`; its IMAGE_, AUGMENT_ and other settings say how pictures are prepared.
        training: Boolean. If `True`, batches are endless and all full, with every picture augmented and shown once per
            pass in a new order (more often where REPEAT_THRESHOLD says so); `fit` of a `MaskRCNN` ends an epoch after
            `pipeline.steps_per_epoch` steps (the setting STEPS_PER_EPOCH, or as many as one pass needs), unless it is
            given another number. If `False`, the pictures come once, in order, without augmentation; the last batch may
            be smaller, and resize mode "crop" shows their middle.
        seed: Integer, of the order and the augmentation.
        start_step: Integer, the batches left out at the start; the rest is as if they had been taken.
        workers: Integer, threads that load pictures, or `None` for one per core, at most 4.
        augment: A further augmentation of training pictures: a function of the form of an `albumentations.Compose`,
            called with `image`, `masks`, `bboxes` and, where the model has keypoints, `keypoints`, before those of the
            settings; docs/augmentation.md says what it gets and returns.
        shard: For one of several processes that share each batch, its `Shard`, or `None`. Batches are then those of its
            devices, one after the other, as tf.distribute takes them, and the last ones perhaps without pictures.

    Returns:
        `tf.data.Dataset` of dicts. G is the largest number of objects in the batch, at least 1. H and W are
        IMAGE_MAX_DIM in the modes "square" and "crop", otherwise those of the batch's largest picture.

        - `image`: `[B, H, W, 3]` uint8, RGB, padded with zeros.
        - `image_size`: `[B, (height, width)]` int32, of the part that is not padding.
        - `gt_boxes`: `[B, G, (y1, x1, y2, x2)]` float32 in network pixels, tight around the masks.
        - `gt_class_ids`: `[B, G]` int32, 0 in padding, negative for crowd regions.
        - `gt_masks`: `[B, G, h, w]` uint8, 0 to 255, the share of each cell of the box that the mask covers; all 0 for
          an object with a box only, which the mask loss skips; absent if MASKS is False.
        - `proposals`: `[B, R, (y1, x1, y2, x2)]` float32 in network pixels, zeros in padding; only if PROPOSALS is
          "given".
        - `gt_keypoints`: `[B, G, K, (y, x, visibility)]` float32 in network pixels; absent if NUM_KEYPOINTS is 0.

    Raises:
        UserError: If the dataset does not fit the config.
    """
    if not dataset.num_images:
        raise UserError("the dataset has no picture; add some, or check the folder that it was loaded from")
    if dataset.num_classes > config.NUM_CLASSES:
        raise UserError(
            f"the dataset has {dataset.num_classes} classes including the background but NUM_CLASSES is "
            f"{config.NUM_CLASSES}; set NUM_CLASSES={dataset.num_classes}"
        )
    if config.CLASS_NAMES:
        cure = "make a model with the classes of the data"
        dataset = match_classes(dataset, config.CLASS_NAMES, "the data have", "the model has", cure)
    if seed < 0 or start_step < 0:
        raise UserError(f"seed {seed} and start_step {start_step}: give whole numbers from 0 on")
    if config.NUM_KEYPOINTS:
        check_keypoints(dataset, config.NUM_KEYPOINTS)
    check_hook(augment, config)
    if training:
        dataset, order = RememberedDataset(dataset), training_order(dataset, config, seed)
    side = None if config.IMAGE_RESIZE_MODE == "fit" else config.IMAGE_MAX_DIM
    shapes = {"image": (side, side, 3), "image_size": (2,), "gt_boxes": (None, 4), "gt_class_ids": (None,)}
    types = {"image": tf.uint8, "image_size": tf.int32, "gt_boxes": tf.float32, "gt_class_ids": tf.int32}
    if config.MASKS:
        shapes["gt_masks"], types["gt_masks"] = (None, *config.MINI_MASK_SHAPE), tf.uint8
    if config.PROPOSALS == "given":
        shapes["proposals"], types["proposals"] = (None, 4), tf.float32
    if config.NUM_KEYPOINTS:
        shapes["gt_keypoints"], types["gt_keypoints"] = (None, config.NUM_KEYPOINTS, 3), tf.float32

    def arrays(number):
        number = int(number)
        with _CALLS:
            if training:
                sample = load_sample(
                    dataset, config, order.image_id(number), np.random.default_rng([seed, _SAMPLE, number]), augment
                )
            else:
                sample = load_sample(dataset, config, number)
            return [sample[name] if name.startswith("image") else _at_least_one(sample[name]) for name in shapes]

    def tensors(number):
        values = tf.numpy_function(arrays, [number], list(types.values()), stateful=False)
        named = zip(shapes, values, strict=True)
        return {name: tf.ensure_shape(value, shapes[name]) for name, value in named}

    part = config.BATCH_SIZE, start_step, None if training else dataset.num_images
    start = start_step * config.BATCH_SIZE
    counted = tf.data.Dataset.counter(start) if training else tf.data.Dataset.range(start, dataset.num_images)
    counted = shard.numbers(*part) if shard else counted
    size = shard.size(config.BATCH_SIZE) if shard else config.BATCH_SIZE
    workers = workers or min(MAX_WORKERS, os.cpu_count() or 1)
    samples = counted.map(tensors, num_parallel_calls=workers, deterministic=True)
    batches = samples.padded_batch(size, shapes, drop_remainder=training)
    batches = batches if training or not shard else shard.without_filling(batches, *part)
    batches = without_tuning(batches.prefetch(PREFETCH))
    if training:
        batches.steps_per_epoch = epoch_length(order.per_epoch, config)
    return batches


def without_tuning(dataset):
    """Keeps the numbers of threads and batches of a dataset as they are given.

    TensorFlow's thread for tuning does not end until it next wakes, up to a minute after the last batch.

    Args:
        dataset: `tf.data.Dataset`.

    Returns:
        `tf.data.Dataset` of the same elements.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def epoch_length(num_images, config):
    """Returns the steps of an epoch: the setting STEPS_PER_EPOCH, or as many as show all pictures.

    Args:
        num_images: Integer, the pictures that one pass shows.
        config: `Config`.

    Returns:
        Integer.
    """
    return config.STEPS_PER_EPOCH or -(-num_images // config.BATCH_SIZE)


class RememberedDataset(SubsetOfDataset):
    """A dataset whose annotations are decoded once, since decoding masks takes a good part of a training step.

    It keeps the Detections of load_annotations, up to REMEMBERED bytes of masks.
    """

    def __init__(self, dataset):
        super().__init__(dataset, dataset.image_ids)
        self._kept, self._bytes = {}, 0

    def load_annotations(self, image_id):
        image_id = int(image_id)
        found = self._kept.get(image_id)
        if found is None:
            found = super().load_annotations(image_id)
            crops = [crop for crop in found.mask_crops or () if crop is not None]
            size = sum(crop.bits.nbytes for crop in crops) + 200 * (1 + len(found))
            size += 0 if found.keypoints is None else found.keypoints.nbytes
            if self._bytes + size <= REMEMBERED:
                self._kept[image_id] = found
                self._bytes += size
        return found


def training_order(dataset, config, seed):
    """Returns which pictures a training pipeline shows, one after the other.

    Args:
        dataset: `Dataset`.
        config: `Config`.
        seed: Integer, as in `make_pipeline`.

    Returns:
        `PictureOrder`: sample n shows picture `order.image_id(n)`, and a pass has `order.per_epoch` pictures.
    """
    repeats = repeat_factors(dataset, config.REPEAT_THRESHOLD)
    return PictureOrder(dataset.num_images, seed, _ORDER, repeats)


def take_error(exception):
    """Finds the user's mistake in the error that ended a pipeline.

    ```python
    try:
        model.fit(make_pipeline(data, config), epochs=3)
    except tf.errors.OpError as error:
        raise take_error(error) or error
    ```

    Args:
        exception: The exception, such as a `tf.errors.OpError`.

    Returns:
        The `UserError` behind it, or `None` if there is none.
    """
    # TensorFlow keeps only name and text of a Python exception, in front of its traceback.
    match = re.search(r"\bUserError: (.+?)\n+Traceback ", str(exception), re.DOTALL)
    return UserError(match[1]) if match else None


def _at_least_one(values):
    """[G, ...], or one row of zeros (class 0 is padding) for a picture without objects."""
    return values if len(values) else np.zeros((1, *values.shape[1:]), values.dtype)
