"""Settings for pictures of 64 x 64 pixels in small batches, without augmentation."""

from mrcnn_keras.config import Config

SMALL = {
    "NUM_CLASSES": 3,
    "BATCH_SIZE": 2,
    "IMAGE_RESIZE_MODE": "square",
    "IMAGE_MIN_DIM": 64,
    "IMAGE_MAX_DIM": 64,
    "MINI_MASK_SHAPE": (4, 4),
    "MAX_GT_INSTANCES": 10,
    "AUGMENT_FLIP_LR": 0.0,
}
TURNED = {"AUGMENT_FLIP_LR": 0.5, "AUGMENT_FLIP_UD": 0.5, "AUGMENT_ROT90": True}


def small_config(**changed):
    return Config(**{**SMALL, **changed})
