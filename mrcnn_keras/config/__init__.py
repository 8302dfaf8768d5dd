"""Settings: Config, one per line; what each may be; which go together; named sets of them."""

from mrcnn_keras.config.augmentations import AUGMENTATIONS
from mrcnn_keras.config.backbone_checks import GIVEN_BACKBONE
from mrcnn_keras.config.config import Config, parse_setting
from mrcnn_keras.config.presets import PRESETS
from mrcnn_keras.config.recipes import RECIPES

__all__ = ["AUGMENTATIONS", "Config", "GIVEN_BACKBONE", "PRESETS", "RECIPES", "parse_setting"]
