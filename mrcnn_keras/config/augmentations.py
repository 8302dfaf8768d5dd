"""Named sets of augmentation, by the situation that they are for: what the setting AUGMENT stands for."""

# Nothing but the picture itself: to see what augmentation does, or where pictures never repeat.
_NONE = dict(
    AUGMENT_FLIP_LR=0.0,
    AUGMENT_FLIP_UD=0.0,
    AUGMENT_ROT90=False,
    AUGMENT_ROTATE=0.0,
    AUGMENT_SHEAR=0.0,
    AUGMENT_SCALE=(1.0, 1.0),
    AUGMENT_COPY_PASTE=0.0,
    AUGMENT_BRIGHTNESS=0.0,
    AUGMENT_CONTRAST=0.0,
    AUGMENT_HUE=0.0,
    AUGMENT_SATURATION=0.0,
    AUGMENT_BLUR=0.0,
    AUGMENT_NOISE=0.0,
)
# Photographs, in which down is down: mirrors, distances and light.
_PHOTOS = _NONE | dict(
    AUGMENT_FLIP_LR=0.5, AUGMENT_SCALE=(0.75, 1.33), AUGMENT_BRIGHTNESS=0.2, AUGMENT_HUE=0.02, AUGMENT_SATURATION=0.3
)
# Under 100 photographs: all that makes another picture of the same objects, and the objects on other backgrounds.
_FEW = _PHOTOS | dict(
    AUGMENT_ROTATE=10.0,
    AUGMENT_SHEAR=5.0,
    AUGMENT_SCALE=(0.5, 1.5),
    AUGMENT_COPY_PASTE=0.5,
    AUGMENT_BRIGHTNESS=0.3,
    AUGMENT_HUE=0.03,
    AUGMENT_SATURATION=0.4,
    AUGMENT_BLUR=1.0,
    AUGMENT_NOISE=5.0,
)
# Seen from above, no side is up, and the flight height is roughly known: all directions, daylight and haze.
_AERIAL = _PHOTOS | dict(AUGMENT_FLIP_UD=0.5, AUGMENT_ROT90=True, AUGMENT_CONTRAST=0.2, AUGMENT_BLUR=0.5)
# All directions, other stains, exposures, focus and sensors.
_MICROSCOPY = _AERIAL | dict(AUGMENT_CONTRAST=0.3, AUGMENT_HUE=0.05, AUGMENT_BLUR=1.0, AUGMENT_NOISE=5.0)

AUGMENTATIONS = {"none": _NONE, "photos": _PHOTOS, "few": _FEW, "aerial": _AERIAL, "microscopy": _MICROSCOPY}
