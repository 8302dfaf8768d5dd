"""Named sets of settings, over the defaults of Config."""

from mrcnn_keras.coco import class_settings, keypoint_settings

# For a computer without a GPU and without weights to start from: a small backbone with trainable batch norm, a slim
# pyramid and slim heads with group norm. With fewer than 4 images per step take BACKBONE_NORM="gn": statistics of
# fewer are too rough.
_SMALL = dict(
    BACKBONE="resnet18",
    BACKBONE_NORM="bn",
    HEAD_NORM="gn",
    IMAGE_RESIZE_MODE="square",
    IMAGE_MIN_DIM=384,
    IMAGE_MAX_DIM=512,
    AUGMENT_SCALE=(0.75, 1.33),
    AUGMENT_BRIGHTNESS=0.2,
    TOP_DOWN_PYRAMID_SIZE=64,
    FPN_CLASSIF_FC_LAYERS_SIZE=512,
    MASK_HEAD_CHANNELS=64,
    KEYPOINT_HEAD_CONVS=4,
    KEYPOINT_HEAD_CHANNELS=64,
    PRE_NMS_LIMIT_TRAINING=500,
    PRE_NMS_LIMIT_INFERENCE=500,
    POST_NMS_ROIS_TRAINING=500,
    POST_NMS_ROIS_INFERENCE=300,
    TRAIN_ROIS_PER_IMAGE=128,
    DETECTION_NMS_THRESHOLD=0.7,
    DETECTION_NMS_SIGMA=0.3,
    DETECTION_MIN_CONFIDENCE=0.01,  # of scores that NMS has lowered
    MINI_MASK_SHAPE=(28, 28),
    BATCH_SIZE=4,
    OPTIMIZER="adamw",
    LEARNING_RATE=1e-3,
    LEARNING_RATE_BATCH=4,
    WEIGHT_DECAY=0.01,
    WARMUP_STEPS=200,
)

# For phones: MobileNetV3 (Howard et al. 2019) with a pyramid of 128 channels, heads half as wide and a tenth of the
# proposals. Batch norm throughout, which takes no operation in the exported file, since it is folded into the
# convolutions before it; but none in the RPN, which all levels share, as their statistics differ. The pixels are
# scaled as for Keras's ImageNet weights of the backbone.
_MOBILE = _SMALL | dict(
    BACKBONE="mobilenet_v3_large",
    BACKBONE_NORM_EPSILON=1e-3,
    HEAD_NORM="bn",
    RPN_NORM="none",
    MEAN_PIXEL=(127.5, 127.5, 127.5),
    STD_PIXEL=(127.5, 127.5, 127.5),
    IMAGE_MIN_DIM=320,
    IMAGE_MAX_DIM=320,
    TOP_DOWN_PYRAMID_SIZE=128,
    FPN_CLASSIF_FC_LAYERS_SIZE=256,
    MASK_HEAD_CONVS=2,
    KEYPOINT_HEAD_CONVS=2,
    PRE_NMS_LIMIT_INFERENCE=200,
    POST_NMS_ROIS_INFERENCE=100,
    DETECTION_MIN_CONFIDENCE=0.05,  # a mask that nobody looks at costs as much time as another
)

# The network without a pyramid of He et al. 2017 (figure 4, left), with the numbers of its section 3.1.
_C4 = dict(
    BACKBONE_FEATURES="c4",
    POOL_SIZE=14,
    BOX_HEAD_FCS=0,
    MASK_HEAD_CONVS=0,
    PRE_NMS_LIMIT_TRAINING=12000,
    PRE_NMS_LIMIT_INFERENCE=6000,
    POST_NMS_ROIS_INFERENCE=300,
    TRAIN_ROIS_PER_IMAGE=64,
)
# As Detectron2 has it: the heads of the pyramid on dilated C5.
_DC5 = dict(BACKBONE_FEATURES="dc5", PRE_NMS_LIMIT_TRAINING=12000, PRE_NMS_LIMIT_INFERENCE=6000)

