"""What a setting may be, and the sentence for one that is something else."""

import difflib
import math
import re

from mrcnn_keras.architectures import APPLICATIONS, FEATURES, RESNETS
from mrcnn_keras.config.backbone_checks import check_backbone
from mrcnn_keras.errors import UserError
from mrcnn_keras.resize_rule import MODES, PLACES, ROUNDING

_CHOICES = {
    "IMAGE_RESIZE_MODE": MODES,
    "IMAGE_ROUNDING": tuple(ROUNDING),
    "IMAGE_PAD_PLACE": tuple(PLACES),
    "IMAGE_PAD_COLOUR": ("mean", "black"),
    "RESIZE_METHOD": ("exact", "pillow", "skimage"),
    "BACKBONE": (*RESNETS, *APPLICATIONS),
    "BACKBONE_FEATURES": tuple(FEATURES),
    "BACKBONE_NORM": ("frozen_bn", "bn", "gn", "ln"),
    "BACKBONE_STRIDE_IN": ("3x3", "1x1"),
    "BACKBONE_POOL_PAD": ("both", "end"),
    "HEAD_NORM": ("none", "gn", "bn", "frozen_bn"),
    "PROPOSALS": ("rpn", "given"),
    "RPN_NORM": ("same", "none", "gn", "bn", "frozen_bn"),
    "RPN_ANCHOR_SPACING": ("stride", "divided"),
    "RPN_SCORE": ("logit", "sigmoid"),
    "RPN_CLIP": ("picture", "network"),
    "ROI_OPERATOR": ("align", "pool", "warp"),
    "ROI_REDUCE": ("mean", "max"),
    "ROI_ALIGN_GRID": ("bins", "corners"),
    "BOX_CORNERS": ("edge", "pixel"),
    "MASK_HEAD_KIND": ("fcn", "mlp"),
    "MASK_LOSS": ("sigmoid", "softmax"),
    "MASK_PASTE": ("exact", "expanded"),
    "KEYPOINT_SCORE": ("softmax", "logit"),
    "OPTIMIZER": ("sgd", "adamw"),
    "LEARNING_RATE_SCHEDULE": ("cosine", "step"),
}

# (smallest, largest) value, both allowed; settings that are not here are positive where they are numbers
_RANGES = {
    "NUM_CLASSES": (2, 100_000),
    "NUM_KEYPOINTS": (0, 10_000),
    "KEYPOINT_FLIP_PAIRS": (0, 10_000),
    "KEYPOINT_SKELETON": (0, 10_000),
    "IMAGE_MIN_DIM": (32, 16384),
    "IMAGE_MAX_DIM": (32, 16384),
    "IMAGE_LIMIT": (32, 16384),
    "IMAGE_SCALE": (0.01, 16),
    "IMAGE_MIN_SCALE": (0, 16),
    "IMAGE_PAD_MULTIPLE": (32, 1024),
    "AUGMENT_FLIP_LR": (0, 1),
    "AUGMENT_FLIP_UD": (0, 1),
    "AUGMENT_BRIGHTNESS": (0, 1),
    "BACKBONE_FREEZE_STAGES": (0, 5),
    "BACKBONE_NORM_EPSILON": (0, 1),
    "RPN_CHANNELS": (0, 65536),
    "RPN_POSITIVE_IOU": (0, 1),
    "RPN_NEGATIVE_IOU": (0, 1),
    "RPN_POSITIVE_RATIO": (0, 1),
    "RPN_NMS_THRESHOLD": (0, 1),
    "RPN_MIN_SIZE": (0, 1e6),
    "ROI_POSITIVE_RATIO": (0, 1),
    "ROI_POSITIVE_IOU": (0, 1),
    "DETECTION_MIN_CONFIDENCE": (0, 1),
    "DETECTION_NMS_THRESHOLD": (0, 1),
    "DETECTION_MIN_SIZE": (0, 1e6),
    "ROI_ALIGN_SAMPLING": (0, 16),
    "ROI_LEVEL_TOLERANCE": (0, 0.1),
    "MASK_DECONVS": (0, 2),
    "MASK_HEAD_CONVS": (0, 32),
    "KEYPOINT_HEAD_CONVS": (0, 32),
    "BOX_HEAD_CONVS": (0, 32),
    "BOX_HEAD_FCS": (0, 32),
    "RPN_BBOX_BETA": (0, 1e6),
    "BBOX_BETA": (0, 1e6),
    "STEPS_PER_EPOCH": (0, 10**9),
    "LEARNING_MOMENTUM": (0, 1),
    "WEIGHT_DECAY": (0, 1),
    "GRADIENT_CLIP_NORM": (0, 1e9),
    "WARMUP_STEPS": (0, 10**9),
}
_LENGTHS = {
    "MEAN_PIXEL": 3,
    "STD_PIXEL": 3,
    "MINI_MASK_SHAPE": 2,
    "AUGMENT_SCALE": 2,
    "RPN_BBOX_STD_DEV": 4,
    "BBOX_STD_DEV": 4,
}


