"""Named sets of settings, over the defaults of Config."""

# For a computer without a GPU and without weights to start from: a small backbone with trainable batch norm, slim heads
# with group norm. With less than 4 images a step take BACKBONE_NORM="gn": statistics of fewer are too rough.
_SMALL = dict(
    BACKBONE="resnet18",
    BACKBONE_NORM="bn",
    HEAD_NORM="gn",
    IMAGE_RESIZE_MODE="square",
    IMAGE_MIN_DIM=384,
    IMAGE_MAX_DIM=512,
    AUGMENT_SCALE=(0.75, 1.33),
    AUGMENT_BRIGHTNESS=0.2,
    TOP_DOWN_PYRAMID_SIZE=128,
    FPN_CLASSIF_FC_LAYERS_SIZE=512,
    MASK_HEAD_CHANNELS=64,
    PRE_NMS_LIMIT_TRAINING=500,
    PRE_NMS_LIMIT_INFERENCE=500,
    POST_NMS_ROIS_TRAINING=500,
    POST_NMS_ROIS_INFERENCE=300,
    TRAIN_ROIS_PER_IMAGE=128,
    MINI_MASK_SHAPE=(28, 28),
    BATCH_SIZE=4,
    OPTIMIZER="adamw",
    LEARNING_RATE=1e-3,
    WEIGHT_DECAY=0.01,
    WARMUP_STEPS=200,
)

PRESETS = {
    "resnet18_fpn": _SMALL,
    "resnet50_fpn": dict(BACKBONE="resnet50"),
    "resnet101_fpn": dict(BACKBONE="resnet101"),
}
