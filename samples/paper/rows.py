"""The rows of the paper's tables 2a to 2e and 6 as settings, with the paper's numbers.

Table 2b-fpn is not in the paper: it is table 2b with branches that do not share a stage.

A variant is the settings of a network; a row is a line of a table. Rows of several tables may show the same variant,
which is then trained once. The networks are small versions of the paper's: ResNet-18 and 34 of a quarter of the width
instead of ResNet-50 and 101, slim heads, pictures of 192 pixels.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """table: of the paper; label: what the row shows; variant: a key of VARIANTS; paper: {figure: percent}; data: the
    sets of pictures on which the comparison makes sense."""

    table: str
    label: str
    variant: str
    paper: dict
    data: tuple = ("shapes", "nuclei")

    @property
    def name(self):
        """The row's name on the command line, such as 2c-align-mean."""
        return f"{self.table}-{self.label.replace(' ', '-')}"


SIDE = 192  # pixels

# What all networks have in common.
COMMON = dict(
    BACKBONE="resnet18",
    BACKBONE_WIDTH=16,
    IMAGE_MIN_DIM=SIDE,
    IMAGE_MAX_DIM=SIDE,
    TOP_DOWN_PYRAMID_SIZE=64,
    FPN_CLASSIF_FC_LAYERS_SIZE=128,
    MASK_HEAD_CHANNELS=32,
    MASK_HEAD_UNITS=256,
    RPN_CHANNELS=64,
    BATCH_SIZE=4,
    TRAIN_ROIS_PER_IMAGE=32,
    PRE_NMS_LIMIT_TRAINING=200,
    PRE_NMS_LIMIT_INFERENCE=200,
    POST_NMS_ROIS_TRAINING=100,
    POST_NMS_ROIS_INFERENCE=100,
    LEARNING_RATE=2e-3,
    WARMUP_STEPS=50,
    AUGMENT_SCALE=(1.0, 1.0),
    AUGMENT_BRIGHTNESS=0.0,
)
# Boxes and masks are computed from one map of stride 16, and stage 5 is applied to each RoI (figure 4, left). It halves
# the 14 bins to 7, as in the paper.
C4 = dict(
    BACKBONE_FEATURES="c4",
    RPN_ANCHOR_SCALES=(32, 64, 128),
    POOL_SIZE=14,
    MASK_POOL_SIZE=14,
    BOX_HEAD_FCS=0,
    MASK_HEAD_CONVS=0,
    TRAIN_ROIS_PER_IMAGE=16,
    POST_NMS_ROIS_INFERENCE=50,
)
# The heads of a pyramid on one map of stride 32.
C5 = dict(BACKBONE_FEATURES="c5", RPN_ANCHOR_SCALES=(32, 64, 128))
FPN = dict(RPN_ANCHOR_SCALES=(16, 32, 64, 128, 256))

# Keypoints without masks, on pictures that have them.
POSE = FPN | dict(MASKS=False, KEYPOINT_HEAD_CONVS=4, KEYPOINT_HEAD_CHANNELS=64)

POOL = dict(ROI_OPERATOR="pool", ROI_REDUCE="max")

VARIANTS = {
    "c4": C4,
    "c4-34": C4 | dict(BACKBONE="resnet34"),
    "fpn": FPN,
    "fpn-34": FPN | dict(BACKBONE="resnet34"),
    "c4-softmax": C4 | dict(MASK_LOSS="softmax"),
    "fpn-softmax": FPN | dict(MASK_LOSS="softmax"),
    "c4-pool": C4 | POOL,
    "c4-warp-max": C4 | dict(ROI_OPERATOR="warp", ROI_REDUCE="max"),
    "c4-warp-mean": C4 | dict(ROI_OPERATOR="warp"),
    "c4-align-max": C4 | dict(ROI_REDUCE="max"),
    "c5": C5,
    "c5-pool": C5 | POOL,
    "fpn-mlp": FPN | dict(MASK_HEAD_KIND="mlp"),
    "pose": POSE,
    "pose-pool": POSE | POOL,
    "fpn-mlp-3": FPN | dict(MASK_HEAD_KIND="mlp", MASK_HEAD_FCS=3),
}


def _figures(*numbers, kind="segm"):
    """AP, AP50 and AP75 in percent, as the paper prints them."""
    return {f"{kind}/{name}": number for name, number in zip(("AP", "AP50", "AP75"), numbers, strict=True)}


OUTLINES = ("shapes", "nuclei", "figure-masks")

# The other rows of a table are compared with its first row.
ROWS = [
    Row("2a", "ResNet-50-C4 as 18", "c4", _figures(30.3, 51.2, 31.5)),
    Row("2a", "ResNet-101-C4 as 34", "c4-34", _figures(32.7, 54.2, 34.3)),
    Row("2a", "ResNet-50-FPN as 18", "fpn", _figures(33.6, 55.2, 35.3)),
    Row("2a", "ResNet-101-FPN as 34", "fpn-34", _figures(35.4, 57.3, 37.5)),
    Row("2b", "softmax", "c4-softmax", _figures(24.8, 44.1, 25.1), ("shapes",)),
    Row("2b", "sigmoid", "c4", _figures(30.3, 51.2, 31.5), ("shapes",)),
    Row("2b-fpn", "softmax", "fpn-softmax", {}, ("shapes",)),
    Row("2b-fpn", "sigmoid", "fpn", {}, ("shapes",)),
    Row("2c", "RoIPool max", "c4-pool", _figures(26.9, 48.8, 26.4)),
    Row("2c", "RoIWarp max", "c4-warp-max", _figures(27.2, 49.2, 27.1)),
    Row("2c", "RoIWarp mean", "c4-warp-mean", _figures(27.1, 48.9, 27.1)),
    Row("2c", "RoIAlign max", "c4-align-max", _figures(30.2, 51.0, 31.8)),
    Row("2c", "RoIAlign mean", "c4", _figures(30.3, 51.2, 31.5)),
    Row("2d", "RoIPool", "c5-pool", _figures(23.6, 46.5, 21.6) | _figures(28.2, 52.7, 26.9, kind="bbox")),
    Row("2d", "RoIAlign", "c5", _figures(30.9, 51.8, 32.1) | _figures(34.0, 55.3, 36.4, kind="bbox")),
    Row("2e", "MLP 2 layers", "fpn-mlp", _figures(31.5, 53.7, 32.8), OUTLINES),
    Row("2e", "MLP 3 layers", "fpn-mlp-3", _figures(31.5, 54.0, 32.6), OUTLINES),
    Row("2e", "FCN", "fpn", _figures(33.6, 55.2, 35.3), OUTLINES),
    Row("6", "RoIPool", "pose-pool", _figures(59.8, 86.2, 66.7, kind="keypoints"), ("figures",)),
    Row("6", "RoIAlign", "pose", _figures(64.2, 86.6, 69.7, kind="keypoints"), ("figures",)),
]
