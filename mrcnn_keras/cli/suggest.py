"""Settings that follow from the data: classes, picture size, anchors, number of objects per picture."""

import math
import re
from contextlib import suppress

import numpy as np

from mrcnn_keras.errors import UserError

# Objects whose side is less than this share of the picture's long side are learnt from windows of the picture: shrunk
# to the network's size with the whole picture, they would be a few pixels large. Large objects must fit into a window.
SMALL_SHARE = 0.09
WINDOW = 256  # pixels
# The side of a medium-sized object in the network, in pixels: in a training window, and at detection. A network
# is better at a somewhat larger scale than it has learnt from ("Fixing the train-test resolution discrepancy", Touvron
# et al. 2019); docs/learning.md has what it gains here. Objects below SMALLEST_SIDE are not enlarged further.
LEARNT_SIDE, DETECTED_SIDE = 24, 34
SMALLEST_SIDE = 12  # pixels of the picture
# Proposals per object that a picture may hold: with 2 instead of 4, nuclei lost 0.4 to 0.8 points of AP.
PROPOSALS = 4
# With fewer pictures than this: the augmentation set "few".
FEW = 100
# What is seen through a microscope, by the names of classes; grey pictures are another sign.
MICROSCOPIC = re.compile(r"nucle|mitos|bacteri|\bcells?$|tissue|neuron|embryo|colon(y|ies)", re.IGNORECASE)
LOOKED_AT = 12  # pictures, to see whether they are grey or dark
GREY = 4  # grey levels: the largest mean difference of R, G and B in a picture without colours
# Pictures are stretched if half of them use fewer grey levels than this (but for the darkest 1 %, the brightest 0.2 %).
FEW_LEVELS = 160
PRESET = "resnet18_fpn"  # of a training without --preset and --weights
# Settings that are suggested without a word.
QUIET = ("CLASS_NAMES", "CATEGORY_IDS", "KEYPOINT_NAMES", "KEYPOINT_SKELETON", "KEYPOINT_SIGMAS")


def suggest_for(dataset, config, statistics, chosen=()):
    """As suggest_settings, for a Dataset and its statistics."""
    category_ids = dataset.category_ids[1:]
    if not all(isinstance(i, int) for i in category_ids):
        category_ids = ()
    found = dataset.class_names, category_ids, dataset.keypoint_layout, dataset.has_masks()
    suggested = suggest_settings(config, statistics, *found, chosen)
    windows = suggested.get("IMAGE_RESIZE_MODE", [config.IMAGE_RESIZE_MODE])[0] == "crop"
    if windows and "IMAGE_STRETCH" not in chosen and not config.IMAGE_STRETCH:
        suggested |= _for_grey_levels(dataset)
    return suggested


def suggest_settings(config, statistics, class_names, category_ids=(), keypoint_layout=None, has_masks=True, chosen=()):
    """Returns settings for these data that differ from `config`: {name: (value, reason in a few words)}.

    statistics: Dataset.statistics() of the training pictures. class_names: background first. keypoint_layout: of the
    dataset, None without keypoints. has_masks: False if all objects have a box only. chosen: names of settings that the
    user has set in `config`; they are not changed.
    """
    suggested = {
        "NUM_CLASSES": (len(class_names), ", ".join(class_names[1:6]) + (", ..." if len(class_names) > 6 else "")),
        "CLASS_NAMES": (tuple(class_names), "names in the data"),
        "CATEGORY_IDS": (tuple(category_ids), "ids in the data"),
    }
    if "NUM_KEYPOINTS" not in chosen:
        suggested |= _for_keypoints(config, keypoint_layout)
    if config.MASKS and not has_masks:
        suggested["MASKS"] = (False, "boxes but no masks in the data")
    most = statistics["max_instances"]
    if most > 80:
        limit = math.ceil(1.25 * most / 50) * 50
        proposals, reason = max(config.POST_NMS_ROIS_INFERENCE, PROPOSALS * limit), f"up to {most} objects in a picture"
        suggested["POST_NMS_ROIS_INFERENCE"] = (proposals, reason)
        if proposals > config.PRE_NMS_LIMIT_INFERENCE:  # objects of one size come from one map
            suggested["PRE_NMS_LIMIT_INFERENCE"] = (proposals, reason)
        suggested |= dict.fromkeys(("DETECTION_MAX_INSTANCES", "MAX_GT_INSTANCES"), (max(limit, 100), reason))
    if statistics["instances"]:
        suggested |= _for_sizes(config, statistics, chosen)
    return {name: found for name, found in suggested.items() if name not in chosen}


