"""Changes of a picture together with its instances, as functions of plain arrays; at_random.py draws them.

Each move takes an image [H, W, 3] uint8 and `found`, the Detections in it without scores, and returns new ones.
Keypoints and crowd regions go along.
"""

from mrcnn_keras.data.augment.affine import turning_matrix, warp
from mrcnn_keras.data.augment.at_random import (
    change,
    flip_at_random,
    paste_at_random,
    recolour_at_random,
    turn_at_random,
)
from mrcnn_keras.data.augment.colours import adjust_colours, shift_colours
from mrcnn_keras.data.augment.flips import flip_lr, flip_ud, rot90
from mrcnn_keras.data.augment.hook import apply_hook, check_hook
from mrcnn_keras.data.augment.keypoints import keypoints_inside, mirror_keypoints, move_keypoints
from mrcnn_keras.data.augment.moves import seen_enough, tighten
from mrcnn_keras.data.augment.pasting import paste_objects
from mrcnn_keras.data.augment.sharpness import add_noise, blur_image
from mrcnn_keras.data.augment.windows import choose_window, crop

__all__ = [
    "add_noise",
    "adjust_colours",
    "apply_hook",
    "blur_image",
    "change",
    "check_hook",
    "choose_window",
    "crop",
    "flip_at_random",
    "flip_lr",
    "flip_ud",
    "keypoints_inside",
    "mirror_keypoints",
    "move_keypoints",
    "paste_at_random",
    "paste_objects",
    "recolour_at_random",
    "rot90",
    "seen_enough",
    "shift_colours",
    "tighten",
    "turn_at_random",
    "turning_matrix",
    "warp",
]