def nearest(name, names):
    """'; did you mean NAME?' for the name that is spelt most like this one, or nothing."""
    names = list(names)
    close = difflib.get_close_matches(str(name), names, n=1) or difflib.get_close_matches(str(name).upper(), names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


_KINDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a word",
    dict: "names and numbers",
}
_PARTS = {int: "whole numbers", float: "numbers", str: "words", tuple: "pairs of whole numbers"}
# Of settings whose default is empty; tuple: a pair of whole numbers.
_PART_KINDS = {
    "CLASS_NAMES": str,
    "CATEGORY_IDS": int,
    "KEYPOINT_NAMES": str,
    "KEYPOINT_FLIP_PAIRS": tuple,
    "KEYPOINT_SKELETON": tuple,
    "KEYPOINT_SIGMAS": float,
}


def as_type_of(name, value, default):
    """`value` in the type of the default; numpy scalars and lists become plain numbers and tuples."""
    kind = type(default)
    part_kind = _PART_KINDS.get(name) or (type(default[0]) if kind is tuple else None)
    try:
        if kind is dict:
            unknown = sorted(set(value) - set(default))
            if unknown:
                raise UserError(f"{name} has no part {unknown[0]!r}{nearest(unknown[0], default)}")
            return {**default, **{key: _as_plain(float, part) for key, part in value.items()}}
        if kind is tuple:
            if isinstance(value, str):
                raise ValueError
            return tuple(_as_plain(part_kind, part) for part in value)
        return _as_plain(kind, value)
    except UserError:
        raise
    except (TypeError, ValueError, OverflowError):
        expected = f"a list of {_PARTS[part_kind]}" if part_kind else _KINDS[kind]
        raise UserError(f"{name} = {value!r}: expected {expected}, such as {default!r}") from None


def _as_plain(kind, value):
    """`value` as a bool, int, float, str or pair of ints; raises ValueError where that would change it."""
    if kind is tuple:
        first, second = value
        return _as_plain(int, first), _as_plain(int, second)
    if kind is bool:
        fits = value in (True, False)
    elif kind is str:
        fits = isinstance(value, str)
    else:
        fits = not isinstance(value, (str, bool)) and math.isfinite(value) and kind(value) == value
    if not fits:
        raise ValueError
    return kind(value)


