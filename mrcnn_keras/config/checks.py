"""What a setting may be, and the sentence for one that is something else."""

import difflib
import math
import re
from typing import NamedTuple, get_args

from mrcnn_keras.config.backbone_checks import check_backbone
from mrcnn_keras.errors import UserError


class Limits(NamedTuple):
    """The annotation of a setting: its smallest and largest value, None: above 0; the length of a tuple; the type of
    its parts where the default is empty, `tuple` for a pair of whole numbers. Words are annotated as a Literal."""

    low: float | None = None
    high: float = math.inf
    length: int | None = None
    parts: type | None = None


def limits_of(settings, name):
    """The Limits of a setting of the class `settings`."""
    limits = settings.__annotations__.get(name)
    return limits if isinstance(limits, Limits) else Limits()


def nearest(name, names):
    """'; did you mean NAME?' for the name that is spelt most like this one, or nothing."""
    names = list(names)
    close = difflib.get_close_matches(str(name), names, n=1) or difflib.get_close_matches(str(name).upper(), names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


_KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a word", dict: "names and numbers"}
_PARTS = {int: "whole numbers", float: "numbers", str: "words", tuple: "pairs of whole numbers"}


def as_type_of(name, value, default, part_kind):
    """`value` in the type of the default; numpy scalars and lists become plain numbers and tuples.

    part_kind: the type of a tuple's parts; None: that of the default's.
    """
    kind = type(default)
    part_kind = part_kind or (type(default[0]) if kind is tuple else None)
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


def check(config, settings, names):
    """Refuses values that no model can have. settings: the class that annotates the settings `names`."""
    for name in names:
        value, choices = getattr(config, name), get_args(settings.__annotations__.get(name))
        if choices and value not in choices:
            raise UserError(f"{name} = {value!r}: choose one of {', '.join(choices)}{nearest(value, choices)}")
    for name in names:
        value, limits = getattr(config, name), limits_of(settings, name)
        for part in _parts(value):
            if isinstance(part, (str, bool)):
                continue
            if not (limits.low or 0) <= part <= limits.high:
                raise UserError(f"{name} = {value!r}: must lie between {limits.low or 0} and {limits.high}")
            if limits.low is None and part == 0:
                raise UserError(f"{name} = {value!r}: must be above 0")
        if limits.length and len(value) != limits.length:
            raise UserError(f"{name} = {value!r}: needs {limits.length} numbers, not {len(value)}")
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_.-]*", config.NAME):
        raise UserError(f"NAME = {config.NAME!r}: use letters, digits, '_', '.' and '-' only, such as 'my-model'")
    if config.CLASS_NAMES and len(config.CLASS_NAMES) != config.NUM_CLASSES:
        raise UserError(
            f"CLASS_NAMES has {len(config.CLASS_NAMES)} names but NUM_CLASSES is {config.NUM_CLASSES}; "
            "give one name per class, the background 'BG' first"
        )
    for name, one in (("CATEGORY_IDS", "id"), ("CLASS_MIN_SCORES", "score")):
        parts = len(getattr(config, name))
        if parts and parts != config.NUM_CLASSES - 1:
            raise UserError(
                f"{name} has {parts} {one}s but there are {config.NUM_CLASSES - 1} classes besides the background; "
                f"give one {one} per class"
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
    if config.AUGMENT_COPY_PASTE and config.PROPOSALS == "given":
        raise UserError("AUGMENT_COPY_PASTE pastes objects without proposals; set it to 0 with PROPOSALS 'given'")


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
        raise UserError("ROI_ALIGN_GRID 'corners' has one sample per bin, so there is no maximum; set ROI_REDUCE=mean")


def _parts(value):
    """The single numbers and words of a setting, whether it is one, a tuple, pairs or a dict."""
    if isinstance(value, dict):
        return tuple(value.values())
    if isinstance(value, tuple):
        return tuple(single for part in value for single in _parts(part))
    return (value,)


def _check_keypoints(config):
    """Refuses names, pairs and sigmas that do not fit the number of keypoints."""
    count = config.NUM_KEYPOINTS
    for name in ("KEYPOINT_NAMES", "KEYPOINT_SIGMAS"):
        value = getattr(config, name)
        if value and len(value) != count:
            raise UserError(f"{name} has {len(value)} parts but NUM_KEYPOINTS is {count}; give one per keypoint")
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
