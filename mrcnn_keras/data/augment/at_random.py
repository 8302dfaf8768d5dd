"""Which changes a sample of the training stream gets: the settings AUGMENT_, drawn.

Each function gets a numpy Generator of its own, so that one setting does not change what the others draw.
"""

import numpy as np

from mrcnn_keras.data.augment.affine import turning_matrix, warp
from mrcnn_keras.data.augment.colours import adjust_colours, shift_colours
from mrcnn_keras.data.augment.flips import flip_lr, flip_ud, rot90
from mrcnn_keras.data.augment.pasting import paste_objects
from mrcnn_keras.data.augment.sharpness import add_noise, blur_image

PASTED_SHARE = 0.5  # of the objects of the other picture (Ghiasi et al.: a random subset), but at least one
PASTED_SCALE = (0.7, 1.4)  # a random factor on their size, besides that which makes the pictures equally large


def change(how, image, moved, *arguments):
    """Applies a move to a picture and each Detections in it -> image, list of Detections."""
    changed = [how(image, found, *arguments) for found in moved]
    return changed[0][0], [found for _, found in changed]


def flip_at_random(image, moved, config, pairs, rng):
    """Flips and quarter turns; in a flip, the keypoints of `pairs` change places.

    The same numbers are drawn whatever the settings are, so that later draws agree.
    """
    flips_lr, flips_ud = rng.random(2) < (config.AUGMENT_FLIP_LR, config.AUGMENT_FLIP_UD)
    turns = int(rng.integers(4))
    if flips_lr:
        image, moved = change(flip_lr, image, moved, pairs)
    if flips_ud:
        image, moved = change(flip_ud, image, moved, pairs)
    return change(rot90, image, moved, turns) if config.AUGMENT_ROT90 else (image, moved)


def turn_at_random(image, moved, config, rng):
    """Free rotation and shear about the middle; the corners that come in have the colour of the padding."""
    angle, *shear = rng.uniform(-1, 1, 3) * (config.AUGMENT_ROTATE, config.AUGMENT_SHEAR, config.AUGMENT_SHEAR)
    if not config.AUGMENT_ROTATE and not config.AUGMENT_SHEAR:
        return image, moved
    fill = np.rint(config.MEAN_PIXEL) if config.IMAGE_PAD_COLOUR == "mean" else np.zeros(3)
    return change(warp, image, moved, turning_matrix(moved[0].size, angle, shear), None, fill)


def paste_at_random(image, found, config, pairs, rng, load_other):
    """Some objects of another picture in front of this one's, at a random place and of a random size.

    load_other: a function of the Generator that returns a picture and its Detections.
    """
    if not rng.random() < config.AUGMENT_COPY_PASTE:
        return image, found
    source, other = load_other(rng)
    candidates = np.flatnonzero(other.has_mask & (other.class_ids > 0))
    if not len(candidates):
        return image, found
    chosen = rng.random(len(candidates)) < PASTED_SHARE
    chosen[rng.integers(len(candidates))] = True
    other = other[candidates[chosen]]
    if rng.random() < config.AUGMENT_FLIP_LR:
        source, other = flip_lr(source, other, pairs)
    # In "crop" mode a pixel is as large in all pictures; otherwise each is resized to the same size.
    fitting = 1.0 if config.IMAGE_RESIZE_MODE == "crop" else max(found.size) / max(other.size)
    scale = fitting * rng.uniform(*PASTED_SCALE)
    free = np.array(found.size) - scale * np.array(other.size)
    top, left = np.minimum(free, 0) + rng.random(2) * np.abs(free)
    source, other = warp(source, other, [[scale, 0, left], [0, scale, top]], found.size)
    return paste_objects(image, found, source, other)


def recolour_at_random(image, config, rng, further):
    """Brightness and contrast, hue and saturation, then blur of the lens and noise of the sensor.

    rng: draws AUGMENT_BRIGHTNESS. further: draws the rest.
    """
    if config.AUGMENT_BRIGHTNESS:
        image = adjust_colours(image, *rng.uniform(1 - config.AUGMENT_BRIGHTNESS, 1 + config.AUGMENT_BRIGHTNESS, 2))
    contrast, hue, saturation = further.uniform(-1, 1, 3) * (
        config.AUGMENT_CONTRAST,
        config.AUGMENT_HUE,
        config.AUGMENT_SATURATION,
    )
    blur, noise = further.random(2) * (config.AUGMENT_BLUR, config.AUGMENT_NOISE)
    if config.AUGMENT_CONTRAST:
        image = adjust_colours(image, 1, 1 + contrast)
    if config.AUGMENT_HUE or config.AUGMENT_SATURATION:
        image = shift_colours(image, hue, 1 + saturation)
    if config.AUGMENT_BLUR:
        image = blur_image(image, blur)
    return add_noise(image, noise, further) if config.AUGMENT_NOISE else image
