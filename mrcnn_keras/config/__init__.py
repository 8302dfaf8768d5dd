"""Settings: Config, one per line; what each may be; which go together; presets, which are named sets of them."""

from mrcnn_keras.config.backbone_checks import GIVEN_BACKBONE
from mrcnn_keras.config.config import Config, parse_setting
from mrcnn_keras.config.presets import PRESETS

__all__ = ["Config", "GIVEN_BACKBONE", "PRESETS", "parse_setting"]
