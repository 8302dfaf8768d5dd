"""The settings of a tiny model, which is made, trained for a few steps and saved in seconds."""

# For models whose sizes come from a file: few pixels, and few of everything.
FAST = dict(
    IMAGE_MIN_DIM=64,
    IMAGE_MAX_DIM=64,
    RPN_ANCHOR_SCALES=(8, 16, 32, 64, 128),
    PRE_NMS_LIMIT_TRAINING=50,
    PRE_NMS_LIMIT_INFERENCE=50,
    POST_NMS_ROIS_TRAINING=50,
    POST_NMS_ROIS_INFERENCE=20,
    DETECTION_MAX_INSTANCES=10,
)
TINY = dict(
    **FAST,
    BATCH_SIZE=2,
    BACKBONE_WIDTH=16,
    BACKBONE_NORM="frozen_bn",  # half the time to make the graph
    HEAD_NORM="none",
    TOP_DOWN_PYRAMID_SIZE=32,
    FPN_CLASSIF_FC_LAYERS_SIZE=32,
    MASK_HEAD_CHANNELS=16,
    MASK_HEAD_CONVS=1,
    MASK_POOL_SIZE=7,
    MINI_MASK_SHAPE=(14, 14),
    TRAIN_ROIS_PER_IMAGE=16,
    OPTIMIZER="sgd",
    LEARNING_MOMENTUM=0.0,  # so that files of the model hold no more than its weights
    LEARNING_RATE=0.01,
)
# One feature map instead of a pyramid, where any network will do: a third fewer operations.
ONE_MAP = TINY | dict(BACKBONE_FEATURES="c5", RPN_ANCHOR_SCALES=(16, 32))


def as_options(settings):
    """Settings as options of `mrcnn train`; tuples as lists."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    return [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