# The published checkpoints: the settings that they were trained with, as far as their detections depend on them, and
# the thresholds of their projects at test time. docs/checkpoints.md says where each comes from. For fine-tuning: what
# their projects freeze.
_TORCHVISION = class_settings(91, ids_as_classes=True) | dict(
    NUM_CLASSES=91,
    IMAGE_ROUNDING="floor",
    RESIZE_ANTIALIAS=False,
    BACKBONE="resnet50",
    BACKBONE_FREEZE_STAGES=2,
    RPN_ANCHOR_ROUNDED=True,
    RPN_ANCHOR_SPACING="divided",
    RPN_SCORE="sigmoid",
    ROI_ALIGN_ALIGNED=False,
    ROI_LEVEL_TOLERANCE=1e-6,
    MASK_PASTE="expanded",
)
_TORCHVISION_V1 = _TORCHVISION | dict(BACKBONE_NORM_EPSILON=0.0)
_TORCHVISION_V2 = _TORCHVISION | dict(
    HEAD_NORM="frozen_bn", RPN_NORM="none", RPN_CONVS=2, BOX_HEAD_CONVS=4, BOX_HEAD_FCS=1
)
# Persons alone, trained on short sides of 640 to 800 pixels.
_PERSONS = keypoint_settings(2, 17) | dict(NUM_CLASSES=2, MASKS=False, AUGMENT_SCALE=(0.8, 1.0))
_TORCHVISION_KEYPOINT = _TORCHVISION_V1 | _PERSONS | dict(KEYPOINT_SCORE="logit")
_DETECTRON2 = class_settings(81, ids_as_classes=False) | dict(
    NUM_CLASSES=81,
    RESIZE_METHOD="pillow",
    STD_PIXEL=(1.0, 1.0, 1.0),
    BACKBONE="resnet50",
    BACKBONE_STRIDE_IN="1x1",
    BACKBONE_FREEZE_STAGES=2,
    RPN_MIN_SIZE=0.0,
    POST_NMS_ROIS_TRAINING=1000,
    ROI_ALIGN_SAMPLING=0,
    DETECTION_MIN_SIZE=0.0,
    RPN_BBOX_BETA=0.0,
    BBOX_BETA=0.0,
)
_X101 = dict(BACKBONE="resnext101_32x8d", BACKBONE_STRIDE_IN="3x3", STD_PIXEL=(58.395, 57.12, 57.375))
_DETECTRON2_KEYPOINT = _DETECTRON2 | _PERSONS | dict(POST_NMS_ROIS_TRAINING=1500, BBOX_BETA=0.5)
_MATTERPORT = class_settings(81, ids_as_classes=False) | dict(
    NUM_CLASSES=81,
    IMAGE_RESIZE_MODE="square",
    IMAGE_MAX_DIM=1024,
    IMAGE_MIN_SCALE=1.0,
    IMAGE_ROUNDING="even",
    IMAGE_PAD_MULTIPLE=64,
    IMAGE_PAD_PLACE="centre",
    IMAGE_PAD_COLOUR="black",
    RESIZE_ANTIALIAS=False,
    RESIZE_METHOD="skimage",
    MEAN_PIXEL=(123.7, 116.8, 103.9),
    STD_PIXEL=(1.0, 1.0, 1.0),
    BACKBONE="resnet101",
    BACKBONE_STRIDE_IN="1x1",
    BACKBONE_NORM_EPSILON=1e-3,
    BACKBONE_POOL_PAD="end",
    RPN_ANCHOR_RATIOS=(2.0, 1.0, 0.5),
    RPN_CHANNELS=512,
    RPN_BBOX_STD_DEV=(0.1, 0.1, 0.2, 0.2),
    RPN_NMS_PER_LEVEL=False,
    RPN_CLIP="network",
    RPN_MIN_SIZE=0.0,
    PRE_NMS_LIMIT_TRAINING=6000,
    PRE_NMS_LIMIT_INFERENCE=6000,
    BOX_CORNERS="pixel",
    ROI_ALIGN_GRID="corners",
    TRAIN_ROIS_PER_IMAGE=200,
    ROI_POSITIVE_RATIO=0.33,
    DETECTION_MIN_CONFIDENCE=0.7,
    DETECTION_NMS_THRESHOLD=0.3,
    DETECTION_MIN_SIZE=0.0,
    DETECTION_ONE_CLASS=True,
    DETECTION_WHOLE_PIXELS=True,
    RPN_BBOX_BETA=1.0,
    BBOX_BETA=1.0,
    LEARNING_RATE=0.001,
)

PRESETS = {
    "resnet18_fpn": _SMALL,
    "mobilenet_fpn": _MOBILE,
    "resnet50_fpn": dict(BACKBONE="resnet50"),
    "resnet101_fpn": dict(BACKBONE="resnet101"),
    "resnext101_fpn": dict(BACKBONE="resnext101_32x8d"),
    "resnext101_64x4d_fpn": dict(BACKBONE="resnext101_64x4d"),
    "resnet50_c4": _C4 | dict(BACKBONE="resnet50"),
    "resnet101_c4": _C4 | dict(BACKBONE="resnet101"),
    "resnet50_dc5": _DC5 | dict(BACKBONE="resnet50"),
    "resnet101_dc5": _DC5 | dict(BACKBONE="resnet101"),
    "torchvision_v1": _TORCHVISION_V1,
    "torchvision_v2": _TORCHVISION_V2,
    "torchvision_faster_v1": _TORCHVISION_V1 | dict(MASKS=False),
    "torchvision_faster_v2": _TORCHVISION_V2 | dict(MASKS=False),
    "torchvision_keypoint": _TORCHVISION_KEYPOINT,
    "detectron2_r50_fpn": _DETECTRON2,
    "detectron2_r101_fpn": _DETECTRON2 | dict(BACKBONE="resnet101"),
    "detectron2_x101_fpn": _DETECTRON2 | _X101,
    "detectron2_faster_r50_fpn": _DETECTRON2 | dict(MASKS=False),
    "detectron2_faster_r101_fpn": _DETECTRON2 | dict(BACKBONE="resnet101", MASKS=False),
    "detectron2_faster_x101_fpn": _DETECTRON2 | _X101 | dict(MASKS=False),
    "detectron2_keypoint_r50_fpn": _DETECTRON2_KEYPOINT,
    "detectron2_keypoint_r101_fpn": _DETECTRON2_KEYPOINT | dict(BACKBONE="resnet101"),
    "detectron2_keypoint_x101_fpn": _DETECTRON2_KEYPOINT | _X101,
    "matterport": _MATTERPORT,
    "matterport_r50": _MATTERPORT | dict(BACKBONE="resnet50"),
}
