"""Every setting of the model, its data and its training: one per line, with its unit and meaning."""

import json
from pathlib import Path
from typing import Literal

from mrcnn_keras.architectures import APPLICATIONS, FEATURES, GIVEN, RESNETS
from mrcnn_keras.config.augmentations import AUGMENTATIONS
from mrcnn_keras.config.checks import Limits, as_type_of, check, limits_of, nearest
from mrcnn_keras.config.presets import PRESETS
from mrcnn_keras.config.recipes import RECIPES
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.resize import MODES, PLACES, ROUNDING

LOSS_NAMES = (
    "rpn_class_loss",
    "rpn_bbox_loss",
    "mrcnn_class_loss",
    "mrcnn_bbox_loss",
    "mrcnn_mask_loss",
    "mrcnn_keypoint_loss",
)
# Settings that belong to the number of classes or of keypoints, and are dropped where another number is set.
BELONGINGS = {
    "NUM_CLASSES": ("CLASS_NAMES", "CATEGORY_IDS", "CLASS_MIN_SCORES"),
    "CLASS_NAMES": ("CLASS_MIN_SCORES",),
    "NUM_KEYPOINTS": ("KEYPOINT_NAMES", "KEYPOINT_FLIP_PAIRS", "KEYPOINT_SKELETON", "KEYPOINT_SIGMAS"),
}
# Settings that are the name of a set of others.
SETS = {"RECIPE": RECIPES, "AUGMENT": AUGMENTATIONS}
# Settings that no longer exist; files that have them still load. A sentence for whoever sets one.
RETIRED = {"ROI_ALIGN_METHOD": "RoIAlign uses crop_and_resize, exported files gathers: the same numbers; leave it out"}
Share = Limits(0, 1)
Side = Limits(32, 16384)  # pixels