def suggest_augmentation(dataset, config, statistics):
    """The named set of augmentation for these data, and the reason in a few words.

    dataset: Dataset of training pictures. config: with what the data suggest. statistics: of the dataset.
    """
    count = statistics["images"]
    if config.IMAGE_RESIZE_MODE == "crop":  # windows, in which no side is up
        named = next((name for name in dataset.class_names[1:] if MICROSCOPIC.search(name)), None)
        if named or _mostly_grey(dataset):
            return "microscopy", f"small objects, {f'among them {named}' if named else 'in grey pictures'}"
        return "aerial", "small objects in pictures with colours, so that no side is up"
    if count < FEW and dataset.has_masks():
        return "few", f"{count} picture{'s' * (count != 1)}, fewer than {FEW}"
    boxes = "" if dataset.has_masks() else ", boxes only, which free rotation would make too large"
    return "photos", f"{count} picture{'s' * (count != 1)} of large objects{boxes}"


def _for_grey_levels(dataset):
    """Stretches dark pictures."""
    levels = [np.ptp(np.percentile(image, (1, 99.8))) for image in _looked_at(dataset)]
    middle = np.median(levels) if levels else FEW_LEVELS
    if middle >= FEW_LEVELS:
        return {}
    return {"IMAGE_STRETCH": (True, f"half of the pictures use no more than {middle:.0f} of 256 grey levels")}


def _mostly_grey(dataset):
    """Whether more than half of some pictures have no colours."""
    grey = [np.abs(np.diff(image, axis=2)).mean() < GREY for image in _looked_at(dataset)]
    return sum(grey) > len(grey) / 2


def _looked_at(dataset):
    """Yields every fourth pixel of some pictures, float; those that cannot be read are reported elsewhere."""
    for i in np.linspace(0, dataset.num_images - 1, min(LOOKED_AT, dataset.num_images)).astype(int):
        with suppress(UserError):
            yield dataset.load_image(i)[::4, ::4].astype(float)


def _for_keypoints(config, layout):
    """The keypoints of the data; none if the model would have some and the data do not."""
    if layout is None:
        return {"NUM_KEYPOINTS": (0, "no keypoints in the data")} if config.NUM_KEYPOINTS else {}
    names = ", ".join(layout.names[:5]) + (", ..." if len(layout) > 5 else "")
    reasons = dict.fromkeys(layout.settings(), "keypoints in the data") | {"NUM_KEYPOINTS": names}
    return {name: (value, reasons[name]) for name, value in layout.settings().items()}


def _for_sizes(config, statistics, chosen):
    """Windows instead of whole pictures if objects are small, and anchors of the objects' sizes."""
    suggested = {}
    low, middle, high = statistics["object_side"]
    short, long = sorted((statistics["height"][1], statistics["width"][1]))
    sizes = dict.fromkeys((f"{low:.0f}", f"{high:.0f}"))
    sides = f"objects are {' to '.join(sizes)} pixels large, pictures {long:.0f}"
    mode, scale, in_training = config.IMAGE_RESIZE_MODE, config.IMAGE_SCALE, config.IMAGE_SCALE_TRAINING
    if mode == "square" and config.IMAGE_PAD_PLACE == "end" and "IMAGE_RESIZE_MODE" not in chosen:
        if "IMAGE_SCALE" not in chosen:
            sides_in_network = LEARNT_SIDE, DETECTED_SIDE
            learnt, scale = (round(max(1.0, side / max(middle, SMALLEST_SIDE)), 2) for side in sides_in_network)
            in_training = round(learnt / scale, 2)
        if middle < SMALL_SHARE * long and high * scale * in_training <= WINDOW:
            mode = "crop"
            suggested["IMAGE_RESIZE_MODE"] = (mode, sides)
            suggested["IMAGE_SCALE"] = (scale, sides)
            if in_training != config.IMAGE_SCALE_TRAINING:
                suggested["IMAGE_SCALE_TRAINING"] = (in_training, "objects are found best a little larger than learnt")
            suggested["IMAGE_MAX_DIM"] = (WINDOW, "side of a training window")
            suggested["IMAGE_MIN_DIM"] = (WINDOW, "side of a training window")
            suggested["AUGMENT_FLIP_UD"] = (0.5, "in windows with small objects no side is up")
            suggested["AUGMENT_ROT90"] = (True, "in windows with small objects no side is up")
    if mode != "crop":
        scale = min(config.IMAGE_MIN_DIM / short, config.IMAGE_MAX_DIM / long)
    smallest = 2.0 ** round(math.log2(max(low * scale, 1.0)))
    scales = config.RPN_ANCHOR_SCALES
    smallest = int(min(max(smallest, 8), scales[0]))
    if config.PROPOSALS == "rpn" and smallest != scales[0]:
        suggested["RPN_ANCHOR_SCALES"] = (tuple(scale * smallest // scales[0] for scale in scales), sides)
    return suggested