def check(config, names):
    """Refuses values that no model can have."""
    for name, choices in _CHOICES.items():
        value = getattr(config, name)
        if value not in choices:
            raise UserError(f"{name} = {value!r}: choose one of {', '.join(choices)}{nearest(value, choices)}")
    for name in names:
        value = getattr(config, name)
        low, high = _RANGES.get(name, (0, float("inf")))
        for part in _parts(value):
            if isinstance(part, (str, bool)):
                continue
            if not low <= part <= high:
                raise UserError(f"{name} = {value!r}: must lie between {low} and {high}")
            if name not in _RANGES and part == 0 and name not in ("MEAN_PIXEL", "LOSS_WEIGHTS", "CATEGORY_IDS"):
                raise UserError(f"{name} = {value!r}: must be above 0")
        if name in _LENGTHS and len(value) != _LENGTHS[name]:
            raise UserError(f"{name} = {value!r}: needs {_LENGTHS[name]} numbers, not {len(value)}")
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_.-]*", config.NAME):
        raise UserError(f"NAME = {config.NAME!r}: use letters, digits, '_', '.' and '-' only, such as 'my-model'")
    if config.CLASS_NAMES and len(config.CLASS_NAMES) != config.NUM_CLASSES:
        raise UserError(
            f"CLASS_NAMES has {len(config.CLASS_NAMES)} names but NUM_CLASSES is {config.NUM_CLASSES}; "
            "give one name a class, the background 'BG' first"
        )
    if config.CATEGORY_IDS and len(config.CATEGORY_IDS) != config.NUM_CLASSES - 1:
        raise UserError(
            f"CATEGORY_IDS has {len(config.CATEGORY_IDS)} ids but there are {config.NUM_CLASSES - 1} classes "
            "besides the background; give one id a class"
        )
    _check_keypoints(config)
    if config.IMAGE_MIN_DIM > config.IMAGE_MAX_DIM:
        raise UserError(
            f"IMAGE_MIN_DIM {config.IMAGE_MIN_DIM} is larger than IMAGE_MAX_DIM {config.IMAGE_MAX_DIM}; swap them"
        )
    if config.RPN_NEGATIVE_IOU > config.RPN_POSITIVE_IOU:
        raise UserError(
            f"RPN_NEGATIVE_IOU {config.RPN_NEGATIVE_IOU} is larger than RPN_POSITIVE_IOU {config.RPN_POSITIVE_IOU}; "
            "an anchor cannot be both; lower the first"
        )
    multiple, side = config.IMAGE_PAD_MULTIPLE, config.IMAGE_MAX_DIM
    if config.IMAGE_RESIZE_MODE in ("square", "crop") and side % multiple:
        raise UserError(
            f"IMAGE_MAX_DIM {side} is not a multiple of {multiple}, which mode {config.IMAGE_RESIZE_MODE!r} needs; "
            f"take {-(-side // multiple) * multiple}"
        )
    if config.IMAGE_PAD_PLACE == "centre" and config.IMAGE_RESIZE_MODE != "square":
        raise UserError(
            f"IMAGE_PAD_PLACE 'centre' needs IMAGE_RESIZE_MODE 'square', not {config.IMAGE_RESIZE_MODE!r}: pictures of "
            "different sizes in a batch are padded at the end"
        )
    antialiased = {"pillow": True, "skimage": False}.get(config.RESIZE_METHOD, config.RESIZE_ANTIALIAS)
    if antialiased != config.RESIZE_ANTIALIAS:
        raise UserError(
            f"RESIZE_METHOD {config.RESIZE_METHOD!r} goes with RESIZE_ANTIALIAS={antialiased}; set that too"
        )
    check_backbone(config)
    _check_roi_operator(config)
    if config.MASK_CLASS_AGNOSTIC and config.MASK_LOSS == "softmax":
        raise UserError(
            "MASK_LOSS 'softmax' chooses among the classes' maps, and MASK_CLASS_AGNOSTIC leaves one; set "
            "MASK_LOSS='sigmoid'"
        )
    if not config.RPN_ANCHOR_RATIOS:
        raise UserError("RPN_ANCHOR_RATIOS is empty; give at least one, such as (0.5, 1, 2)")
    if config.AUGMENT_SCALE[0] > config.AUGMENT_SCALE[1]:
        raise UserError(f"AUGMENT_SCALE = {config.AUGMENT_SCALE}: give (lowest, highest)")


def _check_roi_operator(config):
    """Refuses conventions of RoIAlign with the operators that have none, and a maximum or mean that does not exist."""
    if config.ROI_OPERATOR == "pool" and config.ROI_REDUCE == "mean":
        raise UserError("ROI_OPERATOR 'pool' takes the maximum of a bin, not the mean; set ROI_REDUCE=max too")
    if config.ROI_OPERATOR != "align" and not (config.ROI_ALIGN_ALIGNED and config.ROI_ALIGN_GRID == "bins"):
        raise UserError(
            f"ROI_OPERATOR {config.ROI_OPERATOR!r} reads whole cells, so that a shift by half a cell and a grid of "
            "corners have no meaning; set ROI_ALIGN_ALIGNED=true and ROI_ALIGN_GRID=bins"
        )
    if config.ROI_ALIGN_GRID == "corners" and config.ROI_REDUCE == "max":
        raise UserError("ROI_ALIGN_GRID 'corners' has one sample a bin, so there is no maximum; set ROI_REDUCE=mean")


def _parts(value):
    """The single numbers and words of a setting, whether it is one, a tuple, pairs or a dict."""
    if isinstance(value, dict):
        return tuple(value.values())
    if isinstance(value, tuple):
        return tuple(single for part in value for single in _parts(part))
    return (value,)


def _check_keypoints(config):
    """Refuses names, pairs and sigmas of other keypoints than there are."""
    count = config.NUM_KEYPOINTS
    for name in ("KEYPOINT_NAMES", "KEYPOINT_SIGMAS"):
        value = getattr(config, name)
        if value and len(value) != count:
            raise UserError(f"{name} has {len(value)} parts but NUM_KEYPOINTS is {count}; give one a keypoint")
    for name in ("KEYPOINT_FLIP_PAIRS", "KEYPOINT_SKELETON"):
        for pair in getattr(config, name):
            if max(pair) >= count or pair[0] == pair[1]:
                raise UserError(
                    f"{name} has the pair {pair} but NUM_KEYPOINTS is {count}; give two different indices, from 0 on"
                )
    flipped = _parts(config.KEYPOINT_FLIP_PAIRS)
    twice = [index for index in flipped if flipped.count(index) > 1]
    if twice:
        raise UserError(f"KEYPOINT_FLIP_PAIRS has keypoint {twice[0]} twice; it can change places with one other only")