class Config:
    """The settings, in capitals as in Matterport's package: subclass and override, or pass them as keywords.

    ```python
    class BalloonConfig(mk.Config):
        NUM_CLASSES = 1 + 1
    config = BalloonConfig()
    config = mk.Config.preset("resnet18_fpn", NUM_CLASSES=1 + 3, BATCH_SIZE=2)
    ```
    An instance is read-only and valid; a misspelt setting or a wrong value raises UserError with the cure.
    The defaults are those of Mask R-CNN with ResNet-50-FPN as published (He et al. 2017, torchvision, Detectron2).
    """

    # --- what the model finds
    NAME = "mrcnn"  # name of the model, for logs
    PRESET = ""  # the preset that the settings come from: it says which published weights belong to the model
    NUM_CLASSES: Limits(2, 100_000) = 81  # number of classes with the background (COCO has 80 + 1)
    CLASS_NAMES: Limits(parts=str) = ()  # one name per class, background first; () when unknown
    CATEGORY_IDS: Limits(0, parts=int) = ()  # the annotation file's id of each class without background; (): 1, 2, ...
    MASKS = True  # False: no mask branch; without keypoints, the model is Faster R-CNN
    NUM_KEYPOINTS: Limits(0, 10_000) = 0  # keypoints per object (COCO's persons have 17); 0: no keypoint branch
    KEYPOINT_NAMES: Limits(parts=str) = ()  # one name per keypoint; () when unknown
    KEYPOINT_FLIP_PAIRS: Limits(0, 10_000, parts=tuple) = ()  # pairs of indices that change places in a left-right flip
    KEYPOINT_SKELETON: Limits(0, 10_000, parts=tuple) = ()  # pairs of indices that are joined by a line when drawn
    KEYPOINT_SIGMAS: Limits(parts=float) = ()  # how exact each keypoint is in COCO's evaluation; (): see evaluation

    PRECISION: Literal["float32", "bfloat16", "float16", "auto"] = "float32"  # "auto": bfloat16 where it is faster

    # --- pictures
    IMAGE_RESIZE_MODE: Literal[*MODES] = "fit"  # "fit", "square" or "crop": see docs/design.md
    IMAGE_MIN_DIM: Side = 800  # pixels: the short side is resized to this ...
    IMAGE_MAX_DIM: Side = 1333  # pixels: ... unless the long side would pass this; side of the square or training crop
    IMAGE_MIN_SCALE: Limits(0, 16) = 0.0  # "fit", "square": least network pixels per picture pixel, up to IMAGE_MAX_DIM
    IMAGE_ROUNDING: Literal[*ROUNDING] = "nearest"  # of a side to whole pixels: half up, "floor", or "even" for halves
    IMAGE_SCALE: Limits(0.01, 16) = 1.0  # "crop": network pixels per picture pixel, at detection
    IMAGE_SCALE_TRAINING: Limits(0.1, 10) = 1.0  # "crop": scale of the training windows, as a multiple of IMAGE_SCALE
    IMAGE_LIMIT: Side = 1600  # "crop": pixels, longest side at detection; larger pictures are scaled down to it
    IMAGE_PAD_MULTIPLE: Limits(32, 1024) = 32  # pixels: "fit" and "crop" pad to a multiple of this
    IMAGE_PAD_PLACE: Literal[*PLACES] = "end"  # padding is right and below; "centre": on all sides ("square" only)
    IMAGE_STRETCH = False  # grey levels of each network picture are stretched, from its darkest to its brightest place
    IMAGE_PAD_COLOUR: Literal["mean", "black"] = "mean"  # of the padding: MEAN_PIXEL, or black
    RESIZE_ANTIALIAS = True  # average over the pixels that a shrunk pixel covers
    RESIZE_METHOD: Literal["exact", "pillow", "skimage"] = "exact"  # detect: or whole grey levels as these round them
    MEAN_PIXEL: Limits(0, length=3) = (123.675, 116.28, 103.53)  # RGB, 0..255, subtracted (ImageNet's mean)
    STD_PIXEL: Limits(length=3) = (58.395, 57.12, 57.375)  # RGB, 0..255, divided by (ImageNet's deviation)
    MAX_GT_INSTANCES = 100  # annotated objects per picture used in a step; more are sampled at random
    MINI_MASK_SHAPE: Limits(length=2) = (56, 56)  # (height, width): cells of an annotated mask inside its box

    # --- augmentation (training only)
    AUGMENT: Literal["", *AUGMENTATIONS] = ""  # named set of the settings below: docs/augmentation.md; "": as set
    AUGMENT_FLIP_LR: Share = 0.5  # probability of a left-right flip
    AUGMENT_FLIP_UD: Share = 0.0  # probability of an upside-down flip
    AUGMENT_ROT90 = False  # random quarter turns, all equally likely
    AUGMENT_ROTATE: Limits(0, 180) = 0.0  # degrees: largest angle of a random turn, either way
    AUGMENT_SHEAR: Limits(0, 60) = 0.0  # degrees: largest angle by which rows and columns lean, either way
    AUGMENT_SCALE: Limits(length=2) = (1.0, 1.0)  # range of a random factor on the size
    AUGMENT_COPY_PASTE: Share = 0.0  # probability that objects of another picture are pasted in
    AUGMENT_BRIGHTNESS: Share = 0.0  # random contrast and brightness within +- this share
    AUGMENT_CONTRAST: Share = 0.0  # further random contrast within +- this share
    AUGMENT_HUE: Limits(0, 0.5) = 0.0  # random turn of the colour circle, within +- this part of it
    AUGMENT_SATURATION: Share = 0.0  # random saturation within +- this share
    AUGMENT_BLUR: Limits(0, 32) = 0.0  # network pixels: largest deviation of a random Gaussian blur
    AUGMENT_NOISE: Limits(0, 128) = 0.0  # grey levels: largest deviation of random Gaussian noise

    # --- backbone and pyramid
    BACKBONE: Literal[*RESNETS, *APPLICATIONS, GIVEN] = "resnet50"  # see architectures.py; "given": MaskRCNN(backbone=)
    BACKBONE_FEATURES: Literal[*FEATURES] = "fpn"  # P2 .. P6, or "c4", "c5" or "dc5" (dilated C5): docs/design.md
    BACKBONE_WIDTH = 64  # ResNets: channels of the stem; the stages have multiples of it
    BACKBONE_NORM: Literal["frozen_bn", "bn", "gn", "ln"] = "frozen_bn"  # "bn" and "gn" train; "ln": ConvNeXt's own
    BACKBONE_NORM_EPSILON: Share = 1e-5  # added to the variance in batch norm; torchvision's first models have 0
    BACKBONE_FREEZE_STAGES: Limits(0, 5) = 0  # first stages that do not train: 1 stem, 2 stem and res2, ... 5 all
    BACKBONE_STRIDE_IN: Literal["3x3", "1x1"] = "3x3"  # ResNets: convolution with the stride, "3x3" (v1.5) or MSRA's
    BACKBONE_POOL_PAD: Literal["both", "end"] = "both"  # ResNets: zeros around the stem's pool; "end": right, below
    TOP_DOWN_PYRAMID_SIZE = 256  # "fpn": channels of the feature pyramid
    HEAD_NORM: Literal["none", "gn", "bn", "frozen_bn"] = "none"  # normalisation in pyramid and heads

    # --- region proposals
    PROPOSALS: Literal["rpn", "given"] = "rpn"  # found by the network (Faster R-CNN), or given with each picture (Fast)
    RPN_ANCHOR_SCALES = (32, 64, 128, 256, 512)  # pixels: anchor sides (square roots of area), equally many per map
    RPN_ANCHOR_RATIOS = (0.5, 1.0, 2.0)  # height / width
    RPN_ANCHOR_ROUNDED = False  # half sides of anchors are whole pixels (torchvision)
    RPN_ANCHOR_SPACING: Literal["stride", "divided"] = "stride"  # pixels: 4 .. 64, or picture // map (torchvision)
    RPN_CONVS = 1  # 3x3 convolutions
    RPN_CHANNELS: Limits(0, 65536) = 0  # their channels; 0: as many as the maps have
    RPN_NORM: Literal["same", "none", "gn", "bn", "frozen_bn"] = "same"  # after them; "same" as HEAD_NORM
    RPN_BBOX_STD_DEV: Limits(length=4) = (1.0, 1.0, 1.0, 1.0)  # deviations that RPN deltas are divided by
    RPN_POSITIVE_IOU: Share = 0.7  # an anchor with at least this overlap is an object
    RPN_NEGATIVE_IOU: Share = 0.3  # an anchor with less than this overlap is background
    RPN_TRAIN_ANCHORS_PER_IMAGE = 256  # anchors per image that the RPN losses use
    RPN_POSITIVE_RATIO: Share = 0.5  # share of positives among them, at most
    RPN_NMS_THRESHOLD: Share = 0.7  # overlap (IoU) above which NMS drops the worse of two proposals
    RPN_NMS_PER_LEVEL = True  # False: the limit before NMS, and NMS itself, over all levels together (Matterport)
    RPN_SCORE: Literal["logit", "sigmoid"] = "logit"  # what NMS sorts by; in float32, sigmoids near 1 tie (torchvision)
    RPN_CLIP: Literal["picture", "network"] = "picture"  # proposals are clipped to the picture without or with padding
    RPN_MIN_SIZE: Limits(0, 1e6) = 1e-3  # pixels: smaller proposals are dropped
    PRE_NMS_LIMIT_TRAINING = 2000  # best anchors kept per map, before NMS
    PRE_NMS_LIMIT_INFERENCE = 1000
    POST_NMS_ROIS_TRAINING = 2000  # proposals kept per image, after NMS; of "given" ones the first
    POST_NMS_ROIS_INFERENCE = 1000

    # --- regions of interest and heads
    TRAIN_ROIS_PER_IMAGE = 512  # RoIs per image that the head losses use
    ROI_POSITIVE_RATIO: Share = 0.25  # share of positives among them, at most (1:3)
    ROI_POSITIVE_IOU: Share = 0.5  # a RoI with at least this overlap is positive
    ROI_OPERATOR: Literal["align", "pool", "warp"] = "align"  # RoIAlign, or RoIPool or RoIWarp: ops/roi_quantised.py
    ROI_REDUCE: Literal["mean", "max"] = "mean"  # of the samples in a bin; RoIPool has "max" only
    ROI_ALIGN_SAMPLING: Limits(0, 16) = 2  # samples per bin and axis; 0: as many as a bin has cells (Detectron2)
    ROI_ALIGN_GRID: Literal["bins", "corners"] = "bins"  # "corners": one sample per bin, from edge to edge (Matterport)
    ROI_ALIGN_ALIGNED = True  # half-pixel centres (False: the older convention of torchvision's models)
    ROI_LEVEL_SIZE = 224.0  # pixels: boxes from this side on are read from P4, from twice that on from P5, ...
    ROI_LEVEL_TOLERANCE: Limits(0, 0.1) = 0.0  # share of a level by which smaller boxes may fall short (torchvision)
    BOX_CORNERS: Literal["edge", "pixel"] = "edge"  # "pixel": boxes end at their last pixel's index (Matterport)
    POOL_SIZE = 7  # RoI bins of the box head
    MASK_POOL_SIZE = 14  # RoI bins of the mask head
    BBOX_STD_DEV: Limits(length=4) = (0.1, 0.1, 0.2, 0.2)  # deviations that box deltas are divided by
    BOX_HEAD_CONVS: Limits(0, 32) = 0  # 3x3 convolutions of the box head, before its fully connected layers
    BOX_HEAD_CHANNELS = 256  # their channels
    BOX_HEAD_FCS: Limits(0, 32) = 2  # fully connected layers of the box head; 0: the mean over the RoI's bins (C4)
    FPN_CLASSIF_FC_LAYERS_SIZE = 1024  # their units
    MASK_HEAD_KIND: Literal["fcn", "mlp"] = "fcn"  # convolutions and deconvolutions, or fully connected layers
    MASK_HEAD_CONVS: Limits(0, 32) = 4  # "fcn": 3x3 convolutions of the mask head
    MASK_HEAD_CHANNELS = 256  # "fcn": their channels
    MASK_HEAD_FCS = 2  # "mlp": fully connected layers before the one that has the cells
    MASK_HEAD_UNITS = 1024  # "mlp": their units
    MASK_DECONVS: Limits(0, 2) = 1  # times that a mask doubles its RoI bins: masks of 14, 28 or 56 cells per side
    MASK_CLASS_AGNOSTIC = False  # one map for all classes instead of one per class
    KEYPOINT_POOL_SIZE = 14  # RoI bins of the keypoint head; its maps have four times as many cells per side
    KEYPOINT_HEAD_CONVS: Limits(0, 32) = 8  # 3x3 convolutions of the keypoint head
    KEYPOINT_HEAD_CHANNELS = 512  # their channels

    # --- detections
    DETECTION_MIN_CONFIDENCE: Share = 0.05  # detections with a lower score are dropped
    CLASS_MIN_SCORES: Limits(0, 1, parts=float) = ()  # each class's lowest score where min_score="best"; (): unknown
    DETECTION_NMS_THRESHOLD: Share = 0.5  # overlap (IoU) above which NMS drops the worse of two detections of a class
    DETECTION_NMS_SIGMA: Limits(0, 100) = 0.0  # Matrix NMS: overlap lowers scores, less so the larger this is; 0: off
    DETECTION_MAX_INSTANCES = 100  # detections kept per image
    DETECTION_MIN_SIZE: Limits(0, 1e6) = 1e-2  # pixels: smaller detections are dropped
    DETECTION_ONE_CLASS = False  # a RoI is detected as its likeliest class only (Matterport)
    DETECTION_WHOLE_PIXELS = False  # boxes are rounded to whole pixels of the photograph (Matterport)
    MASK_PASTE: Literal["exact", "expanded"] = "exact"  # masks fill their box, or torchvision's rule: see ops/masks.py
    KEYPOINT_SCORE: Literal["softmax", "logit"] = "softmax"  # a keypoint's share of its map, or the logit (torchvision)

    # --- losses
    MASK_LOSS: Literal["sigmoid", "softmax"] = "sigmoid"  # each class's map on its own, or over all: ops/mask_maps.py
    LOSS_WEIGHTS: Limits(0) = dict.fromkeys(LOSS_NAMES, 1.0)  # factor for each part of the loss
    RPN_BBOX_BETA: Limits(0, 1e6) = 1 / 9  # smooth L1 is quadratic below this difference (torchvision's value)
    BBOX_BETA: Limits(0, 1e6) = 1 / 9

    # --- training
    RECIPE: Literal["", *RECIPES] = ""  # named set of the settings below: docs/augmentation.md; "": as set
    BATCH_SIZE = 2  # images per step
    GRADIENT_ACCUMULATION: Limits(1, 10_000) = 1  # steps whose gradients are averaged for one update of the weights
    EPOCHS: Limits(1, 10**9) = 20  # passes over the pictures, unless a training is given another length
    STEPS_PER_EPOCH: Limits(0, 10**9) = 0  # steps per epoch; 0: as many as one pass over the pictures needs
    OPTIMIZER: Literal["sgd", "adamw"] = "sgd"  # SGD with momentum, or AdamW
    LEARNING_RATE = 0.0025  # 0.02 for 16 images per step (the paper), scaled to 2
    LEARNING_RATE_BATCH = 2  # images per update that LEARNING_RATE is for
    LEARNING_RATE_SCALING: Literal["none", "linear", "sqrt"] = "none"  # scales with images per update, or their root
    LEARNING_MOMENTUM: Share = 0.9  # of SGD
    WEIGHT_DECAY: Share = 1e-4  # on kernels; not on biases and normalisation
    GRADIENT_CLIP_NORM: Limits(0, 1e9) = 5.0  # norm over all gradients together; 0: no clipping
    LEARNING_RATE_SCHEDULE: Literal["cosine", "linear", "step"] = "cosine"  # to 0; "step": a tenth at 2/3 and at 8/9
    WARMUP_STEPS: Limits(0, 10**9) = 500  # steps of linear warm-up, at most a tenth of the training
    EMA_MOMENTUM: Limits(0, 0.999999) = 0.0  # part of the weights' moving average that a step keeps; 0: no average
    REPEAT_THRESHOLD: Share = 0.0  # classes on a smaller share of the pictures come more often; 0: all equally often
    EARLY_STOPPING: Limits(0, 10**6) = 0  # evaluations without a better AP until the training ends; 0: it never does
    EVALUATION_IMAGES = 500  # validation pictures that COCO AP is measured on during training

    def __init__(self, **overrides):
        for name in overrides:
            check_name(name)
        own = {name: value for part in reversed(type(self).__mro__[:-1]) for name, value in _own_settings(part)}
        values = _with({name: getattr(Config, name) for name in setting_names()}, {**own, **overrides})
        for name, value in values.items():
            parts = limits_of(Config, name).parts
            object.__setattr__(self, name, as_type_of(name, value, getattr(Config, name), parts))
        check(self, Config, setting_names())

    def __setattr__(self, name, value):
        raise UserError(f"{name} = {value!r}: a Config is read-only; use config.replace({name}={value!r})")

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in vars(cls):
            if name.isupper():
                check_name(name)

    def __eq__(self, other):
        return isinstance(other, Config) and self.to_dict() == other.to_dict()

    def __hash__(self):
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    @classmethod
    def preset(cls, name, **overrides):
        """Makes the settings of a preset.

        Args:
            name: String, a key of `PRESETS`.
            overrides: Settings on top.

        Returns:
            `Config`.

        Raises:
            UserError: If there is no such preset.
        """
        if name not in PRESETS:
            raise UserError(f"preset {name!r} is unknown{nearest(name, PRESETS)}; there are {', '.join(PRESETS)}")
        return cls(**_with({**PRESETS[name], "PRESET": name}, overrides))

    def replace(self, **overrides):
        """Makes a copy with other values for some settings.

        Args:
            overrides: These settings.

        Returns:
            `Config`.
        """
        return Config(**_with(self.to_dict(), overrides))

    def resize_options(self):
        """Returns how a whole picture is resized.

        Returns:
            Dict, the keyword arguments of `resize.sizes_in_network`.
        """
        return {
            "mode": self.IMAGE_RESIZE_MODE,
            "min_dim": self.IMAGE_MIN_DIM,
            "max_dim": self.IMAGE_MAX_DIM,
            "min_scale": self.IMAGE_MIN_SCALE,
            "scale": self.IMAGE_SCALE,
            "limit": self.IMAGE_LIMIT,
            "multiple": self.IMAGE_PAD_MULTIPLE,
            "rounding": self.IMAGE_ROUNDING,
            "place": self.IMAGE_PAD_PLACE,
        }

    def resize_method(self):
        """Returns how the pixels of a photograph are resized for detection.

        Returns:
            String, a key of `ops.resampling.METHODS`.
        """
        if self.RESIZE_METHOD != "exact":
            return self.RESIZE_METHOD
        return "triangle" if self.RESIZE_ANTIALIAS else "bilinear"

    def peak_learning_rate(self):
        """Returns the learning rate that the schedule begins with, for the images of an update.

        Returns:
            Float, LEARNING_RATE scaled as LEARNING_RATE_SCALING says: linearly for SGD (Goyal et al. 2017); by the root
            for Adam (Malladi et al. 2022).
        """
        more = self.BATCH_SIZE * self.GRADIENT_ACCUMULATION / self.LEARNING_RATE_BATCH
        return self.LEARNING_RATE * more ** {"none": 0, "linear": 1, "sqrt": 0.5}[self.LEARNING_RATE_SCALING]

    def loss_names(self):
        """Lists the parts of the loss that a model with these settings has.

        Returns:
            Tuple of names of `LOSS_NAMES`.
        """
        absent = () if self.MASKS else ("mrcnn_mask_loss",)
        absent += () if self.NUM_KEYPOINTS else ("mrcnn_keypoint_loss",)
        absent += () if self.PROPOSALS == "rpn" else ("rpn_class_loss", "rpn_bbox_loss")
        return tuple(name for name in LOSS_NAMES if name not in absent)

    def mask_side(self):
        """Returns the resolution of masks.

        Returns:
            Integer, cells per side of the maps of the mask head.
        """
        return self._bins(self.MASK_POOL_SIZE) * 2**self.MASK_DECONVS

    def keypoint_side(self):
        """Returns the resolution of keypoint maps.

        Returns:
            Integer, cells per side of the maps of the keypoint head, which doubles its bins twice.
        """
        return self._bins(self.KEYPOINT_POOL_SIZE) * 4

    def _bins(self, size):
        """RoI bins per side that a head gets, of `size` that are read."""
        return -(-size // 2) if self.BACKBONE_FEATURES == "c4" else size  # stage 5 halves them

    def anchor_scales(self):
        """Shares RPN_ANCHOR_SCALES out among the maps that the RPN reads.

        Returns:
            List with one list of scales per map.
        """
        maps = len(FEATURES[self.BACKBONE_FEATURES].strides)
        each = len(self.RPN_ANCHOR_SCALES) // maps
        return [list(self.RPN_ANCHOR_SCALES[i * each : (i + 1) * each]) for i in range(maps)]

    def anchors_per_cell(self):
        """Counts the anchors per cell of a map: scales times ratios.

        Returns:
            Integer.
        """
        return len(self.anchor_scales()[0]) * len(self.RPN_ANCHOR_RATIOS)

    def to_dict(self):
        """Returns all settings as plain values that JSON can hold.

        Returns:
            Dict.
        """
        return {name: _plain(getattr(self, name)) for name in setting_names()}

    @classmethod
    def from_dict(cls, values):
        """The opposite of `to_dict`.

        Args:
            values: Dict of settings. Those that it lacks keep their defaults; retired ones are left out.

        Returns:
            `Config`.

        Raises:
            UserError: If a setting is unknown or wrong.
        """
        if not isinstance(values, dict):
            raise UserError(f"settings are a JSON object of names and values, not a {type(values).__name__}")
        values = {name: value for name, value in values.items() if name not in RETIRED}
        if "BATCH_SIZE" in values:  # files from before rates were scaled: it is the rate for their batch
            values.setdefault("LEARNING_RATE_BATCH", values["BATCH_SIZE"])
        return cls(**values)

    def save(self, path):
        """Writes the settings as JSON.

        Args:
            path: The file, which appears by rename.
        """
        with replace_file(path) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=1) + "\n")

    @classmethod
    def load(cls, path):
        """Reads what `save` wrote.

        Args:
            path: The file.

        Returns:
            `Config`.

        Raises:
            UserError: If it cannot be read, or holds wrong settings.
        """
        try:
            return cls.from_dict(json.loads(Path(path).read_text()[:1_000_000]))
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}); give the config.json of a run") from error
        except (ValueError, RecursionError) as error:
            raise (error if isinstance(error, UserError) else UserError(f"{path} is not JSON ({error})")) from error

    def display(self):
        """Prints every setting, one per line."""
        for name, value in self.to_dict().items():
            print(f"{name:30} {value}")


def _own_settings(part):
    """The settings that a user's subclass of Config sets."""
    return [] if part is Config else [(name, value) for name, value in vars(part).items() if name.isupper()]


def _with(values, overrides):
    """`values` with `overrides` on top; what belongs to a number of classes or keypoints is only kept with it.

    The name of a set (SETS) brings the settings of the set with it, beneath those that are overridden on their own.
    """
    for name, sets in SETS.items():
        chosen = overrides.get(name)
        values = {**values, **(sets.get(chosen, {}) if isinstance(chosen, str) else {})}
    for number, belongings in BELONGINGS.items():
        if values.get(number) != overrides.get(number, values.get(number)):
            values = {**values, **dict.fromkeys(belongings, ())}
    return {**values, **overrides}


def _plain(value):
    """A setting as JSON has it: lists for tuples, and copies."""
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return dict(value) if isinstance(value, dict) else value


def setting_names():
    """All names of settings, in the order of the class."""
    return [name for name in vars(Config) if name.isupper()]


def check_name(name):
    """Refuses a name that is not a setting, with the nearest one."""
    if name in RETIRED:
        raise UserError(f"{name} is not a setting any more: {RETIRED[name]}")
    if name not in setting_names():
        longer = [known for known in setting_names() if known.startswith(name)]
        raise UserError(f"{name} is not a setting{nearest(name, longer or setting_names())}")


def parse_setting(text):
    """Reads a setting from the command line.

    Args:
        text: `"NAME=VALUE"`; VALUE is JSON (`0.5`, `[8, 16]`, `true`) or else a plain word.

    Returns:
        Name and value.

    Raises:
        UserError: If the form is another, or there is no such setting.
    """
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals:
        raise UserError(f"--set {text!r} is not of the form NAME=VALUE")
    check_name(name)
    value = value.strip()
    words = {"True": True, "False": False}
    if value in words:
        return name, words[value]
    try:
        return name, json.loads(f"[{value[1:-1]}]" if value[:1] + value[-1:] == "()" else value)
    except ValueError:
        return name, value
